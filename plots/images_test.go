package plots

import (
	"strings"
	"testing"

	"github.com/groupnb/groupnb/nn"
)

// ramps is a dataset whose image i is a ramp of class i%3.
type ramps struct{ n, channels int }

func (d ramps) Len() int { return d.n }
func (d ramps) Read(b *nn.Batch, indices []int) {
	b.Resize(len(indices), d.channels, 4, 4)
	for i := range b.X.Data {
		b.X.Data[i] = float32(i % 16)
	}
	for i, at := range indices {
		b.Y[i] = at % 3
	}
}

func TestImages(t *testing.T) {
	for _, c := range []struct {
		name string
		d    ramps
		text string
		rows int
	}{
		{"classes are named", ramps{3, 1}, "3 images: shirt, boot, 2", 1},
		{"a second row", ramps{9, 1}, "9 images: ", 2},
		{"colour", ramps{2, 3}, "2 images: ", 1},
		{"at most 64", ramps{100, 1}, "64 images: ", 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Images(c.d, "shirt", "boot")
			if !strings.HasPrefix(f.String(), c.text) {
				t.Errorf("text %q, want %q", f, c.text)
			}
			if h := f.height / (tile + caption); int(h+0.5) != c.rows {
				t.Errorf("%v rows, want %d", h, c.rows)
			}
			decode(t, f.Display())
		})
	}
}
