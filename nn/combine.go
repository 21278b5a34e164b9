package nn

import (
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// sum adds any number of tensors of one shape.
type sum struct{ plain }

func (*sum) kind() string   { return "Add" }
func (*sum) traits() traits { return traits{inPlace: true, passGrad: true} }

func (o *sum) shape(x [][]int) []int {
	for _, s := range x[1:] {
		if !slices.Equal(s, x[0]) {
			panic(ShapeError{Op: "Add", Want: shapeString(x[0]) + " as the first", Got: s, What: "another input"})
		}
	}
	return x[0]
}

func (*sum) forward(c *call) {
	if len(c.x) == 1 {
		copy(c.y.Data, c.x[0].Data)
		return
	}
	kernels.Add(c.y.Data, c.x[0].Data, c.x[1].Data)
	for _, x := range c.x[2:] {
		kernels.Add(c.y.Data, c.y.Data, x.Data)
	}
}

func (*sum) blocked([][]int) (wants, can bool) { return false, true }
func (*sum) unblocks() bool                    { return false }

func (*sum) backward(*call) {} // every dx lies over dy

// concat joins tensors along the channels.
type concat struct{ plain }

func (*concat) kind() string   { return "Concat" }
func (*concat) traits() traits { return traits{} }

func (*concat) shape(x [][]int) []int {
	y := slices.Clone(x[0])
	for _, s := range x[1:] {
		if len(s) != len(y) || s[0] != y[0] || !slices.Equal(s[2:], y[2:]) {
			panic(ShapeError{Op: "Concat", Want: "the shape of " + shapeString(x[0]) + " but for the channels", Got: s})
		}
		y[1] += s[1]
	}
	return y
}

func (*concat) forward(c *call)  { c.concat(func(y, x []float32) { copy(y, x) }, c.y, c.x) }
func (*concat) backward(c *call) { c.concat(func(dy, dx []float32) { copy(dx, dy) }, c.dy, c.dx) }

// concat pairs the rows of the joined tensor with those of its parts; nil parts are left out.
func (c *call) concat(pair func(whole, part []float32), whole *Tensor, parts []*Tensor) {
	row := len(whole.Data) / max(whole.Shape[0], 1)
	at := 0
	for i, t := range parts {
		n := len(c.x[i].Data) / max(whole.Shape[0], 1)
		if t != nil {
			for b := range whole.Shape[0] {
				pair(whole.Data[b*row+at:][:n], t.Data[b*n:][:n])
			}
		}
		at += n
	}
}

// scale multiplies the channels of x (N, C, ...) by s (N, C).
type scale struct{ plain }

func (*scale) kind() string   { return "Scale" }
func (*scale) traits() traits { return traits{needX: true} }

func (*scale) shape(x [][]int) []int {
	if s := x[1]; len(x[0]) < 2 || size(s) != x[0][0]*x[0][1] {
		panic(ShapeError{Op: "Scale", Want: "one factor for each channel of " + shapeString(x[0]), Got: s})
	}
	return x[0]
}

func (*scale) blocked(x [][]int) (wants, can bool) { return false, len(x[0]) == 4 }
func (*scale) unblocks() bool                      { return false }
func (*scale) restIsPlain()                        {}

// vectors calls f for every vector of x whose elements share factors: a plane, or with width Block the pixels of a block
// of channels. first is the index of its first factor.
func (*scale) vectors(c *call, f func(lo, hi, first, width int)) {
	channels, spatial := c.x[0].Shape[1], size(c.x[0].Shape[2:])
	width := 1
	if c.blocked {
		width = kernels.Block
	}
	units := (channels + width - 1) / width
	kernels.Parallel(c.x[0].Shape[0]*units, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			first := i/units*channels + i%units*width
			f(i*spatial*width, (i+1)*spatial*width, first, min(width, channels-i%units*width))
		}
	})
}

func (o *scale) forward(c *call) {
	x, s, y := c.x[0].Data, c.x[1].Data, c.y.Data
	o.vectors(c, func(lo, hi, first, width int) {
		if !c.blocked {
			for i, v := range x[lo:hi] {
				y[lo+i] = v * s[first]
			}
			return
		}
		for p := lo; p < hi; p += kernels.Block {
			clear(y[p : p+kernels.Block])
			for l, f := range s[first : first+width] {
				y[p+l] = x[p+l] * f
			}
		}
	})
}

func (o *scale) backward(c *call) {
	x, s, dy := c.x[0].Data, c.x[1].Data, c.dy.Data
	o.vectors(c, func(lo, hi, first, width int) {
		step := 1
		if c.blocked {
			step = kernels.Block
		}
		var dots [kernels.Block]float64
		for p := lo; p < hi; p += step {
			if c.dx[0] != nil {
				clear(c.dx[0].Data[p : p+step])
			}
			for l, f := range s[first : first+width] {
				d := dy[p+l]
				dots[l] += float64(d) * float64(x[p+l])
				if c.dx[0] != nil {
					c.dx[0].Data[p+l] = d * f
				}
			}
		}
		if c.dx[1] != nil {
			for l := range width {
				c.dx[1].Data[first+l] = float32(dots[l])
			}
		}
	})
}

// product multiplies two tensors of one shape.
type product struct{ plain }

func (*product) kind() string   { return "Mul" }
func (*product) traits() traits { return traits{needX: true} }

func (*product) shape(x [][]int) []int {
	if !slices.Equal(x[0], x[1]) {
		panic(ShapeError{Op: "Mul", Want: shapeString(x[0]), Got: x[1]})
	}
	return x[0]
}

func (*product) forward(c *call) {
	for i, v := range c.x[0].Data {
		c.y.Data[i] = v * c.x[1].Data[i]
	}
}

func (*product) backward(c *call) {
	for k, dx := range c.dx {
		if dx == nil {
			continue
		}
		other := c.x[1-k].Data
		for i, d := range c.dy.Data {
			dx.Data[i] = d * other[i]
		}
	}
}

// broadcast is product, or scale if the second tensor has one number for each channel of the first.
type broadcast struct{ plain }

func (*broadcast) kind() string       { return "Mul" }
func (*broadcast) traits() traits     { return traits{needX: true} }
func (b *broadcast) forward(c *call)  { b.choose(c).forward(c) }
func (b *broadcast) backward(c *call) { b.choose(c).backward(c) }

func (b *broadcast) shape(x [][]int) []int {
	if slices.Equal(x[0], x[1]) {
		return x[0]
	}
	return (&scale{}).shape(x)
}

func (*broadcast) choose(c *call) op {
	if slices.Equal(c.x[0].Shape, c.x[1].Shape) {
		return &product{}
	}
	return &scale{}
}
