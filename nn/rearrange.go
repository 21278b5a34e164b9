package nn

import (
	"fmt"
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// ChannelShuffle spreads the channels of each group over all groups, so that grouped convolutions in a row see each
// other's results: (N, C, ...) as (N, groups, C/groups, ...) with the two transposed (Zhang et al. 2018, ShuffleNet).
func ChannelShuffle(groups int) Layer {
	checkPositive("ChannelShuffle", "the number of groups", groups)
	return &shuffle{groups: groups}
}

type shuffle struct{ groups int }

// Graph implements Layer.
func (s *shuffle) Graph(g *Graph, x Value) Value { return g.add(s, x) }

func (*shuffle) stateless()         {}
func (*shuffle) params() []*Param   { return nil }
func (*shuffle) buffers() []*Buffer { return nil }
func (*shuffle) stem() string       { return "shuffle" }
func (*shuffle) kind() string       { return "ChannelShuffle" }
func (*shuffle) traits() traits     { return traits{} }

// String shows the configuration.
func (s *shuffle) String() string { return fmt.Sprintf("ChannelShuffle(%d)", s.groups) }

func (s *shuffle) shape(x [][]int) []int {
	if len(x[0]) < 2 || x[0][1]%s.groups != 0 {
		panic(ShapeError{Op: "ChannelShuffle", Want: fmt.Sprintf("channels divisible by %d groups", s.groups), Got: x[0]})
	}
	return x[0]
}

// each pairs the planes of the shuffled tensor with those they come from.
func (s *shuffle) each(shape []int, f func(shuffled, plain int)) {
	c, per := shape[1], shape[1]/s.groups
	for n := range shape[0] {
		for i := range c {
			f(n*c+i%per*s.groups+i/per, n*c+i)
		}
	}
}

func (s *shuffle) forward(c *call) {
	p := size(c.y.Shape[2:])
	s.each(c.y.Shape, func(to, from int) { copy(c.y.Data[to*p:][:p], c.x[0].Data[from*p:]) })
}

func (s *shuffle) backward(c *call) {
	if c.dx[0] == nil {
		return
	}
	p := size(c.y.Shape[2:])
	s.each(c.y.Shape, func(from, to int) { copy(c.dx[0].Data[to*p:][:p], c.dy.Data[from*p:]) })
}

// Upsample repeats each pixel k times in every direction: (N, C, H, W) to (N, C, k·H, k·W).
func Upsample(k int) Layer {
	checkPositive("Upsample", "the factor", k)
	return &upsample{factor: k}
}

type upsample struct {
	factor int
	source []int // of each position
	from   []int // the shape that source is for
}

// Graph implements Layer.
func (u *upsample) Graph(g *Graph, x Value) Value { return g.add(u, x) }

func (*upsample) params() []*Param   { return nil }
func (*upsample) buffers() []*Buffer { return nil }
func (*upsample) stem() string       { return "up" }
func (*upsample) kind() string       { return "Upsample" }
func (*upsample) traits() traits     { return traits{} }

func (u *upsample) shape(x [][]int) []int {
	if len(x[0]) < 3 {
		panic(ShapeError{Op: "Upsample", Want: "(N, C, ...)", Got: x[0]})
	}
	y := slices.Clone(x[0])
	for d := range y[2:] {
		y[2+d] *= u.factor
	}
	return y
}

func (u *upsample) prepare(x, y *Tensor) (in, out, planes int) {
	if !slices.Equal(u.from, x.Shape[2:]) {
		u.from, u.source = slices.Clone(x.Shape[2:]), nearest(x.Shape[2:], y.Shape[2:])
	}
	return size(x.Shape[2:]), size(y.Shape[2:]), x.Shape[0] * x.Shape[1]
}

func (u *upsample) forward(c *call) {
	in, out, planes := u.prepare(c.x[0], c.y)
	kernels.Parallel(planes, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			for i, s := range u.source {
				c.y.Data[p*out+i] = c.x[0].Data[p*in+s]
			}
		}
	})
}

func (u *upsample) backward(c *call) {
	if c.dx[0] == nil {
		return
	}
	in, out, planes := u.prepare(c.x[0], c.dy)
	kernels.Parallel(planes, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			dx := c.dx[0].Data[p*in:][:in]
			clear(dx)
			for i, s := range u.source {
				dx[s] += c.dy.Data[p*out+i]
			}
		}
	})
}

// swap exchanges dimensions 1 and 2.
type swap struct{ plain }

// Graph implements Layer.
func (s *swap) Graph(g *Graph, x Value) Value { return g.add(s, x) }

func (*swap) stem() string   { return "swap" }
func (*swap) kind() string   { return "Swap" }
func (*swap) traits() traits { return traits{} }

func (*swap) shape(x [][]int) []int {
	if len(x[0]) < 3 {
		panic(ShapeError{Op: "Swap", Want: "(N, A, B, ...)", Got: x[0]})
	}
	y := slices.Clone(x[0])
	y[1], y[2] = y[2], y[1]
	return y
}

// transpose copies src (n, a, b, p) to dst (n, b, a, p).
func transpose(dst, src []float32, n, a, b, p int) {
	for k := range n * a * b {
		i, j := k/b%a, k%b
		copy(dst[((k/(a*b)*b+j)*a+i)*p:][:p], src[k*p:])
	}
}

func (*swap) forward(c *call) {
	s := c.x[0].Shape
	transpose(c.y.Data, c.x[0].Data, s[0], s[1], s[2], size(s[3:]))
}

func (*swap) backward(c *call) {
	if c.dx[0] != nil {
		s := c.dy.Shape
		transpose(c.dx[0].Data, c.dy.Data, s[0], s[1], s[2], size(s[3:]))
	}
}
