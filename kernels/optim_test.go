package kernels

import (
	"math"
	"testing"
)

func TestSGDStep(t *testing.T) {
	for name, s := range map[string]SGD{
		"plain":    {LR: 0.1},
		"decay":    {LR: 0.1, WeightDecay: 0.01},
		"momentum": {LR: 0.1, Momentum: 0.9, WeightDecay: 0.01},
		"nesterov": {LR: 0.1, Momentum: 0.9, WeightDecay: 0.01, Nesterov: true},
		"damped":   {LR: 0.1, Momentum: 0.9, Dampening: 0.5, WeightDecay: 0.1},
		"first":    {LR: 0.1, Momentum: 0.9, Dampening: 0.5, First: true},
	} {
		t.Run(name, func(t *testing.T) {
			eachLevel(t, func(t *testing.T) {
				for _, n := range []int{1, 5, 16, 37} {
					r := newRand(name, n)
					w, v, g := guardedCopy("w", uniform(r, n)), guardedCopy("v", uniform(r, n)), uniform(r, n)
					wantW, wantV := sgdReference(s, w.s(), v.s(), g)
					SGDStep(s, w.s(), v.s(), g)
					compare(t, "w", w.s(), wantW, opTolerance)
					compare(t, "v", v.s(), wantV, opTolerance)
					w.check(t)
					v.check(t)
				}
			})
		})
	}
}

// sgdReference is one step of torch.optim.SGD in float64.
func sgdReference(s SGD, w, v, g []float32) (w2, v2 []float64) {
	w2, v2 = make([]float64, len(w)), make([]float64, len(w))
	for i := range w {
		d := float64(g[i]) + float64(s.WeightDecay)*float64(w[i])
		v2[i] = float64(v[i])
		if s.Momentum != 0 {
			v2[i] = float64(s.Momentum)*v2[i] + float64(1-s.Dampening)*d
			if s.First {
				v2[i] = d
			}
			if s.Nesterov {
				d += float64(s.Momentum) * v2[i]
			} else {
				d = v2[i]
			}
		}
		w2[i] = float64(w[i]) - float64(s.LR)*d
	}
	return w2, v2
}

func TestAdamStep(t *testing.T) {
	for _, decoupled := range []bool{false, true} {
		a := Adam{LR: 0.01, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.1, Decoupled: decoupled}
		r := newRand("adam")
		w := uniform(r, 21)
		m, v := make([]float32, 21), make([]float32, 21)
		wantW, wantM, wantV := make([]float64, 21), make([]float64, 21), make([]float64, 21)
		for i := range w {
			wantW[i] = float64(w[i])
		}
		for a.Step = 1; a.Step <= 5; a.Step++ {
			g := uniform(r, 21)
			AdamStep(a, w, m, v, g)
			adamReference(a, wantW, wantM, wantV, g)
		}
		compare(t, "w", w, wantW, 1e-5)
	}
	wantShapeError(t, "step 0", func() { AdamStep(Adam{}, nil, nil, nil, nil) })
}

// adamReference is one step of torch.optim.Adam or AdamW in float64.
func adamReference(a Adam, w, m, v []float64, g []float32) {
	b1, b2 := float64(a.Beta1), float64(a.Beta2)
	for i := range w {
		d := float64(g[i])
		if a.Decoupled {
			w[i] -= float64(a.LR) * float64(a.WeightDecay) * w[i]
		} else {
			d += float64(a.WeightDecay) * w[i]
		}
		m[i] = b1*m[i] + (1-b1)*d
		v[i] = b2*v[i] + (1-b2)*d*d
		mHat, vHat := m[i]/(1-math.Pow(b1, float64(a.Step))), v[i]/(1-math.Pow(b2, float64(a.Step)))
		w[i] -= float64(a.LR) * mHat / (math.Sqrt(vHat) + float64(a.Eps))
	}
}
