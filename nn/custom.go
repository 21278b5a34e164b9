package nn

import "slices"

// Func makes a layer of two functions, for ideas that no layer here covers. forward returns y for x; backward returns
// dLoss/dx from x, y and dLoss/dy, and may be nil for a layer that is never trained through. Neither may change its
// arguments; y may be x under another shape.
//
//	swish := nn.Func("swish", func(x *nn.Tensor) *nn.Tensor { ... }, func(x, y, dy *nn.Tensor) *nn.Tensor { ... })
func Func(name string, forward func(x *Tensor) *Tensor, backward func(x, y, dy *Tensor) *Tensor) Layer {
	if forward == nil {
		refuse("Func", "%s has no forward function", name)
	}
	return &function{name: name, f: forward, b: backward}
}

// A Trainable is a layer of one's own with parameters; [Custom] puts it into a network.
type Trainable interface {
	// Forward returns the output for x.
	Forward(x *Tensor, train bool) *Tensor
	// Backward sets the parameters' gradients and returns dLoss/dx, after Forward with the same x.
	Backward(x, y, dy *Tensor) *Tensor
	// Params lists the parameters, made with [NewParam]; the same ones every time.
	Params() []*Param
}

// Custom makes a layer of a Trainable.
func Custom(name string, t Trainable) Layer {
	if t == nil {
		refuse("Custom", "%s is nil", name)
	}
	return &function{name: name, t: t}
}

// NewParam makes a parameter for a [Trainable], called name within its layer. Fans for initialisers are the first size
// and the product of the others.
func NewParam(name string, init Initializer, shape ...int) *Param {
	if len(shape) == 0 {
		refuse("NewParam", "%s has no shape", name)
	}
	checkInitializer("NewParam", init)
	return newParam(name, init, max(1, size(shape[1:])), shape[0], slices.Clone(shape)...)
}

type function struct {
	name string
	f    func(x *Tensor) *Tensor
	b    func(x, y, dy *Tensor) *Tensor
	t    Trainable
}

// Graph implements Layer.
func (l *function) Graph(g *Graph, x Value) Value { return g.add(l, x) }

func (l *function) stem() string       { return l.name }
func (l *function) kind() string       { return l.name }
func (l *function) traits() traits     { return traits{needX: true, needY: true} }
func (l *function) buffers() []*Buffer { return nil }

func (l *function) params() []*Param {
	if l.t == nil {
		return nil
	}
	return l.t.Params()
}

// shape runs the function once on zeros, for only it knows. Its parameters may not have values yet.
func (l *function) shape(x [][]int) []int {
	for _, p := range l.params() {
		p.ready(0, p.Name)
	}
	return slices.Clone(l.run(NewTensor(x[0]...), false).Shape)
}

func (l *function) run(x *Tensor, train bool) *Tensor {
	f := l.f
	if l.t != nil {
		f = func(x *Tensor) *Tensor { return l.t.Forward(x, train) }
	}
	y := f(x)
	if y == nil {
		refuse(l.name, "the forward function returns nil")
	}
	return y
}

func (l *function) forward(c *call) { l.store(c.y, l.run(c.x[0], c.train)) }

func (l *function) backward(c *call) {
	var dx *Tensor
	switch {
	case l.t != nil:
		dx = l.t.Backward(c.x[0], c.y, c.dy)
	case l.b == nil:
		refuse(l.name, "has no backward function, so nothing before it can be trained")
	default:
		dx = l.b(c.x[0], c.y, c.dy)
	}
	if c.dx[0] != nil {
		l.store(c.dx[0], dx)
	}
}

// store copies what the function returned to where the plan wants it.
func (l *function) store(to, from *Tensor) {
	if from == nil || !slices.Equal(to.Shape, from.Shape) {
		var got []int
		if from != nil {
			got = from.Shape
		}
		panic(ShapeError{Op: l.name, Want: shapeString(to.Shape), Got: got, What: "the returned tensor"})
	}
	copy(to.Data, from.Data)
}
