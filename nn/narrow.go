package nn

import (
	"fmt"
	"slices"
)

// Slice takes channels from to to-1 of x (N, C, ...).
func (g *Graph) Slice(name string, x Value, from, to int) Value {
	if from < 0 || to <= from {
		refuse("Slice", "channels %d to %d, want at least one", from, to)
	}
	return g.combine(name, &narrow{from: from, to: to}, []Value{x})
}

// narrow takes some of the channels.
type narrow struct{ from, to int }

// Graph implements Layer.
func (n *narrow) Graph(g *Graph, x Value) Value { return g.add(n, x) }

func (*narrow) stem() string       { return "slice" }
func (*narrow) stateless()         {}
func (*narrow) params() []*Param   { return nil }
func (*narrow) buffers() []*Buffer { return nil }
func (*narrow) kind() string       { return "Slice" }
func (*narrow) traits() traits     { return traits{} }

// String shows the configuration.
func (n *narrow) String() string { return fmt.Sprintf("Slice(%d:%d)", n.from, n.to) }

func (n *narrow) shape(x [][]int) []int {
	if len(x[0]) < 2 || x[0][1] < n.to {
		panic(ShapeError{Op: "Slice", Want: fmt.Sprintf("%d channels or more", n.to), Got: x[0]})
	}
	y := slices.Clone(x[0])
	y[1] = n.to - n.from
	return y
}

// rows pairs each example's part with where it lies in the whole.
func (n *narrow) rows(whole, part *Tensor, f func(whole, part []float32)) {
	row, width := size(whole.Shape[1:]), size(part.Shape[1:])
	at := n.from * size(whole.Shape[2:])
	for i := range whole.Shape[0] {
		f(whole.Data[i*row+at:][:width], part.Data[i*width:][:width])
	}
}

func (n *narrow) forward(c *call) {
	n.rows(c.x[0], c.y, func(whole, part []float32) { copy(part, whole) })
}

func (n *narrow) backward(c *call) {
	if c.dx[0] == nil {
		return
	}
	clear(c.dx[0].Data)
	n.rows(c.dx[0], c.dy, func(whole, part []float32) { copy(whole, part) })
}
