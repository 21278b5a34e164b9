package nn

import (
	"math"

	"github.com/groupnb/groupnb/kernels"
)

// Softmax turns the channels (dimension 1) at each position into shares that sum to 1. A classifier that is trained with
// [CrossEntropy] does without: the loss applies it.
func Softmax() Layer { return &softmax{} }

// LogSoftmax is the logarithm of [Softmax], without overflow.
func LogSoftmax() Layer { return &softmax{log: true} }

type softmax struct {
	log bool
}

// Graph implements Layer.
func (s *softmax) Graph(g *Graph, x Value) Value { return g.add(s, x) }

func (*softmax) stateless()         {}
func (*softmax) params() []*Param   { return nil }
func (*softmax) buffers() []*Buffer { return nil }
func (*softmax) stem() string       { return "softmax" }
func (*softmax) traits() traits     { return traits{needY: true} }

func (s *softmax) kind() string {
	if s.log {
		return "LogSoftmax"
	}
	return "Softmax"
}

func (s *softmax) shape(x [][]int) []int {
	if len(x[0]) < 2 || x[0][1] < 1 {
		panic(ShapeError{Op: s.kind(), Want: "(N, C, ...)", Got: x[0]})
	}
	return x[0]
}

// columns calls f for every position with the offset of its first channel and the distance between channels.
func columns(shape []int, f func(first, stride, channels int)) {
	stride := size(shape[2:])
	kernels.Parallel(shape[0]*stride, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			f(i/stride*shape[1]*stride+i%stride, stride, shape[1])
		}
	})
}

func (s *softmax) forward(c *call) {
	x, y := c.x[0].Data, c.y.Data
	columns(c.y.Shape, func(first, stride, channels int) {
		top, total := math.Inf(-1), 0.0
		for k := range channels {
			top = max(top, float64(x[first+k*stride]))
		}
		for k := range channels {
			total += math.Exp(float64(x[first+k*stride]) - top)
		}
		shift := top + math.Log(total)
		for k := range channels {
			v := float64(x[first+k*stride]) - shift
			if !s.log {
				v = math.Exp(v)
			}
			y[first+k*stride] = float32(v)
		}
	})
}

func (s *softmax) backward(c *call) {
	if c.dx[0] == nil {
		return
	}
	y, dy, dx := c.y.Data, c.dy.Data, c.dx[0].Data
	columns(c.y.Shape, func(first, stride, channels int) {
		var sum float64
		for k := range channels {
			i := first + k*stride
			if s.log {
				sum += float64(dy[i])
			} else {
				sum += float64(dy[i]) * float64(y[i])
			}
		}
		for k := range channels {
			i := first + k*stride
			if s.log {
				dx[i] = float32(float64(dy[i]) - math.Exp(float64(y[i]))*sum)
			} else {
				dx[i] = float32(float64(y[i]) * (float64(dy[i]) - sum))
			}
		}
	})
}
