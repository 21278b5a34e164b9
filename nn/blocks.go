package nn

// BasicBlock is the block of ResNet-18 and 34: two 3x3 convolutions with batch normalisation and a shortcut, mapping
// (N, in, H, W) to (N, out, H/stride, W/stride). Options: Stride, Down, Init, Eps, StatMomentum.
func BasicBlock(in, out int, opts ...Option) Layer {
	const op = "BasicBlock"
	o := configure(op, layerConfig{init: KaimingFanOut(), eps: 1e-5, momentum: 0.1}, opts, "Stride", "Down", "Init", "Eps", "StatMomentum")
	stride := perDim(op, "stride", o.stride, 2, 1)
	norm := func() Layer { return BatchNorm2D(out, Eps(o.eps), StatMomentum(o.momentum)) }
	b := &basicBlock{layers: []Layer{
		Named("conv1", Conv2D(in, out, 3, Padding(1), Stride(stride[1:]...), NoBias(), Init(o.init))), Named("bn1", norm()), Named("relu1", ReLU()),
		Named("conv2", Conv2D(out, out, 3, Padding(1), NoBias(), Init(o.init))), Named("bn2", norm()),
	}}
	if in != out || stride != [3]int{1, 1, 1} {
		b.shortcut = Stack(Conv2D(in, out, 1, Stride(stride[1:]...), NoBias(), Init(o.init)), norm())
	}
	return b
}

type basicBlock struct {
	layers   []Layer
	shortcut Layer
}

func (*basicBlock) stem() string { return "block" }

// Graph implements Layer.
func (b *basicBlock) Graph(g *Graph, x Value) Value {
	y := chain(g, b.layers, x)
	if b.shortcut != nil {
		x = g.Layer("downsample", b.shortcut, x)
	}
	return g.Layer("relu2", ReLU(), g.Sum("add", y, x))
}

// chain adds named layers one behind another.
func chain(g *Graph, layers []Layer, x Value) Value {
	for _, l := range layers {
		x = g.Layer(l.(namedLayer).name, l, x)
	}
	return x
}

// InvertedResidual is MobileNetV2's block: a 1x1 convolution to expand·in channels (none if expand is 1), a depthwise
// 3x3 convolution, a 1x1 convolution to out channels without activation, and the identity added where shapes agree
// (Sandler et al. 2018). Names as in torchvision.
func InvertedResidual(in, out, expand, stride int) Layer {
	hidden := in * expand
	var layers []Layer
	if expand != 1 {
		layers = append(layers, convNorm(in, hidden, 1, ReLU6()))
	}
	layers = append(layers,
		convNorm(hidden, hidden, 3, ReLU6(), Stride(stride), Groups(hidden)),
		Conv2D(hidden, out, 1, NoBias(), Init(KaimingFanOut())), BatchNorm2D(out))
	return &invertedResidual{Named("conv", Stack(layers...)), in == out && stride == 1}
}

// convNorm is a convolution that keeps the size (before its stride), a batch normalisation and an activation, which may be
// nil: torchvision's Conv2dNormActivation.
func convNorm(in, out, k int, act Layer, opts ...Option) Layer {
	return convNormWith(nil, in, out, k, act, opts...)
}

// convNormWith is convNorm with options for the normalisation.
func convNormWith(norm []Option, in, out, k int, act Layer, opts ...Option) Layer {
	opts = append(opts, Padding((k-1)/2), NoBias(), Init(KaimingFanOut()))
	layers := []Layer{Conv2D(in, out, k, opts...), BatchNorm2D(out, norm...)}
	if act != nil {
		layers = append(layers, act)
	}
	return Stack(layers...)
}

type invertedResidual struct {
	conv Layer
	add  bool
}

func (*invertedResidual) stem() string { return "block" }

// Graph implements Layer.
func (b *invertedResidual) Graph(g *Graph, x Value) Value {
	y := chain(g, []Layer{b.conv}, x)
	if b.add {
		return g.Sum("add", y, x)
	}
	return y
}

// ResidualReLU is [Residual] with a ReLU behind the sum.
func ResidualReLU(layers ...Layer) Layer {
	return residualReLU{residual{Sequential(layers...), Sequential()}}
}

type residualReLU struct{ residual }

// Graph implements Layer.
func (r residualReLU) Graph(g *Graph, x Value) Value {
	return g.Layer("out", ReLU(), r.residual.Graph(g, x))
}
