package kernels_test

import (
	"fmt"
	"testing"

	"github.com/groupnb/groupnb/kernels/bench"
)

// The shapes that are measured are larger than those of the tests against reference loops, and go by kernels that small ones leave out.
// Instruction sets share few of these, so that their results check each other.
func TestMeasuredShapesAgree(t *testing.T) {
	shapes, err := bench.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range shapes {
		for _, n := range []int{1, 8} {
			if n == 1 || !testing.Short() {
				t.Run(fmt.Sprintf("%s/n=%d", h.Name, n), h.Conv(n).LevelsAgree)
			}
		}
	}
}
