package plots

import (
	"strings"
	"testing"

	"github.com/groupnb/groupnb/nn"
)

func TestConfusion(t *testing.T) {
	e := nn.Evaluation{Confusion: [][]int{{8, 2, 0}, {1, 9, 0}, {0, 0, 0}}}
	f := Confusion(e, "shirt", "ankle boot")
	want := strings.Join([]string{
		"is          taken for",
		"           shirt ankle     2",
		"shirt          8     2     0",
		"ankle boot     1     9     0",
		"2              0     0     0",
	}, "\n")
	if f.String() != want {
		t.Errorf("got\n%s\nwant\n%s", f, want)
	}
	decode(t, f.Display())
}

func TestConfusionOfNothing(t *testing.T) { decode(t, Confusion(nn.Evaluation{}).Display()) }
