package nn

import "fmt"

// match brings two activations of the same images to one size by repeating the pixels of the smaller.
func (c *Correlation) match(a, b *Tensor) (*Tensor, *Tensor) {
	if len(a.Shape) < 2 || len(a.Shape) != len(b.Shape) || a.Shape[0] != b.Shape[0] {
		panic(ShapeError{Op: "Correlation.Add", Want: fmt.Sprintf("activations of the same images as %s", shapeString(a.Shape)), Got: b.Shape})
	}
	if size(a.Shape[2:]) < size(b.Shape[2:]) {
		return c.enlarge(a, b.Shape[2:]), b
	}
	return a, c.enlarge(b, a.Shape[2:])
}

// enlarge repeats pixels until x (N, C, spatial...) has the given spatial size, nearest neighbour, as PyTorch does.
func (c *Correlation) enlarge(x *Tensor, to []int) *Tensor {
	from := x.Shape[2:]
	same := true
	for d := range from {
		same = same && from[d] == to[d]
	}
	if same {
		return x
	}
	y := &c.resample
	y.fit(append([]int{x.Shape[0], x.Shape[1]}, to...))
	planes, in, out := x.Shape[0]*x.Shape[1], size(from), size(to)
	source := nearest(from, to)
	for p := range planes {
		for i, s := range source {
			y.Data[p*out+i] = x.Data[p*in+s]
		}
	}
	return y
}

// nearest gives, for every position of a grid of size to, the position of the grid from that covers it.
func nearest(from, to []int) []int {
	index := make([]int, size(to))
	for i := range index {
		rest, at, step := i, 0, 1
		for d := len(to) - 1; d >= 0; d-- {
			at += rest % to[d] * from[d] / to[d] * step
			rest /= to[d]
			step *= from[d]
		}
		index[i] = at
	}
	return index
}
