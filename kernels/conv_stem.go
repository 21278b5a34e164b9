package kernels

// The first convolution of a network takes plain images of few channels, which would fill the blocked layout with zeros, and hands over
// to blocked ones.

// ForwardStem is Forward with y in the blocked layout; x is plain.
func (c Conv) ForwardStem(y, x, w, b []float32) {
	c = c.prepareStem("Conv.ForwardStem", len(x), len(y), len(w))
	checkOptional("Conv.ForwardStem", "bias", b, c.OutC)
	if c.N == 0 {
		return
	}
	s := assembly()
	switch {
	case c.readsRows(s):
		c.runStem(s, y, x, w, b)
		return
	case c.path(s) == direct:
		s.runPasses(c.N, c.plan(s).forward, nil, c.output(y, false), c.input(x, true), w, b)
		return
	}
	plain := borrow(c.OutLen())
	defer release(plain)
	c.forward(*plain, x, w, b)
	ToBlocked(y, *plain, c.N, c.OutC, volume(c.Out()))
}

// BackwardDataStem is BackwardData with dy in the blocked layout; dx is plain.
func (c Conv) BackwardDataStem(dx, dy, w []float32) {
	c = c.prepareStem("Conv.BackwardDataStem", len(dx), len(dy), len(w))
	if c.N == 0 {
		return
	}
	if s := assembly(); c.path(s) == direct {
		if passes := c.plan(s).backward; passes != nil {
			s.runPasses(c.N, passes, nil, c.input(dx, true), c.output(dy, false), w, nil)
			return
		}
	}
	c.withPlainOutput(dy, func(dy []float32) { c.backwardData(dx, dy, w) })
}

// BackwardWeightsStem is BackwardWeights with dy in the blocked layout; x is plain.
func (c Conv) BackwardWeightsStem(dw, db, x, dy []float32) {
	c = c.prepareStem("Conv.BackwardWeightsStem", len(x), len(dy), len(dw))
	checkOptional("Conv.BackwardWeightsStem", "bias gradient", db, c.OutC)
	if c.N > 0 {
		c.weightsStem(dw, x, dy)
	} else {
		clear(dw)
	}
	if db != nil {
		blockedChannelSums(db, dy, c.N, c.OutC, volume(c.Out()))
	}
}

func (c Conv) weightsStem(dw, x, dy []float32) {
	s := assembly()
	if c.stemGradReadsRows(s) {
		c.runStemGrad(s, dw, x, dy)
		return
	}
	if c.path(s) == direct {
		if p := c.plan(s).grad; p != nil {
			s.runGrad(c.N, p, dw, c.input(x, true), c.output(dy, false))
			return
		}
	}
	c.withPlainOutput(dy, func(dy []float32) { c.backwardWeights(dw, x, dy) })
}

// withPlainOutput calls f with a plain copy of y.
func (c Conv) withPlainOutput(y []float32, f func(y []float32)) {
	plain := borrow(c.OutLen())
	defer release(plain)
	FromBlocked(*plain, y, c.N, c.OutC, volume(c.Out()))
	f(*plain)
}

// prepareStem is prepare for x plain and y in the blocked layout.
func (c Conv) prepareStem(op string, x, y, w int) Conv {
	c = c.norm()
	if p := c.problem(); p != "" {
		panic(ShapeError{op, p})
	}
	checkLen(op, "input", x, c.InLen())
	checkLen(op, "output", y, BlockedLen(c.N, c.OutC, volume(c.Out())))
	checkLen(op, "weights", w, c.WeightLen())
	return c
}
