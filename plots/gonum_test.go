package plots

import (
	"bytes"
	"image/png"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"

	"github.com/groupnb/groupnb/repl/display"
)

func TestValuesOfGonumAreShown(t *testing.T) {
	p := plot.New()
	p.Title.Text = "x"
	b := display.Of(p)
	if b.Text() != `plot "x"` {
		t.Errorf("text %q", b.Text())
	}
	if m, err := png.Decode(bytes.NewReader(b.Data[display.PNG])); err != nil || m.Bounds().Dx() != 960 {
		t.Errorf("picture: %v", err)
	}
	for _, m := range []mat.Matrix{mat.NewDense(1, 2, []float64{1, -2.5}), mat.NewDense(2, 1, []float64{1, -2.5}).T()} {
		if got := display.Of(m).Text(); got != "1x2\n  1  -2.5" {
			t.Errorf("%T: %q", m, got)
		}
	}
}
