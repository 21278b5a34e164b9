package nn

// mbConv is the block of MobileNetV3 and EfficientNet: a 1x1 convolution to hidden channels, a depthwise convolution,
// squeeze-excite and a 1x1 convolution without activation, around which the input is added where shapes agree.
type mbConv struct {
	in, hidden, out, k, stride int
	squeeze                    int // channels that squeeze-excite keeps, 0 for none
	act                        func() Layer
	gateAct, gate              func() Layer
	norm                       []Option
	drop                       float64 // probability that an example leaves the block out
}

func (b mbConv) layer() Layer {
	var layers []Layer
	if b.hidden != b.in {
		layers = append(layers, convNormWith(b.norm, b.in, b.hidden, 1, b.act()))
	}
	layers = append(layers, convNormWith(b.norm, b.hidden, b.hidden, b.k, b.act(), Stride(b.stride), Groups(b.hidden)))
	if b.squeeze > 0 {
		layers = append(layers, convSqueezeExcite(b.hidden, b.squeeze, b.gateAct(), b.gate()))
	}
	layers = append(layers, convNormWith(b.norm, b.hidden, b.out, 1, nil))
	return &skip{name: "block", body: Stack(layers...), add: b.in == b.out && b.stride == 1, drop: b.drop}
}

// skip is a body under a name whose output is added to its input, unless their shapes differ.
type skip struct {
	name string
	body Layer
	add  bool
	drop float64
}

func (*skip) stem() string { return "block" }

// Graph implements Layer.
func (s *skip) Graph(g *Graph, x Value) Value {
	y := g.Layer(s.name, s.body, x)
	if !s.add {
		return y
	}
	if s.drop > 0 {
		y = g.Layer("stochastic_depth", StochasticDepth(s.drop), y)
	}
	return g.Sum("add", y, x)
}

// MobileNetV3Small is the network of Howard et al. 2019 for 224x224 images with torchvision's names. Options: Classes,
// InputChannels.
func MobileNetV3Small(opts ...Option) *Model {
	o := configure("MobileNetV3Small", layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	norm := []Option{Eps(0.001), StatMomentum(0.01)}
	features := []Layer{convNormWith(norm, o.channels, 16, 3, HardSwish(), Stride(2))}
	in := 16
	for _, s := range []struct {
		k, hidden, out int
		se             bool
		act            func() Layer
		stride         int
	}{
		{3, 16, 16, true, ReLU, 2}, {3, 72, 24, false, ReLU, 2}, {3, 88, 24, false, ReLU, 1},
		{5, 96, 40, true, HardSwish, 2}, {5, 240, 40, true, HardSwish, 1}, {5, 240, 40, true, HardSwish, 1},
		{5, 120, 48, true, HardSwish, 1}, {5, 144, 48, true, HardSwish, 1},
		{5, 288, 96, true, HardSwish, 2}, {5, 576, 96, true, HardSwish, 1}, {5, 576, 96, true, HardSwish, 1},
	} {
		b := mbConv{in: in, hidden: s.hidden, out: s.out, k: s.k, stride: s.stride, act: s.act, gateAct: ReLU, gate: HardSigmoid, norm: norm}
		if s.se {
			b.squeeze = divisible(s.hidden/4, 8)
		}
		features, in = append(features, b.layer()), s.out
	}
	features = append(features, convNormWith(norm, in, 6*in, 1, HardSwish()))
	return Sequential(
		Named("features", Stack(features...)), Named("avgpool", GlobalAvgPool2D()),
		Named("classifier", Stack(Linear(6*in, 1024), HardSwish(), Dropout(0.2), Linear(1024, o.classes))))
}

// EfficientNetB0 is the network of Tan and Le 2019 for 224x224 images with torchvision's names. In training, blocks are left
// out at random ([StochasticDepth]). Options: Classes, InputChannels.
func EfficientNetB0(opts ...Option) *Model {
	o := configure("EfficientNetB0", layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	features := []Layer{convNorm(o.channels, 32, 3, SiLU(), Stride(2))}
	in, at := 32, 0
	const blocks = 16
	for _, s := range []struct{ expand, k, stride, out, layers int }{
		{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2}, {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3}, {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1},
	} {
		var stage []Layer
		for k := range s.layers {
			b := mbConv{in: in, hidden: in * s.expand, out: s.out, k: s.k, stride: 1, squeeze: max(1, in/4),
				act: SiLU, gateAct: SiLU, gate: Sigmoid, drop: 0.2 * float64(at) / blocks}
			if k == 0 {
				b.stride = s.stride
			}
			stage, in = append(stage, b.layer()), s.out
			at++
		}
		features = append(features, Stack(stage...))
	}
	features = append(features, convNorm(in, 1280, 1, SiLU()))
	return Sequential(
		Named("features", Stack(features...)), Named("avgpool", GlobalAvgPool2D()),
		Named("classifier", Stack(Dropout(0.2), Linear(1280, o.classes))))
}
