package nn

import "fmt"

// Residual adds the layers' output to their input: x + f(x). Shapes must agree.
func Residual(layers ...Layer) Layer { return residual{Sequential(layers...), Sequential()} }

// ResidualVia adds the output of a shortcut, which may change the shape, instead of the input itself: s(x) + f(x).
func ResidualVia(shortcut Layer, layers ...Layer) Layer {
	return residual{Sequential(layers...), Stack(shortcut)}
}

type residual struct{ branch, shortcut *Model }

func (residual) stem() string { return "residual" }

// Graph implements Layer.
func (r residual) Graph(g *Graph, x Value) Value {
	y := r.branch.Graph(g, x)
	if len(r.shortcut.layers) > 0 {
		x = g.Layer("shortcut", r.shortcut, x)
	}
	return g.Sum("add", y, x)
}

// Branches gives x to every layer and joins their outputs along the channels, as Inception does.
func Branches(layers ...Layer) Layer { return newBranches("Branches", "concat", layers) }

// SumOf gives x to every layer and adds their outputs.
func SumOf(layers ...Layer) Layer { return newBranches("SumOf", "add", layers) }

func newBranches(op, join string, layers []Layer) Layer {
	if len(layers) == 0 {
		refuse(op, "no layers")
	}
	return branches{layers, join}
}

type branches struct {
	layers []Layer
	join   string
}

func (branches) stem() string { return "branches" }

// Graph implements Layer.
func (b branches) Graph(g *Graph, x Value) Value {
	var y []Value
	for i, l := range b.layers {
		y = append(y, g.Layer(fmt.Sprint(i), l, x))
	}
	if b.join == "add" {
		return g.Sum("add", y...)
	}
	return g.Concat("concat", y...)
}

// SqueezeExcite weighs each channel by what all channels' means say: x·sigmoid(W2·relu(W1·mean(x) + b1) + b2), with
// channels/reduction numbers in between (Hu et al. 2018). It panics with a ConfigError if that is less than 1.
func SqueezeExcite(channels, reduction int) Layer {
	if reduction < 1 || channels/reduction < 1 {
		refuse("SqueezeExcite", "%d channels can't be reduced by %d", channels, reduction)
	}
	return &squeezeExcite{
		mean: &globalAvgPool{}, fc1: Linear(channels, channels/reduction), relu: ReLU(), fc2: Linear(channels/reduction, channels), gate: Sigmoid(),
	}
}

// convSqueezeExcite is SqueezeExcite as torchvision writes it, with 1x1 convolutions for linear layers.
func convSqueezeExcite(channels, hidden int, relu, gate Layer) Layer {
	return &squeezeExcite{
		mean: &globalAvgPool{globalPool{keep: true}}, fc1: Conv2D(channels, hidden, 1), relu: relu, fc2: Conv2D(hidden, channels, 1), gate: gate,
	}
}

type squeezeExcite struct{ mean, fc1, relu, fc2, gate Layer }

func (*squeezeExcite) stem() string { return "se" }

// Graph implements Layer.
func (s *squeezeExcite) Graph(g *Graph, x Value) Value {
	y := g.Layer("squeeze", s.mean, x)
	y = g.Layer("relu", s.relu, g.Layer("fc1", s.fc1, y))
	y = g.Layer("sigmoid", s.gate, g.Layer("fc2", s.fc2, y))
	return g.Scale("scale", x, y)
}

// DepthwiseConv2D filters each channel by itself, with multiplier filters for each: Conv2D with as many groups as
// channels. Options as [Conv2D] but Groups.
func DepthwiseConv2D(channels, multiplier, k int, opts ...Option) *Conv {
	return Conv2D(channels, channels*multiplier, k, append(opts, Groups(channels))...)
}

// SeparableConv2D is a depthwise convolution followed by a 1x1 convolution that mixes the channels. The options are
// those of the depthwise part; NoBias applies to both.
func SeparableConv2D(in, out, k int, opts ...Option) Layer {
	depthwise := DepthwiseConv2D(in, 1, k, opts...)
	var mix []Option
	if depthwise.Bias == nil {
		mix = append(mix, NoBias())
	}
	return separable{depthwise, Conv2D(in, out, 1, mix...)}
}

type separable struct{ depthwise, pointwise *Conv }

func (separable) stem() string { return "conv" }

// Graph implements Layer.
func (s separable) Graph(g *Graph, x Value) Value {
	return g.Layer("pointwise", s.pointwise, g.Layer("depthwise", s.depthwise, x))
}
