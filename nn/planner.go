package nn

import "slices"

// planner simulates one pass to find out who needs which memory when.
type planner struct {
	*plan
	prog   *program
	pool   *slots
	reads  []int // outstanding reads of each value
	where  []int // slot of each value's tensor, -1 if none
	gwhere []int // slot of each gradient
	req    request
	seg    segments
	wanted []bool // values whose gradient is needed
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
		seg:    newSegments(prog, r),
		wanted: prog.wanted(r.inputGrad),
	}
	for i := range p.where {
		p.where[i], p.gwhere[i] = -1, -1
	}
	p.in = &Tensor{Shape: slices.Clone(prog.shapes[0])}
	p.values[0] = p.in
	p.count()
	for i := range prog.nodes {
		p.steps = append(p.steps, p.forward(i, false))
	}
	out = prog.kept[out]
	p.out = p.values[out]
	if r.train {
		p.dOut = p.memory(out, &p.gwhere[out])
		p.grads[out] = p.dOut
		for i := len(prog.nodes) - 1; i >= 0; i-- {
			p.backward(i)
		}
		p.dIn = p.grads[0]
	}
	return p.plan, p.pool
}

// traits are those of a node, which reads nothing in the backward pass if it has none.
func (p *planner) traits(n *node) traits {
	t := n.op.traits()
	t.needX, t.needY = t.needX && p.wanted[n.out], t.needY && p.wanted[n.out]
	return t
}

// readsOf counts how often input i of a node is read.
func (p *planner) readsOf(t traits, i int) int {
	if p.req.train && t.needX && (i == 0 || !t.firstOnly) {
		return 2
	}
	return 1
}

// count sums up how often each value is read until nobody needs it; values that are computed again are counted anew then.
func (p *planner) count() {
	for k, n := range p.prog.nodes {
		t := p.traits(n)
		for i, x := range n.in {
			if p.seg.forgotten[x] {
				p.reads[x]++
				continue
			}
			p.reads[x] += p.readsOf(t, i)
			if p.seg.again[k] {
				p.reads[x]++
			}
		}
		if p.req.train && t.needY && !p.seg.forgotten[n.out] {
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

func (p *planner) forward(i int, again bool) *step {
	n := p.prog.nodes[i]
	s := &step{node: n, index: i, again: again}
	for _, v := range n.in {
		s.call.x = append(s.call.x, p.values[v])
	}
	p.values[n.out] = p.place(n)
	s.call.y, s.call.train, s.call.again = p.values[n.out], p.req.train, again
	p.formats(n, &s.call)
	for _, v := range n.in {
		p.done(v)
	}
	if p.reads[n.out] == 0 {
		p.pool.drop(p.where[n.out])
	}
	return s
}

// formats tells a call how its tensors lie in memory.
func (p *planner) formats(n *node, c *call) {
	c.blocked = p.prog.form[n.in[0]] == blockedFormat
	c.stem = !c.blocked && p.prog.form[n.out] == blockedFormat
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

func (p *planner) backward(i int) {
	n := p.prog.nodes[i]
	t := n.op.traits()
	if p.grads[n.out] == nil || !p.wanted[n.out] {
		return // no gradient reaches it, or nobody needs one
	}
	p.remember(i)
	s := &step{node: n, index: i}
	s.call = call{y: p.values[n.out], dy: p.grads[n.out], train: true}
	p.formats(n, &s.call)
	for _, v := range n.in {
		s.call.x = append(s.call.x, p.values[v])
	}
	s.call.dx = make([]*Tensor, len(n.in))
	slots := make([]int, len(n.in))
	s.call.add = p.adds(n, &s.call)
	for i, x := range n.in {
		switch {
		case s.call.add:
			s.call.dx[i] = p.grads[x]
		case p.wanted[x]:
			s.call.dx[i] = p.placeGrad(n, t, x, &slots[i])
		}
	}
	for i, x := range n.in { // only now, for memory freed here must not be under a dx of the same operation
		if g := s.call.dx[i]; g != nil && !s.call.add {
			p.accumulate(s, x, g, slots[i], t.passGrad || t.view)
		}
	}
	p.pool.drop(p.gwhere[n.out])
	for k, x := range n.in {
		if p.readsOf(t, k) > 1 {
			p.done(x)
		}
	}
	if t.needY {
		p.done(n.out)
	}
	p.back = append(p.back, s)
}

// An adder is an operation of one input that may be able to add to the gradient that this already has.
type adder interface {
	addsGradient(c *call) bool
}

// adds says whether n adds to the gradient of its input: there is one, which is nobody else's, and the operation can.
func (p *planner) adds(n *node, c *call) bool {
	op, ok := n.op.(adder)
	x := n.in[0]
	return ok && p.wanted[x] && p.grads[x] != nil && p.pool.alone(p.gwhere[x]) && op.addsGradient(c)
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
