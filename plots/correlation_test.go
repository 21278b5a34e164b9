package plots

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/groupnb/groupnb/nn"
	"github.com/groupnb/groupnb/repl/display"
)

// related returns activations of 4 channels in two images, where the second layer's channel i is the first's.
func related() *nn.Correlation {
	a := nn.NewTensor(2, 4, 3, 3)
	state := uint32(1)
	for i := range a.Data {
		state = state*1664525 + 1013904223 // a linear congruential generator is random enough here
		a.Data[i] = float32(state>>8) / (1 << 24)
	}
	c := nn.CorrelationOf(a, a.Clone())
	c.From, c.To = "block1.conv1", "block1.conv2"
	return c
}

func TestCorrelation(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []Option
		want []string
	}{
		{"titled by the layers", nil, []string{"block1.conv1 → block1.conv2", "|correlation|: blank 0, full 1"}},
		{"whitened", []Option{Whitened()}, []string{"|whitened cross-covariance|"}},
		{"the score of its groups", []Option{Whitened(), GroupLines(4)}, []string{"4 groups: inside / outside = "}},
		{"a fixed scale", []Option{Scale(0.5)}, []string{"full 0.5"}},
		{"its own title", []Option{Title("after training")}, []string{"after training\n"}},
		{"the diagonal is full", nil, []string{"\n██"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Correlation(related(), c.opts...).Display()
			for _, w := range c.want {
				if !strings.Contains(b.Text(), w) {
					t.Errorf("no %q in\n%s", w, b.Text())
				}
			}
			decode(t, b)
		})
	}
}

func TestUnequalGroupsAreRefused(t *testing.T) {
	defer func() {
		if r := recover(); r == nil {
			t.Error("3 groups of 4 channels were drawn")
		}
	}()
	Correlation(related(), GroupLines(3))
}

func TestTheScaleEndsAboveTheLargestValue(t *testing.T) {
	for _, c := range []struct{ value, want float64 }{{0, 0.1}, {0.05, 0.1}, {0.3, 0.3}, {0.31, 0.4}, {-0.92, 1}, {math.Inf(1), 0.1}, {math.NaN(), 0.1}} {
		if got := ceiling(mat.NewDense(1, 2, []float64{0, c.value})); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("the scale of %v ends at %v, want %v", c.value, got, c.want)
		}
	}
}

// TestCellsHaveTheirColours reads pixels back: the first cell is the brightest, its neighbour the darkest.
func TestCellsHaveTheirColours(t *testing.T) {
	f := matrix(mat.NewDense(2, 2, []float64{1, 0, 0, 1}), "v", "a", "b", correlationConfig{})
	m := decode(t, f.Display())
	seen := map[bool]int{}
	size := m.Bounds().Size()
	for y := range size.Y {
		for x := range size.X * 3 / 4 {
			r, g, b, _ := m.At(x, y).RGBA()
			switch [3]uint32{r >> 8, g >> 8, b >> 8} {
			case [3]uint32{0xfb, 0xe7, 0x2a}:
				seen[true]++
			case [3]uint32{0x2d, 0x12, 0x52}:
				seen[false]++
			}
		}
	}
	if seen[true] < 1000 || math.Abs(float64(seen[true]-seen[false])) > 0.1*float64(seen[true]) {
		t.Errorf("%d brightest and %d darkest pixels, want equally many", seen[true], seen[false])
	}
}

var _ display.Displayer = (*Figure)(nil)
var _ display.Displayer = (*Live)(nil)
