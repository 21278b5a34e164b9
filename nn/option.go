package nn

import (
	"math"
	"slices"
	"strings"
)

// An Option adjusts a layer or a block. Each constructor lists those it takes and refuses others.
type Option struct {
	name string
	set  func(*layerConfig)
}

// layerConfig is what options can say; every constructor starts from its own defaults.
type layerConfig struct {
	groups      int
	stride      []int
	dilation    []int
	outPadding  []int
	padding     []int // one number for each dimension, both sides
	mode        string
	bias        bool
	init        Initializer
	biasInit    Initializer
	eps         float64
	momentum    float64
	affine      bool
	cardinality int
	baseWidth   int
	norm        bool
	countPad    bool
	ceil        bool
	form        Form
	preact      bool
	squeeze     int
	classes     int
	channels    int
}

func configure(op string, c layerConfig, opts []Option, allowed ...string) layerConfig {
	for _, o := range opts {
		if !slices.Contains(allowed, o.name) {
			refuse(op, "option %s does not apply; it takes %s", o.name, strings.Join(allowed, ", "))
		}
		o.set(&c)
	}
	return c
}

// Groups splits the channels of a convolution into g groups that don't see each other. Default 1. Input channels and
// filters must both be divisible by g; g equal to the input channels is a depthwise convolution.
func Groups(g int) Option { return Option{"Groups", func(c *layerConfig) { c.groups = g }} }

// Stride sets the step of a convolution, pooling or block: one number for all dimensions or one for each. Default 1 for
// convolutions and blocks, the kernel size for pooling.
func Stride(s ...int) Option { return Option{"Stride", func(c *layerConfig) { c.stride = s }} }

// Dilation sets the distance between the taps of a kernel, one number or one for each dimension. Default 1.
func Dilation(d ...int) Option { return Option{"Dilation", func(c *layerConfig) { c.dilation = d }} }

// Padding adds zeros on both sides of each dimension, one number for all or one for each. Default 0.
func Padding(p ...int) Option {
	return Option{"Padding", func(c *layerConfig) { c.padding = p }}
}

// Same pads as TensorFlow does: the output has ceil(input/stride) points, and an odd zero goes to the high side.
func Same() Option { return Option{"Same", func(c *layerConfig) { c.mode = "same" }} }

// Causal pads a Conv1D on the low side only, so that no output sees a later input.
func Causal() Option { return Option{"Causal", func(c *layerConfig) { c.mode = "causal" }} }

// NoBias leaves out the bias, as is usual before a batch normalisation.
func NoBias() Option { return Option{"NoBias", func(c *layerConfig) { c.bias = false }} }

// Init sets how the weights start; the default is KaimingUniform(math.Sqrt(5)), as in PyTorch.
func Init(w Initializer) Option {
	checkInitializer("Init", w)
	return Option{"Init", func(c *layerConfig) { c.init = w }}
}

func checkInitializer(op string, w Initializer) {
	if w.fill == nil {
		refuse(op, "the initialiser is empty; make one with HeNormal or InitNamed")
	}
}

// BiasInit sets how the bias starts; the default is uniform in ±1/sqrt(fan in), as in PyTorch.
func BiasInit(w Initializer) Option {
	checkInitializer("BiasInit", w)
	return Option{"BiasInit", func(c *layerConfig) { c.biasInit = w }}
}

// Eps is added to a variance before its root is taken. Default 1e-5.
func Eps(eps float64) Option {
	checkRange("Eps", "it", eps, 0, math.Inf(1))
	return Option{"Eps", func(c *layerConfig) { c.eps = eps }}
}

// StatMomentum is the share of a new batch in a batch normalisation's running statistics:
// running = (1-m)·running + m·batch. Default 0.1. (Keras calls 1-m momentum.)
func StatMomentum(m float64) Option {
	if !(m >= 0 && m <= 1) {
		refuse("StatMomentum", "the share is %g, want 0 to 1", m)
	}
	return Option{"StatMomentum", func(c *layerConfig) { c.momentum = m }}
}

// Cardinality is the number of parallel paths of a ResNeXt block, the groups of its 3x3 convolution. Default 32.
func Cardinality(c int) Option {
	return Option{"Cardinality", func(l *layerConfig) { l.cardinality = c }}
}

// BaseWidth is the number of channels of each path of a ResNeXt block. Default 4.
func BaseWidth(d int) Option { return Option{"BaseWidth", func(c *layerConfig) { c.baseWidth = d }} }

// Down halves height and width: Stride(2) by the name it has in a block.
func Down() Option { return Option{"Down", func(c *layerConfig) { c.stride = []int{2} }} }

// NoNorm leaves the batch normalisations out of a block.
func NoNorm() Option { return Option{"NoNorm", func(c *layerConfig) { c.norm = false }} }

// perDim spreads one number over n dimensions, or checks that there are n.
func perDim(op, what string, v []int, n, def int) [3]int {
	out := [3]int{1, 1, 1}
	if what == "padding" {
		out = [3]int{}
	}
	if len(v) == 0 {
		v = []int{def}
	}
	if len(v) != 1 && len(v) != n {
		refuse(op, "%d numbers of %s for %d dimensions", len(v), what, n)
	}
	for i := range n {
		out[3-n+i] = v[min(i, len(v)-1)]
	}
	return out
}
