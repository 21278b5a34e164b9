package kernels

import "sync"

// convPlan is how the direct kernels, or those with a table of taps, do a convolution. It depends on the shape of a single image alone and
// is made once.
type convPlan struct {
	forward  []directPass // one
	backward []directPass // nil if these kernels do not have the gradient of the input
	grad     *gradPass    // likewise of the weights

	tapForward, tapBackward       *tapPass    // with a table of taps
	stem                          []int       // that of a stem
	planarForward, planarBackward *planarPass // by runs of pixels
}

// plans are those of the convolutions met so far.
var plans struct {
	sync.Mutex
	of map[planKey]*convPlan
}

type planKey struct {
	conv  Conv
	level level
}

// mostPlans bounds the memory for programs that go through ever new shapes.
const mostPlans = 1 << 10

// plan is the plan for c, which the direct kernels of s, or those with a table of taps, can do.
func (c Conv) plan(s *simd) *convPlan {
	c.N = 1
	key := planKey{c, active}
	plans.Lock()
	defer plans.Unlock()
	if p, ok := plans.of[key]; ok {
		return p
	}
	if plans.of == nil || len(plans.of) == mostPlans {
		plans.of = map[planKey]*convPlan{}
	}
	p := &convPlan{}
	if c.takesTaps(s) && (!c.direct(s) || c.apart(s)) {
		p.tapForward, p.tapBackward = c.tapForward(), c.tapBackward()
	}
	if c.direct(s) {
		p.direct(c, s)
	}
	if c.planar(s) {
		p.planarForward, p.planarBackward = c.planarForward(), c.planarBackward()
	}
	if c.readsRows(s) {
		p.stem = c.stemTable()
	}
	plans.of[key] = p
	return p
}

// direct makes the plan for the direct kernels.
func (p *convPlan) direct(c Conv, s *simd) {
	p.forward = s.planned(c.forwardPass(s))
	p.forward[0].whole = c.wholeForward(s)
	p.forward[0].sweep = s.sweepForward(c, &p.forward[0])
	p.forward[0].strided = c.strideForward(s)
	p.forward[0].lanes = s.lanesPass(&p.forward[0])
	if passes, ok := c.backwardPasses(s); ok {
		p.backward = s.planned(passes...)
		p.backward[0].whole = c.wholeBackward(s)
		p.backward[0].sweep = s.sweepBackward(c, &p.backward[0])
		p.backward[0].strided = c.strideBackward(s, p.backward[0].weightOf)
		p.backward[0].lanes = s.lanesPass(&p.backward[0])
	}
	if grad, ok := c.gradPass(s); ok {
		p.grad = &grad
	}
}

// planned completes passes that run together.
func (s *simd) planned(passes ...directPass) []directPass {
	at := 0
	for i := range passes {
		p := &passes[i]
		p.chooseTiles(s)
		p.packOrder(s)
		p.weightsAt = at
		at += p.weightFloats(s)
	}
	return passes
}
