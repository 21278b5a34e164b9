package kernels

// Prepared is a convolution whose weights stay the same from pass to pass, as when a trained network is used: they are packed once.
// It is for one goroutine at a time.
type Prepared struct {
	conv   Conv
	w, b   []float32
	level  level
	order  packing
	packed *[]float32 // in order, for level
}

// packing is an order of packed weights.
type packing int

const (
	unpacked packing = iota
	forPoint
	forTiles
	forPlanes
	forWinograd
	forRuns
)

// Prepare returns c with weights w and bias b, which may be nil; both must not change any more.
func (c Conv) Prepare(w, b []float32) *Prepared {
	c = c.norm()
	checkLen("Conv.Prepare", "weights", len(w), c.WeightLen())
	checkOptional("Conv.Prepare", "bias", b, c.OutC)
	return &Prepared{conv: c, w: w, b: b, level: active}
}

// Then is what follows a convolution in the same pass over memory: y = conv(x) + Residual, then max(y, 0) with ReLU.
type Then struct {
	Residual []float32 // in the layout of y, or nil
	ReLU     bool
}

// Forward is Conv.Forward and what follows, on plain tensors.
func (p *Prepared) Forward(y, x []float32, then Then) {
	p.conv.Forward(y, x, p.w, p.b)
	then.apply(y)
}

// ForwardBlocked is Conv.ForwardBlocked and what follows.
func (p *Prepared) ForwardBlocked(y, x []float32, then Then) {
	checkOptional("Prepared.ForwardBlocked", "residual", then.Residual, len(y))
	c := p.conv.prepareBlocked("Prepared.ForwardBlocked", len(x), len(y), len(p.w))
	s := assembly()
	switch {
	case c.N == 0:
	case c.path(s) == point:
		pass := c.pointPass(false, p.w)
		pass.keep, pass.then = p, then
		pass.run(s, y, x, p.b)
	case c.path(s) == depth:
		c.depthForward(s, y, x, p.w, p.b, false)
		then.apply(y)
	case c.path(s) == direct:
		s.runPasses(c.N, c.plan(s).forward, p, c.output(y, false), c.input(x, false), p.w, p.b)
		then.apply(y)
	case c.path(s) == runs:
		c.forwardRuns(s, p, y, x, p.w, p.b, false)
		then.apply(y)
	default:
		c.ForwardBlocked(y, x, p.w, p.b)
		then.apply(y)
	}
}

// ForwardStem is Conv.ForwardStem and what follows.
func (p *Prepared) ForwardStem(y, x []float32, then Then) {
	p.conv.ForwardStem(y, x, p.w, p.b)
	then.apply(y)
}

// apply does it in passes of its own.
func (t Then) apply(y []float32) {
	if t.Residual != nil {
		Add(y, y, t.Residual)
	}
	if t.ReLU {
		ReLU(y, y)
	}
}

// applyTo does it to the part of y that begins at element from, while it is in cache.
func (t Then) applyTo(s *simd, y []float32, from, pixels int) {
	to := &y[from : from+pixels*Block][0]
	switch {
	case t.Residual != nil && t.ReLU:
		s.normApply[withResidual|withReLU](pixels, to, to, &ones[0], &zeros[0], &t.Residual[from], nil)
	case t.Residual != nil:
		s.add(pixels, to, to, &t.Residual[from])
	case t.ReLU:
		s.relu(pixels, to, to)
	}
}

// ones and zeros are a normalisation that changes nothing.
var (
	ones  = [Block]float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	zeros [Block]float32
)

// kept returns what pack makes, from the first time on; without p, pack's result is the caller's, who calls drop.
func (p *Prepared) kept(order packing, pack func() *[]float32) *[]float32 {
	if p == nil {
		return pack()
	}
	if p.order != order || p.level != active {
		packed := pack()
		own := Alloc(len(*packed)) // what is borrowed must go back
		copy(own, *packed)
		release(packed)
		p.packed, p.order, p.level = &own, order, active
	}
	return p.packed
}

// drop gives back what kept returned.
func (p *Prepared) drop(packed *[]float32) {
	if p == nil {
		release(packed)
	}
}
