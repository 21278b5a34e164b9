package nn

import (
	"math"
	"testing"
)

// checkGradients compares a layer's gradients with finite differences of sum(dy·y), in its input and parameters.
// Single precision leaves about three digits, so steps are large. Where the function has a corner, the differences to both
// sides disagree and say nothing; there must be few such places.
func checkGradients(t *testing.T, l Layer, x *Tensor) {
	t.Helper()
	m := Sequential(l)
	m.Init(3)
	forward := func() *Tensor {
		m.reseed(1, 1) // the same dropout each time
		return m.Forward(x, true)
	}
	dy := randomTensor(9, forward().Shape...)
	forward()
	dx := m.Backward(dy)
	value := func() float64 {
		var s float64
		for i, v := range forward().Data {
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
	at, checked, corners := value(), 0, 0
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
			if math.Abs(up-2*at+down)/h > 0.02*scale+4e-3 {
				corners++
				continue
			}
			checked++
			if d := math.Abs(float64(s.grad[i]) - want); d > 0.01*scale+2e-3 {
				t.Errorf("%s[%d]: gradient %g, finite difference %g", s.name, i, s.grad[i], want)
			}
		}
	}
	if 2*corners > checked {
		t.Errorf("%d corners and only %d places that could be checked", corners, checked)
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

// gradientCase is a layer with an input to check it on.
type gradientCase struct {
	name  string
	layer Layer
	x     *Tensor
}

func TestGradients(t *testing.T) {
	for _, c := range gradientCases() {
		t.Run(c.name, func(t *testing.T) { checkGradients(t, c.layer, c.x) })
	}
}

// A layer that is added to the package must be added here, too.
func TestEveryLayerHasAGradientCheck(t *testing.T) {
	everyLayerIsIn(t, "gradient_test.go", []string{"gradientCases", "cube"})
}

func gradientCases() []gradientCase {
	image := func(c int) *Tensor { return away(randomTensor(2, 2, c, 6, 5)) }
	return []gradientCase{
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
		{"ConvTranspose2D", ConvTranspose2D(4, 6, 3, Groups(2), Stride(2), Padding(1), OutputPadding(1)), image(4)},
		{"ConvTranspose1D", ConvTranspose1D(4, 2, 3, Groups(2), Stride(2)), randomTensor(1, 2, 4, 5)},
		{"ConvTranspose3D", ConvTranspose3D(2, 2, 2, Stride(2)), randomTensor(1, 2, 2, 3, 2, 2)},
		{"DepthwiseConv2D", DepthwiseConv2D(3, 2, 3, Padding(1)), image(3)},
		{"SeparableConv2D", SeparableConv2D(3, 5, 3, Padding(1)), image(3)},
		{"GroupNorm", GroupNorm(2, 4), image(4)},
		{"LayerNorm", LayerNorm(5), randomTensor(1, 3, 5)},
		{"InstanceNorm not affine", InstanceNorm(3, NoAffine()), image(3)},
		{"LeakyReLU", LeakyReLU(0.2), image(2)},
		{"ReLU6", ReLU6(), image(2)},
		{"ELU", ELU(1.5), image(2)},
		{"GELU", GELU(), image(2)},
		{"GELUTanh", GELUTanh(), image(2)},
		{"SiLU", SiLU(), image(2)},
		{"HardSwish", HardSwish(), image(2)},
		{"HardSigmoid", HardSigmoid(), image(2)},
		{"Reshape", Sequential(Tanh(), Reshape(5, -1)), image(2)},
		{"ChannelAffine", newChannelAffine(3), image(3)},
		{"Swap", &swap{}, randomTensor(1, 2, 3, 4, 2)},
		{"Sigmoid", Sigmoid(), image(2)},
		{"Tanh", Tanh(), image(2)},
		{"Softmax", Softmax(), image(4)},
		{"LogSoftmax", LogSoftmax(), image(4)},
		{"AvgPool1D", AvgPool1D(2), randomTensor(1, 2, 3, 6)},
		{"AvgPool3D", AvgPool3D(2), randomTensor(1, 2, 3, 4, 2, 2)},
		{"MaxPool1D", MaxPool1D(2), randomTensor(1, 2, 3, 6)},
		{"ChannelShuffle", ChannelShuffle(2), image(6)},
		{"Upsample", Upsample(3), image(2)},
		{"SqueezeExcite", SqueezeExcite(4, 2), image(4)},
		{"Residual", Residual(Conv2D(3, 3, 3, Padding(1)), Tanh()), image(3)},
		{"ResidualVia", ResidualVia(Conv2D(3, 4, 1), Conv2D(3, 4, 3, Padding(1))), image(3)},
		{"Branches", Branches(Conv2D(3, 2, 1), Conv2D(3, 3, 3, Padding(1)), Sigmoid()), image(3)},
		{"SumOf", SumOf(Conv2D(3, 2, 1), Conv2D(3, 2, 3, Padding(1))), image(3)},
		{"Func", cube(), image(2)},
		{"Custom", Custom("gain", &gain{NewParam("factor", Normal(1), 3)}), image(3)},
		{"one value used three times", fork{}, image(3)},

		{"Conv2DKernel", Conv2DKernel(2, 4, 1, 3, Padding(0, 1)), image(2)},
		{"Conv3DKernel", Conv3DKernel(2, 4, 1, 2, 3, Groups(2)), randomTensor(1, 2, 2, 2, 4, 4)},
		{"BatchNorm3D", BatchNorm3D(2), randomTensor(1, 2, 2, 3, 4, 3)},
		{"ChannelNorm", ChannelNorm(4), image(4)},
		{"ChannelNorm of vectors, not affine", ChannelNorm(5, NoAffine()), randomTensor(1, 3, 5)},
		{"MaxPool3D", MaxPool3D(2), randomTensor(1, 2, 2, 4, 4, 2)},
		{"GlobalAvgPool1D", GlobalAvgPool1D(), randomTensor(1, 2, 3, 7)},
		{"GlobalAvgPool3D", GlobalAvgPool3D(), randomTensor(1, 2, 3, 2, 3, 2)},
		{"GlobalMaxPool1D", GlobalMaxPool1D(), randomTensor(1, 2, 3, 7)},
		{"GlobalMaxPool2D", GlobalMaxPool2D(), image(3)},
		{"GlobalMaxPool3D", GlobalMaxPool3D(), randomTensor(1, 2, 3, 2, 3, 2)},
		{"Dropout", Dropout(0.3), image(2)},
		{"Dropout2D", Dropout2D(0.3), image(6)},
		{"StochasticDepth", StochasticDepth(0.5), randomTensor(1, 8, 2, 3)},
		{"a slice of the channels", halves{}, image(4)},
		{"ChannelScale", newChannelScale(3, 0.7), image(3)},
		{"Named and Stack", Named("n", Stack(Conv2D(2, 3, 1), Tanh())), image(2)},
		{"ResidualReLU", ResidualReLU(Conv2D(3, 3, 3, Padding(1))), image(3)},

		{"ResNeXtBlock", ResNeXtBlock(4, 8, Cardinality(2), BaseWidth(2), Down()), image(4)},
		{"ResNeXtBlock with SE", ResNeXtBlock(4, 4, Cardinality(2), BaseWidth(2), SE(2)), image(4)},
		{"ResNeXtBlock split and summed", ResNeXtBlock(4, 4, Cardinality(2), BaseWidth(2), InForm(SplitSum)), image(4)},
		{"ResNeXtBlock split and joined", ResNeXtBlock(4, 4, Cardinality(2), BaseWidth(2), InForm(SplitConcat)), image(4)},
		{"ResNeXtBlock pre-activated", ResNeXtBlock(4, 8, Cardinality(2), BaseWidth(2), PreActivation()), image(4)},
		{"Bottleneck", Bottleneck(4, 8), image(4)},
		{"BasicBlock", BasicBlock(3, 4, Down()), image(3)},
		{"InvertedResidual", InvertedResidual(3, 3, 2, 1), image(3)},
		{"ShuffleUnit", ShuffleUnit(4, 4, 2), image(4)},
		{"ShuffleDown", ShuffleDown(4, 8, 4, 2), image(4)},
		{"ShuffleSplitUnit", ShuffleSplitUnit(4, 4, 1), image(4)},
		{"ShuffleSplitUnit with stride", ShuffleSplitUnit(4, 6, 2), image(4)},
		{"ConvNeXtBlock", ConvNeXtBlock(3, 0), image(3)},
		{"EfficientNet's block", mbConv{in: 3, hidden: 6, out: 3, k: 3, stride: 1, squeeze: 2, act: SiLU, gateAct: SiLU, gate: Sigmoid}.layer(), image(3)},
		{"RegNet's block", RegNetSpec{SE: 0.5}.block(4, regStage{width: 8, group: 4}, 2), image(4)},
	}
}

// halves exchanges two halves of the channels.
type halves struct{}

func (halves) Graph(g *Graph, x Value) Value {
	return g.Concat("join", g.Slice("right", x, 2, 4), g.Slice("left", x, 0, 2))
}

// fork uses its input in every way that graphs allow.
type fork struct{}

func (fork) Graph(g *Graph, x Value) Value {
	a := g.Layer("conv", Conv2D(3, 3, 1), x)
	s := g.Layer("gap", GlobalAvgPool2D(), x)
	b := g.Scale("scale", x, s)
	c := g.Sum("sum", a, g.Mul("mul", x, a), a)
	return g.Concat("concat", b, c, x)
}

// cube is a layer as a user would write it in a cell.
func cube() Layer {
	return Func("cube", func(x *Tensor) *Tensor {
		y := x.Clone()
		for i, v := range x.Data {
			y.Data[i] = v * v * v
		}
		return y
	}, func(x, _, dy *Tensor) *Tensor {
		dx := dy.Clone()
		for i, v := range x.Data {
			dx.Data[i] *= 3 * v * v
		}
		return dx
	})
}

// gain multiplies each channel by a number that it learns.
type gain struct{ factor *Param }

func (g *gain) Params() []*Param { return []*Param{g.factor} }

func (g *gain) Forward(x *Tensor, _ bool) *Tensor {
	y := x.Clone()
	plane := x.Dim(2) * x.Dim(3)
	for i := range y.Data {
		y.Data[i] *= g.factor.Value.Data[i/plane%x.Dim(1)]
	}
	return y
}

func (g *gain) Backward(x, _, dy *Tensor) *Tensor {
	dx := dy.Clone()
	plane := x.Dim(2) * x.Dim(3)
	clear(g.factor.Grad.Data)
	for i, d := range dy.Data {
		c := i / plane % x.Dim(1)
		g.factor.Grad.Data[c] += d * x.Data[i]
		dx.Data[i] = d * g.factor.Value.Data[c]
	}
	return dx
}
