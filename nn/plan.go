package nn

import (
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// A plan is a graph laid out for one input shape: each value has its tensor, and tensors whose lives don't overlap
// share memory. Making one costs microseconds; running one allocates nothing.
type plan struct {
	steps   []*step
	values  []*Tensor
	grads   []*Tensor
	in, out *Tensor
	dIn     *Tensor
	views   [][2]*Tensor // views of the input
	train   bool
}

type step struct {
	node *node
	call call
	dead bool // no gradient reaches it
	// sums are made after backward: gradients of values that feed several operations.
	sums []gradSum
}

// gradSum is y = a + b.
type gradSum struct{ y, a, b *Tensor }

// input lays x under the values that are or view the model's input.
func (p *plan) input(x *Tensor) {
	p.in.Data = x.Data
	for _, v := range p.views {
		v[0].Data = v[1].Data
	}
}

func (s *step) forward() { s.node.op.forward(&s.call) }

func (s *step) backward() {
	if s.dead {
		return
	}
	s.node.op.backward(&s.call)
	for _, g := range s.sums {
		kernels.Add(g.y.Data, g.a.Data, g.b.Data)
	}
}

// request identifies a plan.
type request struct {
	train, inputGrad bool
	shape            [6]int
	keep             string
}

// planner simulates one pass to find out who needs which memory when.
type planner struct {
	*plan
	graph  *Graph
	pool   *slots
	reads  []int // outstanding reads of each value
	where  []int // slot of each value's tensor, -1 if none
	gwhere []int // slot of each gradient
	keep   map[int]bool
	req    request
}

func newPlan(g *Graph, out int, shape []int, r request, keep []int) (*plan, *slots) {
	p := &planner{
		plan:   &plan{values: make([]*Tensor, g.values), grads: make([]*Tensor, g.values), train: r.train},
		graph:  g,
		pool:   &slots{},
		reads:  make([]int, g.values),
		where:  make([]int, g.values),
		gwhere: make([]int, g.values),
		keep:   map[int]bool{out: true},
		req:    r,
	}
	for _, id := range keep {
		p.keep[id] = true
	}
	for i := range p.where {
		p.where[i], p.gwhere[i] = -1, -1
	}
	p.values[0] = &Tensor{Shape: slices.Clone(shape)}
	p.in = p.values[0]
	p.count()
	for _, n := range g.nodes {
		p.forward(n)
	}
	p.out = p.values[out]
	if r.train {
		p.grads[out] = p.tensor(p.out.Shape, &p.gwhere[out])
		for i := len(p.steps) - 1; i >= 0; i-- {
			p.backward(p.steps[i])
		}
		p.dIn = p.grads[0]
	}
	return p.plan, p.pool
}

func (p *planner) count() {
	for _, n := range p.graph.nodes {
		t := n.op.traits()
		for _, x := range n.in {
			p.reads[x]++
			if p.req.train && t.needX {
				p.reads[x]++
			}
		}
		if p.req.train && t.needY {
			p.reads[n.out]++
		}
	}
	p.reads[0]++ // the input is the caller's
	for id := range p.keep {
		p.reads[id]++
	}
}

func (p *planner) tensor(shape []int, slot *int) *Tensor {
	*slot = p.pool.take(size(shape))
	return p.pool.tensor(shape, *slot)
}

func (p *planner) done(v int) {
	if p.reads[v]--; p.reads[v] == 0 && p.where[v] >= 0 {
		p.pool.drop(p.where[v])
	}
}

func (p *planner) forward(n *node) {
	s := &step{node: n}
	shapes := make([][]int, len(n.in))
	for i, v := range n.in {
		s.call.x = append(s.call.x, p.values[v])
		shapes[i] = p.values[v].Shape
	}
	shape := named(n.name, func() []int { return n.op.shape(shapes) })
	p.values[n.out] = p.place(n, shape)
	s.call.y, s.call.train = p.values[n.out], p.req.train
	for _, v := range n.in {
		p.done(v)
	}
	if p.reads[n.out] == 0 {
		p.pool.drop(p.where[n.out])
	}
	p.steps = append(p.steps, s)
}

// place finds memory for a node's output: over its input if that is allowed and nobody reads the input again.
func (p *planner) place(n *node, shape []int) *Tensor {
	t, x := n.op.traits(), n.in[0]
	last := p.reads[x] == 1 && p.where[x] >= 0 && p.pool.alone(p.where[x])
	if t.view || t.inPlace && last && size(shape) == size(p.values[x].Shape) {
		p.where[n.out] = p.where[x]
		if p.where[x] < 0 { // a view of the model's input
			view := &Tensor{Shape: shape}
			p.pool.views = append(p.pool.views, [2]*Tensor{view, p.values[x]})
			return view
		}
		p.pool.share(p.where[x])
		return p.pool.tensor(shape, p.where[x])
	}
	return p.tensor(shape, &p.where[n.out])
}

func (p *planner) backward(s *step) {
	n, t := s.node, s.node.op.traits()
	if s.call.dy = p.grads[n.out]; s.call.dy == nil {
		s.dead = true
		return
	}
	s.call.dx = make([]*Tensor, len(n.in))
	slots := make([]int, len(n.in))
	for i, x := range n.in {
		if x != 0 || p.req.inputGrad {
			s.call.dx[i] = p.placeGrad(n, t, x, &slots[i])
		}
	}
	for i, x := range n.in { // only now, for memory freed here must not be under a dx of the same operation
		if g := s.call.dx[i]; g != nil {
			p.accumulate(s, x, g, slots[i], t.passGrad || t.view)
		}
	}
	p.pool.drop(p.gwhere[n.out])
	if t.needX {
		for _, x := range n.in {
			p.done(x)
		}
	}
	if t.needY {
		p.done(n.out)
	}
}

// accumulate adds g to the gradient that x has so far. If g lies over dy, it is not ours to change.
func (p *planner) accumulate(s *step, x int, g *Tensor, slot int, over bool) {
	if old := p.grads[x]; old != nil {
		y := g
		if over {
			shared := slot
			y = p.tensor(g.Shape, &slot)
			p.pool.drop(shared)
		}
		s.sums = append(s.sums, gradSum{y, g, old})
		p.pool.drop(p.gwhere[x])
		g = y
	}
	p.grads[x], p.gwhere[x] = g, slot
}

// placeGrad finds memory for the gradient of x: over dy if that is allowed.
func (p *planner) placeGrad(n *node, t traits, x int, slot *int) *Tensor {
	shape, dy := p.values[x].Shape, p.gwhere[n.out]
	over := t.view || t.passGrad || t.inPlace && len(n.in) == 1 && p.pool.alone(dy)
	if over && size(shape) == size(p.grads[n.out].Shape) {
		p.pool.share(dy)
		*slot = dy
		return p.pool.tensor(shape, dy)
	}
	return p.tensor(shape, slot)
}

// named adds the layer's name to what its operation refuses.
func named(name string, f func() []int) []int {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case ShapeError:
			r.Op += " " + name
			panic(r)
		case ConfigError:
			r.Op += " " + name
			panic(r)
		default:
			panic(r)
		}
	}()
	return f()
}
