package nn

import (
	"slices"
	"strings"
	"testing"
)

// freezable is a network with everything that freezing treats by itself: a stem, residual sums, a convolution that two
// layers read, one without a normalisation, and a normalisation without a convolution.
func freezable() *Model {
	m := Sequential(
		Conv2D(3, 16, 3, Padding(1)), BatchNorm2D(16), ReLU(),
		ResNeXtBlock(16, 32, Cardinality(4), BaseWidth(4)),
		ResNeXtBlock(32, 32, Cardinality(2), BaseWidth(16), PreActivation()),
		Conv2D(32, 8, 1), Residual(BatchNorm2D(8)), Conv2D(8, 20, 3, Stride(2)), ReLU(), BatchNorm2D(20),
		ConvTranspose2D(20, 6, 2), GlobalAvgPool2D(), Linear(6, 3))
	x := randomTensor(1, 4, 3, 12, 12)
	for range 3 { // running statistics
		m.Forward(x, true)
	}
	return m
}

func TestFrozenComputesWhatTheModelDoes(t *testing.T) {
	for _, layouts := range []func(func()){blockedOnly, func(f func()) { f() }} {
		layouts(func() {
			m := freezable()
			f := m.Freeze()
			for _, shape := range [][]int{{1, 3, 12, 12}, {3, 3, 12, 12}, {2, 3, 9, 16}, {2, 3, 16, 9}} {
				x := randomTensor(2, shape...)
				want := float64sOf(m.Forward(x, false))
				for range 2 {
					near(t, "output", f.Forward(x).Data, want, tolerance(want))
				}
			}
		})
	}
}

func TestFrozenKeepsTheWeightsOrRefuses(t *testing.T) {
	m := freezable()
	f := m.Freeze()
	x := randomTensor(2, 1, 3, 12, 12)
	before := f.Forward(x)
	for _, p := range m.Params() {
		if strings.Contains(p.Name, "conv") && !strings.Contains(p.Name, "deconv") || strings.HasPrefix(p.Name, "fc") {
			p.Value.Data[0] += 1
		}
	}
	if got := f.Forward(x); !slices.Equal(got.Data, before.Data) {
		t.Error("a change of copied weights shows")
	}
	name := m.Buffers()[len(m.Buffers())-1]
	name.Value.Data[0]++
	defer func() {
		if e, ok := recover().(ConfigError); !ok || !strings.Contains(e.Error(), name.Name) {
			t.Errorf("a change of %s was met with %v", name.Name, e)
		}
	}()
	f.Forward(x)
}
