package nn

import (
	"fmt"
	"slices"
	"strings"
)

// A Model is a network with its weights. It is itself a Layer, so models nest.
type Model struct {
	layers  []Layer
	indexed bool
	seed    uint64

	graph  *Graph
	output int
	plans  map[request]*plan
	arena  arena
	last   *plan // ran forward last
	ready  bool

	fixings int64 // when the plans were made

	recompute bool
}

// Sequential chains layers: each one's output is the next one's input. Layers are named by kind and number (conv1, bn1,
// relu1, block1, conv2 ...) unless [Named] gives another name. Weights start from seed 1, see [Model.Init].
// It panics with a ConfigError if a layer is nil or occurs twice.
func Sequential(layers ...Layer) *Model { return newModel(slices.Clone(layers), false) }

// Stack is [Sequential] with the layers named 0, 1, 2 ... as PyTorch does; for use inside other models.
func Stack(layers ...Layer) *Model { return newModel(slices.Clone(layers), true) }

func newModel(layers []Layer, indexed bool) *Model {
	m := &Model{layers: layers, indexed: indexed, seed: 1, plans: map[request]*plan{}}
	g, x := newGraph()
	m.graph, m.output = g, m.Graph(g, x).id
	return m
}

// Named gives a layer a name of its own. It panics with a ConfigError if the name is empty.
func Named(name string, l Layer) Layer {
	if name == "" {
		refuse("Named", "the name is empty")
	}
	return namedLayer{name, l}
}

type namedLayer struct {
	name string
	Layer
}

// Graph implements Layer.
func (m *Model) Graph(g *Graph, x Value) Value {
	count := map[string]int{}
	for i, l := range m.layers {
		x = g.Layer(m.nameOf(i, l, count), l, x)
	}
	return x
}

func (m *Model) nameOf(i int, l Layer, count map[string]int) string {
	if n, ok := l.(namedLayer); ok {
		return n.name
	}
	if m.indexed {
		return fmt.Sprint(i)
	}
	stem := "layer"
	if s, ok := l.(stemmer); ok {
		stem = s.stem()
	}
	count[stem]++
	return fmt.Sprintf("%s%d", stem, count[stem])
}

func (m *Model) stem() string { return "seq" }

// Layers lists the names of all layers, those inside blocks too, in the order in which they run.
func (m *Model) Layers() []string { return slices.Clone(m.graph.names) }

// Init gives all parameters new values that depend on seed and the parameters' names, and resets running statistics.
func (m *Model) Init(seed uint64) *Model {
	m.seed = seed
	m.prepare()
	m.name()
	for _, n := range m.graph.nodes {
		for _, p := range n.op.params() {
			p.fill(seed, p.Name)
		}
		if r, ok := n.op.(interface{ reset() }); ok {
			r.reset()
		}
	}
	return m
}

// prepare names parameters and allocates those that have no value yet.
func (m *Model) prepare() {
	if m.ready {
		return
	}
	m.name()
	for _, n := range m.graph.nodes {
		for _, p := range n.op.params() {
			p.ready(m.seed, p.Name)
		}
	}
	m.ready = true
}

// name gives parameters and buffers the names they have in this model; another model with the same layers may have
// given them others.
func (m *Model) name() {
	for _, n := range m.graph.nodes {
		for _, p := range n.op.params() {
			p.Name = n.name + "." + p.local
		}
		for _, b := range n.op.buffers() {
			b.Name = n.name + "." + b.local
		}
	}
}

// Params lists the parameters in the order of the layers. Changing a Value changes the model.
func (m *Model) Params() []*Param {
	m.prepare()
	m.name()
	var all []*Param
	for _, n := range m.graph.nodes {
		all = append(all, n.op.params()...)
	}
	return all
}

// Buffers lists the running statistics in the order of the layers.
func (m *Model) Buffers() []*Buffer {
	m.prepare()
	m.name()
	var all []*Buffer
	for _, n := range m.graph.nodes {
		all = append(all, n.op.buffers()...)
	}
	return all
}

// Param returns the parameter of that name ("block1.conv2.weight"); it panics with a ConfigError if there is none.
func (m *Model) Param(name string) *Param {
	var names []string
	for _, p := range m.Params() {
		if p.Name == name {
			return p
		}
		names = append(names, p.Name)
	}
	refuse("Model", "no parameter %q; there are %s", name, summarise(names))
	return nil
}

// NoDecay keeps weight decay away from parameters whose names end in one of the suffixes, and returns the model.
// Without suffixes it spares biases and normalisations: everything of one dimension.
func (m *Model) NoDecay(suffixes ...string) *Model {
	for _, p := range m.Params() {
		spare := len(suffixes) == 0 && len(p.Shape) == 1
		for _, s := range suffixes {
			spare = spare || strings.HasSuffix(p.Name, s)
		}
		p.NoDecay = p.NoDecay || spare
	}
	return m
}

// Forward computes the output for x, whose first dimension is the batch. With train, normalisations use the batch's
// statistics and update the running ones, and [Model.Backward] may follow. It panics with a ShapeError if x does not fit.
func (m *Model) Forward(x *Tensor, train bool) *Tensor {
	x.check("Model")
	return m.run(x, m.plan(x.Shape, train, train)).Clone()
}

// Backward takes the gradient of the loss with respect to the output of the last Forward(x, true), sets the gradient of
// every parameter, and returns the gradient with respect to x. It panics with a ConfigError if no such Forward precedes.
func (m *Model) Backward(dy *Tensor) *Tensor {
	p := m.last
	if p == nil || !p.train || p.dIn == nil {
		refuse("Backward", "must directly follow Forward(x, true)")
	}
	dy.check("Backward")
	if !slices.Equal(dy.Shape, p.out.Shape) {
		panic(ShapeError{Op: "Backward", Want: shapeString(p.out.Shape), Got: dy.Shape})
	}
	copy(p.dOut.Data, dy.Data)
	m.back(p)
	return p.dIn.Clone()
}

// plan finds or makes the plan for a batch of that shape. Values in keep stay readable after the forward pass.
func (m *Model) plan(shape []int, train, inputGrad bool, keep ...int) *plan {
	m.prepare()
	r := request{train: train, inputGrad: inputGrad, recompute: m.recompute}
	if len(keep) > 0 {
		r.keep = fmt.Sprint(keep)
	}
	if copy(r.shape[:], shape) < len(shape) {
		panic(ShapeError{Op: "Model", Want: "at most 6 dimensions", Got: shape})
	}
	if now := fixings.Load(); now != m.fixings {
		clear(m.plans)
		m.fixings = now
	}
	if p, ok := m.plans[r]; ok {
		return p
	}
	p, slots := newPlan(compile(m.graph, shape, append([]int{m.output}, keep...)), m.output, r)
	if room := slots.place(); room > len(m.arena.memory) {
		clear(m.plans) // they lie in the old memory
		m.last = nil
		m.arena.grow(room)
	}
	m.arena.bind(slots)
	m.plans[r] = p
	return p
}

func (m *Model) run(x *Tensor, p *plan) *Tensor {
	p.input(x)
	for _, s := range p.steps {
		s.forward()
	}
	m.last = p
	return p.out
}

func (m *Model) back(p *plan) {
	for _, s := range p.back {
		s.backward()
	}
	m.last = nil
}

// Apply runs a single layer on x as in evaluation; a short way to see what a layer does.
func Apply(l Layer, x *Tensor) *Tensor { return Sequential(l).Forward(x, false) }
