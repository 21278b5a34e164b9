package nn

import (
	"fmt"
	"reflect"
	"strings"
)

// A Layer is a piece of a network: a convolution, a block, a whole model.
//
// Graph adds the layer behind x to g and returns its output. A layer made of others writes
//
//	func (b *branches) Graph(g *nn.Graph, x nn.Value) nn.Value {
//		y := g.Layer("conv", b.conv, x)
//		return g.Sum("add", y, x)
//	}
//
// A layer that computes by itself is made with [Func].
type Layer interface {
	Graph(g *Graph, x Value) Value
}

// A Value stands for the tensor that flows along one edge of a Graph.
type Value struct {
	id int
	of *Graph
}

// A Graph is a network under construction: operations in the order in which they run.
type Graph struct {
	nodes  []*node
	values int
	names  []string       // of layers, in order
	output map[string]int // layer name -> id of its output
	owner  map[op]string  // where each operation stands
	inner  []string       // outermost layers whose inside may be forgotten
	path   string
}

// node applies an operation to values.
type node struct {
	name string
	op   op
	in   []int
	out  int
}

func newGraph() (*Graph, Value) {
	g := &Graph{values: 1, output: map[string]int{}, owner: map[op]string{}}
	return g, Value{0, g}
}

// Layer adds l behind x under a name, which is unique within the layer that contains it, and returns l's output.
func (g *Graph) Layer(name string, l Layer, x Value) Value {
	if isNil(l) {
		refuse("Sequential", "%s is nil", g.join(name))
	}
	if name == "" { // the layer stands for those that it consists of
		return l.Graph(g, x)
	}
	outer := g.path
	g.path = g.join(name)
	defer func() { g.path = outer }()
	if strings.Count(g.path, ".") >= deepest {
		refuse("Sequential", "layers are nested %d deep in %s...; does one contain itself?", deepest, summit(g.path))
	}
	at := len(g.names)
	g.names = append(g.names, g.path)
	g.markSegment(l)
	y := l.Graph(g, x)
	g.check(y)
	if _, taken := g.output[g.path]; taken {
		refuse("Sequential", "two layers are called %s", g.names[at])
	}
	g.output[g.path] = y.id
	return y
}

// deepest is how many layers may contain each other.
const deepest = 100

// summit is the beginning of a long path.
func summit(path string) string { return path[:min(len(path), 60)] }

// isNil says that there is no layer: nil, or a pointer that is.
func isNil(l Layer) bool {
	if n, ok := l.(namedLayer); ok {
		l = n.Layer
	}
	v := reflect.ValueOf(l)
	return l == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

// check refuses a value that does not flow through g.
func (g *Graph) check(x Value) {
	if x.of != g {
		refuse("Graph", "%s: a value is the zero Value or belongs to another network", g.path)
	}
}

// markSegment notes l unless it is inside a layer that was noted.
func (g *Graph) markSegment(l Layer) {
	if n, ok := l.(namedLayer); ok {
		l = n.Layer
	}
	if _, ok := l.(segmented); !ok {
		return
	}
	for _, s := range g.inner {
		if strings.HasPrefix(g.path, s+".") {
			return
		}
	}
	g.inner = append(g.inner, g.path)
}

func (g *Graph) join(name string) string {
	if g.path == "" {
		return name
	}
	return g.path + "." + name
}

// Sum adds the values elementwise; their shapes must agree.
func (g *Graph) Sum(name string, x ...Value) Value { return g.combine(name, &sum{}, x) }

// Concat joins the values along the channels (dimension 1); all other sizes must agree.
func (g *Graph) Concat(name string, x ...Value) Value { return g.combine(name, &concat{}, x) }

// Scale multiplies each channel of x (N, C, ...) by its factor in s (N, C).
func (g *Graph) Scale(name string, x, s Value) Value { return g.combine(name, &scale{}, []Value{x, s}) }

// Mul multiplies two values of one shape elementwise.
func (g *Graph) Mul(name string, x, y Value) Value { return g.combine(name, &product{}, []Value{x, y}) }

func (g *Graph) combine(name string, o op, x []Value) Value {
	outer := g.path
	g.path = g.join(name)
	defer func() { g.path = outer }()
	if _, taken := g.output[g.path]; taken {
		refuse("Graph", "two layers are called %s", g.path)
	}
	g.names = append(g.names, g.path)
	y := g.add(o, x...)
	g.output[g.path] = y.id
	return y
}

// add appends an operation under the current path.
func (g *Graph) add(o op, x ...Value) Value {
	if _, free := o.(interface{ stateless() }); !free {
		if where, twice := g.owner[o]; twice {
			refuse(o.kind(), "%s is also %s; a layer has one place, make another for the second", g.path, where)
		}
		g.owner[o] = g.path
	}
	in := make([]int, len(x))
	for i, v := range x {
		g.check(v)
		in[i] = v.id
	}
	out := g.values
	g.values++
	g.nodes = append(g.nodes, &node{g.path, o, in, out})
	return Value{out, g}
}

// An op computes. Its shapes include the batch; it panics with a ShapeError for inputs it can't take.
type op interface {
	kind() string
	shape(x [][]int) []int
	params() []*Param
	buffers() []*Buffer
	traits() traits
	forward(c *call)  // fills c.y
	backward(c *call) // fills each c.dx that is not nil and the parameters' gradients
}

// traits say which tensors an op touches, so that the plan can share their memory.
type traits struct {
	needX, needY bool // backward reads x, y
	firstOnly    bool // of several x it reads the first only
	inPlace      bool // y may lie over x, and dx over dy
	view         bool // y is x under another shape
	passGrad     bool // every dx equals dy
}

// call holds the tensors of one application of an op.
type call struct {
	x, dx   []*Tensor // under their logical shapes, in whichever format
	y, dy   *Tensor
	train   bool
	again   bool // the second forward pass of the same batch
	blocked bool // x is in the blocked layout, and y unless the op unblocks
	stem    bool // x is plain and y is in the blocked layout
	add     bool // to what is in dx[0]
}

// plain is what operations without parameters or state share; one such operation may stand in many places.
type plain struct{}

func (plain) stateless() {}

func (plain) params() []*Param   { return nil }
func (plain) buffers() []*Buffer { return nil }

// counter is an op that knows how many multiply-adds a forward pass takes.
type counter interface {
	macs(x [][]int, y []int) int64
}

// stemmer is a layer with a name for [Sequential] to number: conv1, conv2, bn1.
type stemmer interface{ stem() string }

func (g *Graph) find(name string) (int, error) {
	id, ok := g.output[name]
	if !ok {
		return 0, fmt.Errorf("the model has no layer %q; its layers are %s", name, summarise(g.names))
	}
	return id, nil
}

func summarise(names []string) string {
	const most = 40
	if len(names) > most {
		return fmt.Sprintf("%q and %d more", names[:most], len(names)-most)
	}
	return fmt.Sprintf("%q", names)
}
