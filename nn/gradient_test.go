package nn

import (
	"math"
	"testing"
)

// checkGradients compares a layer's gradients with finite differences of sum(dy·y), in its input and parameters.
// Single precision leaves about three digits, so steps are large. Blocks with a ReLU inside have corners everywhere and
// are checked against PyTorch instead.
func checkGradients(t *testing.T, l Layer, x *Tensor) {
	t.Helper()
	m := Sequential(l)
	m.Init(3)
	dy := randomTensor(9, m.Forward(x, true).Shape...)
	m.Forward(x, true)
	dx := m.Backward(dy)
	value := func() float64 {
		var s float64
		for i, v := range m.Forward(x, true).Data {
			s += float64(v) * float64(dy.Data[i])
		}
		return s
	}
	type slot struct {
		name        string
		value, grad []float32
	}
	slots := []slot{{"x", x.Data, append([]float32{}, dx.Data...)}}
	for _, p := range m.Params() {
		slots = append(slots, slot{p.Name, p.Value.Data, append([]float32{}, p.Grad.Data...)})
	}
	for _, s := range slots {
		scale := 0.0
		for _, g := range s.grad {
			scale = max(scale, math.Abs(float64(g)))
		}
		for i := 0; i < len(s.value); i += max(1, len(s.value)/25) {
			const h = 4e-3
			old := s.value[i]
			s.value[i] = old + h
			up := value()
			s.value[i] = old - h
			down := value()
			s.value[i] = old
			want := (up - down) / (2 * h)
			if d := math.Abs(float64(s.grad[i]) - want); d > 0.01*scale+2e-3 {
				t.Errorf("%s[%d]: gradient %g, finite difference %g", s.name, i, s.grad[i], want)
			}
		}
	}
}

// away moves numbers that are close to 0, where ReLU has a corner.
func away(x *Tensor) *Tensor {
	for i, v := range x.Data {
		if math.Abs(float64(v)) < 0.05 {
			x.Data[i] = float32(math.Copysign(0.05+math.Abs(float64(v)), float64(v)))
		}
	}
	return x
}

func TestGradients(t *testing.T) {
	image := func(c int) *Tensor { return away(randomTensor(2, 2, c, 6, 5)) }
	for _, c := range []struct {
		name  string
		layer Layer
		x     *Tensor
	}{
		{"Conv1D", Conv1D(4, 6, 3, Groups(2), Causal()), randomTensor(1, 2, 4, 9)},
		{"Conv2D", Conv2D(3, 5, 3, Padding(1)), image(3)},
		{"Conv2D grouped, strided, dilated", Conv2D(4, 6, 3, Groups(2), Stride(2), Dilation(2), Padding(2)), image(4)},
		{"Conv2D depthwise same", Conv2D(4, 8, 3, Groups(4), Same(), Stride(2)), image(4)},
		{"Conv3D", Conv3D(2, 4, 2, Groups(2)), randomTensor(1, 2, 2, 3, 4, 3)},
		{"BatchNorm1D", BatchNorm1D(4), randomTensor(1, 6, 4)},
		{"BatchNorm2D", BatchNorm2D(4), image(4)},
		{"BatchNorm2D not affine", BatchNorm2D(4, NoAffine()), image(4)},
		{"ReLU", ReLU(), image(2)},
		{"MaxPool2D", MaxPool2D(2), image(2)},
		{"MaxPool2D overlapping", MaxPool2D(3, Stride(2), Padding(1)), image(2)},
		{"AvgPool2D", AvgPool2D(3, Stride(2), Padding(1)), image(2)},
		{"GlobalAvgPool2D", GlobalAvgPool2D(), image(3)},
		{"Flatten and Linear", Sequential(Flatten(), Linear(60, 7)), image(2)},
		{"one value used three times", fork{}, image(3)},
	} {
		t.Run(c.name, func(t *testing.T) { checkGradients(t, c.layer, c.x) })
	}
}

// fork uses its input in every way that graphs allow.
type fork struct{}

func (fork) Graph(g *Graph, x Value) Value {
	a := g.Layer("conv", Conv2D(3, 3, 1), x)
	s := g.Layer("gap", GlobalAvgPool2D(), x)
	b := g.Scale("scale", x, s)
	c := g.Sum("sum", a, x, a)
	return g.Concat("concat", b, c, x)
}
