package nn

import (
	"fmt"

	"github.com/groupnb/groupnb/kernels"
)

// GlobalAvgPool1D takes the mean of each channel over all positions: (N, C, W) to (N, C).
func GlobalAvgPool1D() Layer { return &globalAvgPool{globalPool{dims: 1}} }

// GlobalAvgPool2D takes the mean of each channel over all positions: (N, C, H, W) to (N, C).
func GlobalAvgPool2D() Layer { return &globalAvgPool{globalPool{dims: 2}} }

// GlobalAvgPool3D takes the mean of each channel over all positions: (N, C, D, H, W) to (N, C).
func GlobalAvgPool3D() Layer { return &globalAvgPool{globalPool{dims: 3}} }

// GlobalMaxPool1D takes the largest value of each channel: (N, C, W) to (N, C).
func GlobalMaxPool1D() Layer { return &globalMaxPool{globalPool: globalPool{dims: 1}} }

// GlobalMaxPool2D takes the largest value of each channel: (N, C, H, W) to (N, C).
func GlobalMaxPool2D() Layer { return &globalMaxPool{globalPool: globalPool{dims: 2}} }

// GlobalMaxPool3D takes the largest value of each channel: (N, C, D, H, W) to (N, C).
func GlobalMaxPool3D() Layer { return &globalMaxPool{globalPool: globalPool{dims: 3}} }

// globalPool is what pooling over all positions has in common.
type globalPool struct {
	dims int  // 0 for any number
	keep bool // (N, C, 1, 1)
}

func (*globalPool) params() []*Param   { return nil }
func (*globalPool) buffers() []*Buffer { return nil }
func (*globalPool) stem() string       { return "gap" }

func (p *globalPool) name(kind string) string {
	if p.dims == 0 {
		return kind
	}
	return fmt.Sprintf("%s%dD", kind, p.dims)
}

func (p *globalPool) reduced(kind string, s []int) []int {
	if len(s) < 3 || p.dims > 0 && len(s) != p.dims+2 || size(s[2:]) == 0 {
		panic(ShapeError{Op: p.name(kind), Want: []string{"(N, C, ...)", "(N, C, W)", "(N, C, H, W)", "(N, C, D, H, W)"}[p.dims], Got: s})
	}
	if !p.keep {
		return s[:2]
	}
	return append([]int{s[0], s[1]}, ones(len(s)-2)...)
}

type globalAvgPool struct{ globalPool }

func (*globalAvgPool) stateless() {}

// Graph implements Layer.
func (p *globalAvgPool) Graph(g *Graph, x Value) Value { return g.add(p, x) }

func (p *globalAvgPool) kind() string          { return p.name("GlobalAvgPool") }
func (*globalAvgPool) traits() traits          { return traits{} }
func (p *globalAvgPool) shape(x [][]int) []int { return p.reduced("GlobalAvgPool", x[0]) }

func (*globalAvgPool) blocked([][]int) (wants, can bool) { return false, true }
func (*globalAvgPool) unblocks() bool                    { return true }

func (*globalAvgPool) kernel(c *call) kernels.GlobalAvgPool {
	s := c.x[0].Shape
	return kernels.GlobalAvgPool{N: s[0], C: s[1], Spatial: size(s[2:]), Blocked: c.blocked}
}

func (p *globalAvgPool) forward(c *call) { p.kernel(c).Forward(c.y.Data, c.x[0].Data) }

func (p *globalAvgPool) backward(c *call) {
	if c.dx[0] != nil {
		p.kernel(c).Backward(c.dx[0].Data, c.dy.Data)
	}
}

type globalMaxPool struct {
	globalPool
	where []int // place of each maximum
}

// Graph implements Layer.
func (p *globalMaxPool) Graph(g *Graph, x Value) Value { return g.add(p, x) }

func (p *globalMaxPool) kind() string          { return p.name("GlobalMaxPool") }
func (*globalMaxPool) traits() traits          { return traits{} }
func (p *globalMaxPool) shape(x [][]int) []int { return p.reduced("GlobalMaxPool", x[0]) }

func (p *globalMaxPool) forward(c *call) {
	plane := size(c.x[0].Shape[2:])
	p.where = p.where[:0]
	for i := range c.y.Data {
		best := i*plane + argmax(c.x[0].Data[i*plane:][:plane])
		c.y.Data[i] = c.x[0].Data[best]
		p.where = append(p.where, best)
	}
}

func (p *globalMaxPool) backward(c *call) {
	if c.dx[0] == nil {
		return
	}
	clear(c.dx[0].Data)
	for i, at := range p.where {
		c.dx[0].Data[at] = c.dy.Data[i]
	}
}
