package kernels

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// The shapes that are measured are larger than those of the tests against reference loops, and go by kernels that small ones leave out.
// Instruction sets share few of these, so that their results check each other.
func TestMeasuredShapesAgree(t *testing.T) {
	was := active
	defer func() { active = was }()
	if machineLevel() < avx512 {
		t.Skip("needs AVX-512 and AVX2")
	}
	file, err := os.Open("bench/shapes.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			var name string
			var c [9]int
			if _, err := fmt.Sscan(line, &name, &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7], &c[8]); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			for _, n := range []int{1, 8} {
				if n == 1 || !testing.Short() {
					conv := conv2d(n, c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8])
					t.Run(fmt.Sprintf("%s/n=%d", name, n), conv.levelsAgree)
				}
			}
		}
	}
}

// levelsAgree compares the three directions between blocked tensors.
func (c Conv) levelsAgree(t *testing.T) {
	c = c.norm()
	r := newRand(c)
	blocked := func(channels, size int) []float32 {
		x := make([]float32, BlockedLen(c.N, channels, size))
		ToBlocked(x, uniform(r, c.N*channels*size), c.N, channels, size)
		return x
	}
	x, dy, w := blocked(c.InC, volume(c.In)), blocked(c.OutC, volume(c.Out())), uniform(r, c.WeightLen())
	var results [2][3][]float32
	for i, l := range []level{avx2, avx512} {
		active = l
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		c.ForwardBlocked(y, x, w, nil)
		c.BackwardDataBlocked(dx, dy, w)
		c.BackwardWeightsBlocked(dw, nil, x, dy)
		results[i] = [3][]float32{y, dx, dw}
	}
	for i, name := range []string{"y", "dx", "dw"} {
		var largest, difference float64
		for j, v := range results[0][i] {
			largest = max(largest, math.Abs(float64(v)))
			difference = max(difference, math.Abs(float64(v)-float64(results[1][i][j])))
		}
		if !(difference <= 2e-5*largest) {
			t.Errorf("%s: instruction sets differ by %g, the largest value is %g", name, difference, largest)
		}
	}
}
