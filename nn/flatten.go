package nn

// Flatten turns (N, ...) into (N, everything else).
func Flatten() Layer { return &flatten{} }

type flatten struct{ plain }

func (f *flatten) Graph(g *Graph, x Value) Value { return g.add(f, x) }

func (*flatten) stem() string          { return "flatten" }
func (*flatten) kind() string          { return "Flatten" }
func (*flatten) shape(x [][]int) []int { return []int{x[0][0], size(x[0][1:])} }
func (*flatten) traits() traits        { return traits{view: true} }
func (*flatten) forward(*call)         {}
func (*flatten) backward(*call)        {}

// Reshape turns (N, ...) into (N, shape...), which must have as many numbers; one size may be -1.
// It panics with a ConfigError for other sizes below 1.
func Reshape(shape ...int) Layer {
	free := 0
	for _, d := range shape {
		if d == -1 {
			free++
		}
		if d < 1 && d != -1 || free > 1 {
			refuse("Reshape", "the shape is %s, want sizes of 1 or more and at most one -1", shapeString(shape))
		}
	}
	return &reshape{to: shape}
}

type reshape struct{ to []int }

// Graph implements Layer.
func (r *reshape) Graph(g *Graph, x Value) Value { return g.add(r, x) }

func (*reshape) stateless()         {}
func (*reshape) params() []*Param   { return nil }
func (*reshape) buffers() []*Buffer { return nil }
func (*reshape) stem() string       { return "reshape" }
func (*reshape) kind() string       { return "Reshape" }
func (*reshape) traits() traits     { return traits{view: true} }
func (*reshape) forward(*call)      {}
func (*reshape) backward(*call)     {}

func (r *reshape) shape(x [][]int) []int {
	to := append([]int{x[0][0]}, r.to...)
	rest, free := 1, -1
	for i, d := range to {
		if d < 0 {
			free = i
			continue
		}
		rest *= d
	}
	if free > 0 && rest > 0 {
		to[free] = size(x[0]) / rest
		rest *= to[free]
	}
	if rest != size(x[0]) {
		panic(ShapeError{Op: "Reshape", Want: "as many numbers as (N, " + shapeString(r.to)[1:], Got: x[0]})
	}
	return to
}
