package kernels

import (
	"math"
	"sync"
)

// SGD holds the constants of a step of stochastic gradient descent, with PyTorch's conventions.
type SGD struct {
	LR, Momentum, Dampening, WeightDecay float32
	Nesterov                             bool
	First                                bool // the step that starts v: v = g, without Dampening
}

// SGDStep updates the weights w and the velocity v, which may be nil without momentum, with the gradient g:
//
//	g += WeightDecay*w;  v = Momentum*v + (1-Dampening)*g;  w -= LR*v  (Nesterov: w -= LR*(g + Momentum*v))
//
// g itself is left unchanged.
func SGDStep(s SGD, w, v, g []float32) {
	checkLen("SGDStep", "gradient", len(g), len(w))
	if s.Momentum == 0 {
		plainPieces.run(len(w), plainStep{s, w, g})
		return
	}
	checkLen("SGDStep", "velocity", len(v), len(w))
	rule := spareSGDRules.Get().(*sgdRule)
	defer spareSGDRules.Put(rule)
	rule.set(s)
	if len(w) <= elementsPerTask { // most parameters are small
		rule.step(w, v, g)
		return
	}
	momentumPieces.run(len(w), momentumStep{rule, w, v, g})
}

// plainStep is a step without momentum.
type plainStep struct {
	SGD
	w, g []float32
}

var plainPieces = newPiecewise(func(s *plainStep, lo, hi int) {
	for i, x := range s.w[lo:hi] {
		s.w[lo+i] = x - float32(s.LR*(s.g[lo+i]+float32(s.WeightDecay*x)))
	}
})

// momentumStep is a step with momentum.
type momentumStep struct {
	rule    *sgdRule
	w, v, g []float32
}

var momentumPieces = newPiecewise(func(s *momentumStep, lo, hi int) { s.rule.step(s.w[lo:hi], s.v[lo:hi], s.g[lo:hi]) })

// sgdRule is the constants of steps with momentum: d = g + decay*w; v = keep*v + fresh*d; w -= rateV*v + rateD*d. It is borrowed because
// what assembly is given by way of a table would otherwise be allocated at every step.
type sgdRule struct {
	decay, keep, fresh, rateV, rateD float32
	vectors                          [5 * Block]float32 // the same in this order
}

var spareSGDRules = sync.Pool{New: func() any { return new(sgdRule) }}

func (r *sgdRule) set(s SGD) {
	r.decay, r.keep, r.fresh = s.WeightDecay, s.Momentum, 1-s.Dampening
	if s.First {
		r.keep, r.fresh = 0, 1
	}
	r.rateV, r.rateD = s.LR, 0
	if s.Nesterov {
		r.rateV, r.rateD = s.LR*s.Momentum, s.LR
	}
	for i, c := range [...]float32{r.decay, r.keep, r.fresh, r.rateV, r.rateD} {
		fill(r.vectors[i*Block:][:Block], c)
	}
}

func (r *sgdRule) step(w, v, g []float32) {
	k, n := whole(len(w))
	if n > 0 {
		k.sgdMomentum(n, &w[0], &v[0], &g[0], &r.vectors[0])
	}
	for i := n * Block; i < len(w); i++ {
		d := g[i] + float32(r.decay*w[i])
		v[i] = float32(r.keep*v[i]) + float32(r.fresh*d)
		w[i] -= float32(r.rateV*v[i]) + float32(r.rateD*d)
	}
}

// Adam holds the constants of a step of Adam (Kingma and Ba 2015, arXiv:1412.6980). With Decoupled the weight decay is AdamW's
// (Loshchilov and Hutter 2019, arXiv:1711.05101). Step counts from 1.
type Adam struct {
	LR, Beta1, Beta2, Eps, WeightDecay float32
	Decoupled                          bool
	Step                               int
}

// AdamStep updates the weights w and the running moments m and v with the gradient g, which is left unchanged.
func AdamStep(a Adam, w, m, v, g []float32) {
	if a.Step < 1 {
		panic(shapeErrorf("AdamStep", "step is %d, the first is 1", a.Step))
	}
	checkLen("AdamStep", "gradient", len(g), len(w))
	checkLen("AdamStep", "first moment", len(m), len(w))
	checkLen("AdamStep", "second moment", len(v), len(w))
	adamPieces.run(len(w), adamStep{
		Adam: a, w: w, m: m, v: v, g: g,
		unbias1: float32(1 - math.Pow(float64(a.Beta1), float64(a.Step))),
		unbias2: float32(math.Sqrt(1 - math.Pow(float64(a.Beta2), float64(a.Step)))),
	})
}

type adamStep struct {
	Adam
	w, m, v, g       []float32
	unbias1, unbias2 float32
}

var adamPieces = newPiecewise(func(a *adamStep, lo, hi int) {
	w, m, v, g := a.w[lo:hi], a.m[lo:hi], a.v[lo:hi], a.g[lo:hi]
	for i, d := range g {
		x := w[i]
		if a.Decoupled {
			x -= float32(a.LR * a.WeightDecay * x)
		} else {
			d += float32(a.WeightDecay * x)
		}
		m[i] += float32((1 - a.Beta1) * (d - m[i]))
		v[i] = float32(a.Beta2*v[i]) + float32((1-a.Beta2)*d*d)
		root := float32(math.Sqrt(float64(v[i])))/a.unbias2 + a.Eps
		w[i] = x - float32(a.LR/a.unbias1)*m[i]/root
	}
})
