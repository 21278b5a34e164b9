package nn

import (
	"fmt"

	"github.com/groupnb/groupnb/kernels"
)

// A ConvTranspose is the transpose of a convolution: what a convolution with the same options does to gradients.
// Weight is (In, Out/Groups, kernel...), Bias (Out) or nil.
type ConvTranspose struct {
	In, Out, Groups int
	Weight, Bias    *Param

	name                                           string
	dims                                           int
	kernel, stride, dilation, padding, outputExtra [3]int
}

// ConvTranspose1D is [ConvTranspose2D] for (N, in, W).
func ConvTranspose1D(in, out, k int, opts ...Option) *ConvTranspose {
	return newConvTranspose("ConvTranspose1D", 1, in, out, k, opts)
}

// ConvTranspose2D maps (N, in, H, W) to (N, out, H', W') with H' = (H-1)·stride - 2·padding + dilation·(k-1) +
// OutputPadding + 1. Options: Groups, Stride, Dilation, Padding, OutputPadding, NoBias, Init, BiasInit.
// It panics with a ConfigError unless in and out are divisible by the groups.
func ConvTranspose2D(in, out, k int, opts ...Option) *ConvTranspose {
	return newConvTranspose("ConvTranspose2D", 2, in, out, k, opts)
}

// ConvTranspose3D is [ConvTranspose2D] for (N, in, D, H, W).
func ConvTranspose3D(in, out, k int, opts ...Option) *ConvTranspose {
	return newConvTranspose("ConvTranspose3D", 3, in, out, k, opts)
}

// OutputPadding makes a transposed convolution's output larger on the high side, by less than stride or dilation; it
// chooses among the sizes that the convolution would map to the same one. Default 0.
func OutputPadding(p ...int) Option {
	return Option{"OutputPadding", func(c *layerConfig) { c.outPadding = p }}
}

func newConvTranspose(op string, dims, in, out, k int, opts []Option) *ConvTranspose {
	o := configure(op, convDefaults(), opts, "Groups", "Stride", "Dilation", "Padding", "OutputPadding", "NoBias", "Init", "BiasInit")
	checkGroups(op, in, out, o.groups)
	checkPositive(op, "kernel", k)
	c := &ConvTranspose{
		In: in, Out: out, Groups: o.groups, name: op, dims: dims,
		kernel:      perDim(op, "kernel", []int{k}, dims, 1),
		stride:      perDim(op, "stride", o.stride, dims, 1),
		dilation:    perDim(op, "dilation", o.dilation, dims, 1),
		padding:     perDim(op, "padding", o.padding, dims, 0),
		outputExtra: perDim(op, "padding", o.outPadding, dims, 0),
	}
	for d := range 3 {
		checkPositive(op, "stride", c.stride[d])
		checkPositive(op, "dilation", c.dilation[d])
		if e := c.outputExtra[d]; e < 0 || e > 0 && e >= max(c.stride[d], c.dilation[d]) {
			refuse(op, "output padding is %d, want less than stride %d or dilation %d", e, c.stride[d], c.dilation[d])
		}
	}
	taps := c.kernel[0] * c.kernel[1] * c.kernel[2]
	shape := append([]int{in, out / o.groups}, c.kernel[3-dims:]...)
	c.Weight = newParam("weight", o.init, out/o.groups*taps, in*taps, shape...)
	if o.bias {
		c.Bias = newParam("bias", o.biasInit, out/o.groups*taps, in*taps, out)
	}
	return c
}

// Graph implements Layer.
func (c *ConvTranspose) Graph(g *Graph, x Value) Value { return g.add(c, x) }

func (c *ConvTranspose) stem() string       { return "deconv" }
func (c *ConvTranspose) kind() string       { return c.name }
func (c *ConvTranspose) traits() traits     { return traits{needX: true} }
func (c *ConvTranspose) buffers() []*Buffer { return nil }

func (c *ConvTranspose) params() []*Param {
	if c.Bias == nil {
		return []*Param{c.Weight}
	}
	return []*Param{c.Weight, c.Bias}
}

// String shows the configuration.
func (c *ConvTranspose) String() string {
	return fmt.Sprintf("%s(%d, %d, %s, groups %d)", c.name, c.In, c.Out, joinX(c.kernel[3-c.dims:]), c.Groups)
}

func (c *ConvTranspose) shape(x [][]int) []int {
	s := x[0]
	if len(s) != c.dims+2 || s[1] != c.In {
		panic(ShapeError{Op: c.name, Want: fmt.Sprintf("(N, %d) and %d sizes", c.In, c.dims), Got: s})
	}
	k := c.adjoint(s)
	refuseShape(c.name, s, k.Check())
	return append([]int{s[0], c.Out}, k.In[3-c.dims:]...)
}

// adjoint is the convolution from the output back to an input of shape s.
func (c *ConvTranspose) adjoint(s []int) kernels.Conv {
	k := kernels.Conv{
		N: s[0], InC: c.Out, OutC: c.In, Groups: c.Groups, In: [3]int{1, 1, 1},
		Kernel: c.kernel, Stride: c.stride, Dilation: c.dilation, PadLo: c.padding, PadHi: c.padding,
	}
	for i, n := range s[2:] {
		d := 3 - c.dims + i
		k.In[d] = (n-1)*c.stride[d] - 2*c.padding[d] + c.dilation[d]*(c.kernel[d]-1) + c.outputExtra[d] + 1
	}
	return k
}

func (c *ConvTranspose) macs(x [][]int, _ []int) int64 {
	return int64(size(x[0][1:])) * int64(c.Weight.Len()/c.In)
}

func (c *ConvTranspose) forward(k *call) {
	c.adjoint(k.x[0].Shape).BackwardData(k.y.Data, k.x[0].Data, c.Weight.Value.Data)
	if c.Bias != nil {
		addPerChannel(k.y, c.Bias.Value.Data)
	}
}

func (c *ConvTranspose) backward(k *call) {
	conv := c.adjoint(k.x[0].Shape)
	conv.BackwardWeights(c.Weight.Grad.Data, nil, k.dy.Data, k.x[0].Data)
	if c.Bias != nil {
		sumPerChannel(c.Bias.Grad.Data, k.dy)
	}
	if k.dx[0] != nil {
		conv.Forward(k.dx[0].Data, k.dy.Data, c.Weight.Value.Data, nil)
	}
}

// addPerChannel adds b[c] to every element of channel c of x (N, C, ...).
func addPerChannel(x *Tensor, b []float32) {
	plane := size(x.Shape[2:])
	for i := range x.Shape[0] * len(b) {
		v := b[i%len(b)]
		row := x.Data[i*plane:][:plane]
		for j := range row {
			row[j] += v
		}
	}
}

// sumPerChannel sets sum[c] to the sum of channel c of x (N, C, ...).
func sumPerChannel(sum []float32, x *Tensor) {
	plane := size(x.Shape[2:])
	for c := range sum {
		var s float64
		for n := range x.Shape[0] {
			for _, v := range x.Data[(n*len(sum)+c)*plane:][:plane] {
				s += float64(v)
			}
		}
		sum[c] = float32(s)
	}
}
