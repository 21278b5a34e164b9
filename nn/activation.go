package nn

import "github.com/groupnb/groupnb/kernels"

// ReLU is max(x, 0), elementwise.
func ReLU() Layer { return &relu{} }

type relu struct{ plain }

func (r *relu) Graph(g *Graph, x Value) Value { return g.add(r, x) }

func (*relu) stem() string          { return "relu" }
func (*relu) kind() string          { return "ReLU" }
func (*relu) shape(x [][]int) []int { return x[0] }
func (*relu) traits() traits        { return traits{needY: true, inPlace: true} }
func (*relu) forward(c *call)       { kernels.ReLU(c.y.Data, c.x[0].Data) }

func (*relu) backward(c *call) {
	if c.dx[0] != nil {
		kernels.ReLUBackward(c.dx[0].Data, c.dy.Data, c.y.Data)
	}
}
