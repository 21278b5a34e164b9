package nn

import (
	"fmt"
	"math"

	"github.com/groupnb/groupnb/kernels"
)

// A Conv is a convolution over one to three dimensions. Weight is (Out, In/Groups, kernel...), Bias (Out) or nil.
type Conv struct {
	In, Out, Groups int
	Weight, Bias    *Param

	name     string
	dims     int
	kernel   [3]int
	stride   [3]int
	dilation [3]int
	padding  [3]int // on the low side
	padHigh  [3]int
	mode     string // "", "same" or "causal"
}

// Conv2D maps (N, in, H, W) to (N, out, H', W') with square kernels of k by k (see [Conv2DKernel] for others). Options:
// Groups, Stride, Dilation, Padding, Same, NoBias, Init, BiasInit. H' = (H + 2·padding - dilation·(k-1) - 1)/stride + 1.
// It panics with a ConfigError unless in and out are divisible by the groups.
func Conv2D(in, out, k int, opts ...Option) *Conv {
	return newConv("Conv2D", 2, in, out, []int{k}, opts)
}

// Conv2DKernel is [Conv2D] with a kernel of kh by kw.
func Conv2DKernel(in, out, kh, kw int, opts ...Option) *Conv {
	return newConv("Conv2D", 2, in, out, []int{kh, kw}, opts)
}

// Conv1D maps (N, in, W) to (N, out, W'). Options as [Conv2D], and Causal.
func Conv1D(in, out, k int, opts ...Option) *Conv {
	return newConv("Conv1D", 1, in, out, []int{k}, opts)
}

// Conv3D maps (N, in, D, H, W) to (N, out, D', H', W') with kernels of k by k by k. Options as [Conv2D].
func Conv3D(in, out, k int, opts ...Option) *Conv {
	return newConv("Conv3D", 3, in, out, []int{k}, opts)
}

// Conv3DKernel is [Conv3D] with a kernel of kd by kh by kw.
func Conv3DKernel(in, out, kd, kh, kw int, opts ...Option) *Conv {
	return newConv("Conv3D", 3, in, out, []int{kd, kh, kw}, opts)
}

func newConv(op string, dims, in, out int, kernel []int, opts []Option) *Conv {
	allowed := []string{"Groups", "Stride", "Dilation", "Padding", "Same", "NoBias", "Init", "BiasInit"}
	if dims == 1 {
		allowed = append(allowed, "Causal")
	}
	o := configure(op, convDefaults(), opts, allowed...)
	if o.mode != "" && o.padding != nil {
		refuse(op, "Padding beside Same or Causal, which compute it")
	}
	c := &Conv{
		In: in, Out: out, Groups: o.groups,
		name: op, dims: dims, mode: o.mode,
		kernel:   perDim(op, "kernel", kernel, dims, 1),
		stride:   perDim(op, "stride", o.stride, dims, 1),
		dilation: perDim(op, "dilation", o.dilation, dims, 1),
		padding:  perDim(op, "padding", o.padding, dims, 0),
	}
	c.padHigh = c.padding
	checkGroups(op, in, out, o.groups)
	for d := range 3 {
		checkPositive(op, "kernel", c.kernel[d])
		checkPositive(op, "stride", c.stride[d])
		checkPositive(op, "dilation", c.dilation[d])
		if c.padding[d] < 0 {
			refuse(op, "padding is %d, want 0 or more", c.padding[d])
		}
	}
	taps := c.kernel[0] * c.kernel[1] * c.kernel[2]
	shape := append([]int{out, in / o.groups}, c.kernel[3-dims:]...)
	c.Weight = newParam("weight", o.init, in/o.groups*taps, out*taps, shape...)
	c.Weight.groups = o.groups
	if o.bias {
		c.Bias = newParam("bias", o.biasInit, in/o.groups*taps, out*taps, out)
	}
	return c
}

func convDefaults() layerConfig {
	return layerConfig{groups: 1, bias: true, init: torchUniform(), biasInit: biasUniform()}
}

func checkGroups(op string, in, out, groups int) {
	switch {
	case groups < 1:
		refuse(op, "%d groups, want 1 or more", groups)
	case in < 1 || out < 1:
		refuse(op, "%d input channels and %d filters, want 1 or more of each", in, out)
	case in%groups != 0:
		refuse(op, "%d input channels are not divisible by %d groups", in, groups)
	case out%groups != 0:
		refuse(op, "%d filters are not divisible by %d groups", out, groups)
	}
}

// checkRange refuses a number that is not low or more and below high.
func checkRange(op, what string, v, low, high float64) {
	switch {
	case v >= low && v < high:
	case math.IsInf(high, 1):
		refuse(op, "%s is %g, want %g or more", what, v, low)
	default:
		refuse(op, "%s is %g, want %g or more and less than %g", what, v, low, high)
	}
}

func checkPositive(op, what string, v int) {
	if v < 1 {
		refuse(op, "%s is %d, want 1 or more", what, v)
	}
}

// Graph implements Layer.
func (c *Conv) Graph(g *Graph, x Value) Value { return g.add(c, x) }

func (c *Conv) stem() string   { return "conv" }
func (c *Conv) kind() string   { return c.name }
func (c *Conv) traits() traits { return traits{needX: true} }

func (c *Conv) params() []*Param {
	if c.Bias == nil {
		return []*Param{c.Weight}
	}
	return []*Param{c.Weight, c.Bias}
}

func (c *Conv) buffers() []*Buffer { return nil }

// String shows the configuration: Conv2D(64, 64, 3x3, groups 8).
func (c *Conv) String() string {
	s := fmt.Sprintf("%s(%d, %d, %s", c.name, c.In, c.Out, joinX(c.kernel[3-c.dims:]))
	if c.Groups > 1 {
		s += fmt.Sprintf(", groups %d", c.Groups)
	}
	if c.stride != [3]int{1, 1, 1} {
		s += ", stride " + oneOrAll(c.stride[3-c.dims:])
	}
	return s + ")"
}

func (c *Conv) shape(x [][]int) []int {
	s := x[0]
	if len(s) != c.dims+2 || s[1] != c.In {
		want := []string{"(N, %d, W)", "(N, %d, H, W)", "(N, %d, D, H, W)"}[c.dims-1]
		panic(ShapeError{Op: c.name, Want: fmt.Sprintf(want, c.In), Got: s})
	}
	k := c.kernels(s)
	refuseShape(c.name, s, k.Check())
	out := k.Out()
	return append([]int{s[0], c.Out}, out[3-c.dims:]...)
}

// kernels describes the convolution of a batch of shape s.
func (c *Conv) kernels(s []int) kernels.Conv {
	k := kernels.Conv{
		N: s[0], InC: c.In, OutC: c.Out, Groups: c.Groups, In: [3]int{1, 1, 1},
		Kernel: c.kernel, Stride: c.stride, Dilation: c.dilation, PadLo: c.padding, PadHi: c.padHigh,
	}
	copy(k.In[3-c.dims:], s[2:])
	for d := range 3 {
		span := c.dilation[d] * (c.kernel[d] - 1)
		switch c.mode {
		case "same":
			out := (k.In[d] + c.stride[d] - 1) / c.stride[d]
			total := max(0, (out-1)*c.stride[d]+span+1-k.In[d])
			k.PadLo[d], k.PadHi[d] = total/2, total-total/2
		case "causal":
			k.PadLo[d], k.PadHi[d] = span, 0
		}
	}
	return k
}

func (c *Conv) macs(x [][]int, y []int) int64 {
	return int64(size(y[1:])) * int64(c.Weight.Len()/c.Out)
}

// blockedChannels is how many channels a convolution must read and write to gain by the blocked layout.
const blockedChannels = 16

func (c *Conv) blocked([][]int) (wants, can bool) {
	wants = c.dims == 2 && c.In >= blockedChannels && c.Out >= blockedChannels
	return wants, wants
}

func (c *Conv) unblocks() bool { return false }

func (c *Conv) blocksOutput([][]int) bool {
	return c.dims == 2 && c.In < blockedChannels && c.Out >= blockedChannels
}

func (c *Conv) forward(k *call) {
	var b []float32
	if c.Bias != nil {
		b = c.Bias.Value.Data
	}
	conv, y, x, w := c.kernels(k.x[0].Shape), k.y.Data, k.x[0].Data, c.Weight.Value.Data
	switch {
	case k.blocked:
		conv.ForwardBlocked(y, x, w, b)
	case k.stem:
		conv.ForwardStem(y, x, w, b)
	default:
		conv.Forward(y, x, w, b)
	}
}

// addsGradient implements adder.
func (c *Conv) addsGradient(k *call) bool {
	return k.blocked && c.kernels(k.x[0].Shape).AddsGradient()
}

func (c *Conv) backward(k *call) {
	conv := c.kernels(k.x[0].Shape)
	var db []float32
	if c.Bias != nil {
		db = c.Bias.Grad.Data
	}
	dw, x, dy := c.Weight.Grad.Data, k.x[0].Data, k.dy.Data
	switch {
	case c.Weight.fixed:
	case k.blocked:
		conv.BackwardWeightsBlocked(dw, db, x, dy)
	case k.stem:
		conv.BackwardWeightsStem(dw, db, x, dy)
	default:
		conv.BackwardWeights(dw, db, x, dy)
	}
	if k.dx[0] == nil {
		return
	}
	dx, w := k.dx[0].Data, c.Weight.Value.Data
	switch {
	case k.add:
		conv.AddBackwardDataBlocked(dx, dy, w)
	case k.blocked:
		conv.BackwardDataBlocked(dx, dy, w)
	case k.stem:
		conv.BackwardDataStem(dx, dy, w)
	default:
		conv.BackwardData(dx, dy, w)
	}
}
