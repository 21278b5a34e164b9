package nn

import (
	"fmt"
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// pooling is what max and average pooling share: windows over one to three dimensions.
type pooling struct {
	name                    string
	dims                    int
	kernel, stride, padding [3]int
	ceil                    bool
}

func newPooling(op string, dims, k int, o layerConfig) pooling {
	checkPositive(op, "the window", k)
	if len(o.stride) == 0 {
		o.stride = []int{k}
	}
	p := pooling{name: op, dims: dims, kernel: perDim(op, "kernel", []int{k}, dims, 1), ceil: o.ceil}
	p.stride, p.padding = perDim(op, "stride", o.stride, dims, 1), perDim(op, "padding", o.padding, dims, 0)
	for d := range 3 {
		checkPositive(op, "stride", p.stride[d])
		if p.padding[d] < 0 || 2*p.padding[d] > p.kernel[d] {
			refuse(op, "padding is %d, want 0 to half the window of %d", p.padding[d], p.kernel[d])
		}
	}
	return p
}

func (p *pooling) params() []*Param   { return nil }
func (p *pooling) buffers() []*Buffer { return nil }

func (*pooling) blocked([][]int) (wants, can bool) { return false, true }
func (*pooling) unblocks() bool                    { return false }

func (p *pooling) stem() string   { return "pool" }
func (p *pooling) kind() string   { return p.name }
func (p *pooling) String() string { return fmt.Sprintf("%s(%s)", p.name, joinX(p.kernel[3-p.dims:])) }

func (p *pooling) shape(x [][]int) []int {
	s := x[0]
	if len(s) != p.dims+2 {
		panic(ShapeError{Op: p.name, Want: []string{"(N, C, W)", "(N, C, H, W)", "(N, C, D, H, W)"}[p.dims-1], Got: s})
	}
	k := p.geometry(s, false)
	refuseShape(p.name, s, k.Check())
	out := k.Out()
	return append([]int{s[0], s[1]}, out[3-p.dims:]...)
}

func (p *pooling) geometry(s []int, blocked bool) kernels.Pool {
	k := kernels.Pool{
		N: s[0], C: s[1], In: [3]int{1, 1, 1},
		Kernel: p.kernel, Stride: p.stride, PadLo: p.padding, PadHi: p.padding, Ceil: p.ceil, Blocked: blocked,
	}
	copy(k.In[3-p.dims:], s[2:])
	return k
}

// MaxPool1D takes the largest value of each window of (N, C, W); options as [MaxPool2D].
func MaxPool1D(k int, opts ...Option) Layer { return newMaxPool("MaxPool1D", 1, k, opts) }

// MaxPool2D takes the largest value of each k by k window of (N, C, H, W). Options: Stride (default k), Padding, Ceil.
func MaxPool2D(k int, opts ...Option) Layer { return newMaxPool("MaxPool2D", 2, k, opts) }

// MaxPool3D takes the largest value of each k by k by k window of (N, C, D, H, W); options as [MaxPool2D].
func MaxPool3D(k int, opts ...Option) Layer { return newMaxPool("MaxPool3D", 3, k, opts) }

// Ceil lets the last window of a pooling hang over the edge, so that no pixel is left out (PyTorch's ceil_mode).
func Ceil() Option { return Option{"Ceil", func(c *layerConfig) { c.ceil = true }} }

type maxPool struct {
	pooling
	where []int32 // position of each maximum within its plane
}

func newMaxPool(op string, dims, k int, opts []Option) *maxPool {
	o := configure(op, layerConfig{}, opts, "Stride", "Padding", "Ceil")
	return &maxPool{pooling: newPooling(op, dims, k, o)}
}

// Graph implements Layer.
func (p *maxPool) Graph(g *Graph, x Value) Value { return g.add(p, x) }

func (p *maxPool) traits() traits { return traits{} }

func (p *maxPool) forward(c *call) {
	k := kernels.MaxPool{Pool: p.geometry(c.x[0].Shape, c.blocked)}
	if !c.train {
		k.Forward(c.y.Data, c.x[0].Data, nil)
		return
	}
	p.where = slices.Grow(p.where[:0], len(c.y.Data))[:len(c.y.Data)]
	k.Forward(c.y.Data, c.x[0].Data, p.where)
}

func (p *maxPool) backward(c *call) {
	if c.dx[0] != nil {
		k := kernels.MaxPool{Pool: p.geometry(c.x[0].Shape, c.blocked)}
		k.Backward(c.dx[0].Data, c.dy.Data, p.where)
	}
}

// AvgPool1D takes the mean of each window of (N, C, W); options as [AvgPool2D].
func AvgPool1D(k int, opts ...Option) Layer { return newAvgPool("AvgPool1D", 1, k, opts) }

// AvgPool2D takes the mean of each k by k window of (N, C, H, W). Options: Stride (default k), Padding, Ceil, CountPadding.
func AvgPool2D(k int, opts ...Option) Layer { return newAvgPool("AvgPool2D", 2, k, opts) }

// AvgPool3D takes the mean of each k by k by k window of (N, C, D, H, W); options as [AvgPool2D].
func AvgPool3D(k int, opts ...Option) Layer { return newAvgPool("AvgPool3D", 3, k, opts) }

// CountPadding says whether an average pooling counts padding as zeros. Default true, as in PyTorch; Keras has false.
func CountPadding(yes bool) Option {
	return Option{"CountPadding", func(c *layerConfig) { c.countPad = yes }}
}

type avgPool struct {
	pooling
	countPad bool
}

func newAvgPool(op string, dims, k int, opts []Option) *avgPool {
	o := configure(op, layerConfig{countPad: true}, opts, "Stride", "Padding", "Ceil", "CountPadding")
	return &avgPool{newPooling(op, dims, k, o), o.countPad}
}

// Graph implements Layer.
func (p *avgPool) Graph(g *Graph, x Value) Value { return g.add(p, x) }

func (p *avgPool) traits() traits { return traits{} }

func (p *avgPool) kernelOf(c *call) kernels.AvgPool {
	return kernels.AvgPool{Pool: p.geometry(c.x[0].Shape, c.blocked), CountPad: p.countPad}
}

func (p *avgPool) forward(c *call) { p.kernelOf(c).Forward(c.y.Data, c.x[0].Data) }

func (p *avgPool) backward(c *call) {
	if c.dx[0] != nil {
		p.kernelOf(c).Backward(c.dx[0].Data, c.dy.Data)
	}
}
