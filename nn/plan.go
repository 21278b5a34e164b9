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
	dOut    *Tensor
	kept    map[int]int  // value -> value that can be read after the pass
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
	prog   *program
	pool   *slots
	reads  []int // outstanding reads of each value
	where  []int // slot of each value's tensor, -1 if none
	gwhere []int // slot of each gradient
	req    request
}

func newPlan(prog *program, out int, r request) (*plan, *slots) {
	values := len(prog.shapes)
	p := &planner{
		plan:   &plan{values: make([]*Tensor, values), grads: make([]*Tensor, values), kept: prog.kept, train: r.train},
		prog:   prog,
		pool:   &slots{},
		reads:  make([]int, values),
		where:  make([]int, values),
		gwhere: make([]int, values),
		req:    r,
	}
	for i := range p.where {
		p.where[i], p.gwhere[i] = -1, -1
	}
	p.in = &Tensor{Shape: slices.Clone(prog.shapes[0])}
	p.values[0] = p.in
	p.count()
	for _, n := range prog.nodes {
		p.forward(n)
	}
	out = prog.kept[out]
	p.out = p.values[out]
	if r.train {
		p.dOut = p.memory(out, &p.gwhere[out])
		p.grads[out] = p.dOut
		for i := len(p.steps) - 1; i >= 0; i-- {
			p.backward(p.steps[i])
		}
		p.dIn = p.grads[0]
	}
	return p.plan, p.pool
}

// readsOf counts how often input i of a node is read.
func (p *planner) readsOf(t traits, i int) int {
	if p.req.train && t.needX && (i == 0 || !t.firstOnly) {
		return 2
	}
	return 1
}

func (p *planner) count() {
	for _, n := range p.prog.nodes {
		t := n.op.traits()
		for i, x := range n.in {
			p.reads[x] += p.readsOf(t, i)
		}
		if p.req.train && t.needY {
			p.reads[n.out]++
		}
	}
	p.reads[0]++ // the input is the caller's
	for _, id := range p.prog.kept {
		p.reads[id]++
	}
}

// memory finds room for a tensor like v, its value or its gradient.
func (p *planner) memory(v int, slot *int) *Tensor {
	*slot = p.pool.take(p.prog.room(v))
	return p.pool.tensor(p.prog.shapes[v], p.prog.room(v), *slot)
}

func (p *planner) done(v int) {
	if p.reads[v]--; p.reads[v] == 0 && p.where[v] >= 0 {
		p.pool.drop(p.where[v])
	}
}

func (p *planner) forward(n *node) {
	s := &step{node: n}
	for _, v := range n.in {
		s.call.x = append(s.call.x, p.values[v])
	}
	p.values[n.out] = p.place(n)
	s.call.y, s.call.train = p.values[n.out], p.req.train
	s.call.blocked = p.prog.form[n.in[0]] == blockedFormat
	for _, v := range n.in {
		p.done(v)
	}
	if p.reads[n.out] == 0 {
		p.pool.drop(p.where[n.out])
	}
	p.steps = append(p.steps, s)
}

// place finds memory for a node's output: over its input if that is allowed and nobody reads the input again.
func (p *planner) place(n *node) *Tensor {
	t, x, y := n.op.traits(), n.in[0], n.out
	room, shape := p.prog.room(y), p.prog.shapes[y]
	last := p.reads[x] == 1 && p.where[x] >= 0 && p.pool.alone(p.where[x])
	if t.view || t.inPlace && last && room == p.prog.room(x) {
		p.where[y] = p.where[x]
		if p.where[x] < 0 { // a view of the model's input
			view := &Tensor{Shape: shape}
			p.views = append(p.views, [2]*Tensor{view, p.values[x]})
			return view
		}
		p.pool.share(p.where[x])
		return p.pool.tensor(shape, room, p.where[x])
	}
	return p.memory(y, &p.where[y])
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
	for i, x := range n.in {
		if p.readsOf(t, i) > 1 {
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
			y = p.memory(x, &slot)
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
	room, dy := p.prog.room(x), p.gwhere[n.out]
	over := t.view || t.passGrad || t.inPlace && len(n.in) == 1 && p.pool.alone(dy)
	if over && room == p.prog.room(n.out) {
		p.pool.share(dy)
		*slot = dy
		return p.pool.tensor(p.prog.shapes[x], room, dy)
	}
	return p.memory(x, slot)
}
