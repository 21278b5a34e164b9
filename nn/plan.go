package nn

import "github.com/groupnb/groupnb/kernels"

// A plan is a graph laid out for one input shape: each value has its tensor, and tensors whose lives don't overlap
// share memory. Making one costs microseconds; running one allocates nothing.
type plan struct {
	steps   []*step // forward
	back    []*step // backward, in the order in which they run
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
	node  *node
	index int // of the node in the program
	call  call
	// again marks a forward step in the backward pass: what was forgotten is computed a second time.
	again bool
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

// backward runs a step of the backward pass.
func (s *step) backward() {
	if s.again {
		s.forward()
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
	recompute        bool
	shape            [6]int
	keep             string
}
