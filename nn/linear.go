package nn

import (
	"fmt"

	"github.com/groupnb/groupnb/kernels"
)

// A LinearLayer computes y = x·Wᵀ + b. Weight is (Out, In), Bias (Out) or nil.
type LinearLayer struct {
	In, Out      int
	Weight, Bias *Param
}

// Linear maps (N, in) to (N, out). Options: NoBias, Init, BiasInit; starts as PyTorch does.
func Linear(in, out int, opts ...Option) *LinearLayer {
	o := configure("Linear", convDefaults(), opts, "NoBias", "Init", "BiasInit")
	if in < 1 || out < 1 {
		refuse("Linear", "%d inputs and %d outputs, want 1 or more of each", in, out)
	}
	l := &LinearLayer{In: in, Out: out, Weight: newParam("weight", o.init, in, out, out, in)}
	if o.bias {
		l.Bias = newParam("bias", o.biasInit, in, out, out)
	}
	return l
}

// Graph implements Layer.
func (l *LinearLayer) Graph(g *Graph, x Value) Value { return g.add(l, x) }

func (l *LinearLayer) stem() string       { return "fc" }
func (l *LinearLayer) kind() string       { return "Linear" }
func (l *LinearLayer) traits() traits     { return traits{needX: true} }
func (l *LinearLayer) buffers() []*Buffer { return nil }

// String shows the configuration: Linear(64, 10).
func (l *LinearLayer) String() string { return fmt.Sprintf("Linear(%d, %d)", l.In, l.Out) }

func (l *LinearLayer) params() []*Param {
	if l.Bias == nil {
		return []*Param{l.Weight}
	}
	return []*Param{l.Weight, l.Bias}
}

func (l *LinearLayer) shape(x [][]int) []int {
	if s := x[0]; len(s) != 2 || s[1] != l.In {
		panic(ShapeError{Op: "Linear", Want: fmt.Sprintf("(N, %d)", l.In), Got: s})
	}
	return []int{x[0][0], l.Out}
}

func (l *LinearLayer) macs([][]int, []int) int64 { return int64(l.In) * int64(l.Out) }

func (l *LinearLayer) kernel(n int) kernels.Linear { return kernels.Linear{N: n, In: l.In, Out: l.Out} }

func (l *LinearLayer) forward(c *call) {
	var b []float32
	if l.Bias != nil {
		b = l.Bias.Value.Data
	}
	l.kernel(c.y.Shape[0]).Forward(c.y.Data, c.x[0].Data, l.Weight.Value.Data, b)
}

func (l *LinearLayer) backward(c *call) {
	k := l.kernel(c.y.Shape[0])
	var db []float32
	if l.Bias != nil {
		db = l.Bias.Grad.Data
	}
	k.BackwardWeights(l.Weight.Grad.Data, db, c.x[0].Data, c.dy.Data)
	if c.dx[0] != nil {
		k.BackwardData(c.dx[0].Data, c.dy.Data, l.Weight.Value.Data)
	}
}
