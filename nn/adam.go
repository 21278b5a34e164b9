package nn

import (
	"math"

	"github.com/groupnb/groupnb/kernels"
)

// AdamOptimizer is Adam or AdamW; see [Adam] and [AdamW].
type AdamOptimizer struct {
	memory
	lr        float64
	config    optimizerConfig
	decoupled bool
}

// Adam follows running means of gradients and of their squares (Kingma and Ba 2015). WeightDecay is added to the
// gradient. Options: Betas, Epsilon, WeightDecay.
func Adam(lr float64, opts ...OptimizerOption) *AdamOptimizer {
	return newAdam("Adam", lr, 0, false, opts)
}

// AdamW is Adam with weight decay apart from the gradient, p -= lr·decay·p (Loshchilov and Hutter 2019).
// Options: Betas, Epsilon, WeightDecay (default 0.01).
func AdamW(lr float64, opts ...OptimizerOption) *AdamOptimizer {
	return newAdam("AdamW", lr, 0.01, true, opts)
}

func newAdam(op string, lr, decay float64, decoupled bool, opts []OptimizerOption) *AdamOptimizer {
	checkRange(op, "the learning rate", lr, 0, math.Inf(1))
	c := configureOptimizer(op, optimizerConfig{beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: decay}, opts,
		"Betas", "Epsilon", "WeightDecay")
	return &AdamOptimizer{lr: lr, config: c, decoupled: decoupled}
}

// BaseLR implements Optimizer.
func (o *AdamOptimizer) BaseLR() float64 { return o.lr }

func (o *AdamOptimizer) setMomentum(m float64) { o.config.beta1 = m }

// Step implements Optimizer.
func (o *AdamOptimizer) Step(params []*Param, lr float64) {
	o.steps++
	for _, p := range params {
		if p.fixed {
			continue
		}
		m, _ := o.of("mean", p)
		v, _ := o.of("square", p)
		k := kernels.Adam{
			LR: float32(lr), Beta1: float32(o.config.beta1), Beta2: float32(o.config.beta2), Eps: float32(o.config.eps),
			WeightDecay: p.decay(o.config.decay), Decoupled: o.decoupled, Step: o.steps,
		}
		kernels.AdamStep(k, p.Value.Data, m, v, p.Grad.Data)
	}
}

// LAMBOptimizer is Adam with steps in proportion to each parameter's norm; see [LAMB].
type LAMBOptimizer struct {
	memory
	lr     float64
	config optimizerConfig
}

// LAMB scales Adam's step for each parameter by the norm of the parameter over that of the step, for large batches
// (You et al. 2020). Options: Betas, Epsilon (1e-6), WeightDecay.
func LAMB(lr float64, opts ...OptimizerOption) *LAMBOptimizer {
	checkRange("LAMB", "the learning rate", lr, 0, math.Inf(1))
	c := configureOptimizer("LAMB", optimizerConfig{beta1: 0.9, beta2: 0.999, eps: 1e-6}, opts, "Betas", "Epsilon", "WeightDecay")
	return &LAMBOptimizer{lr: lr, config: c}
}

// BaseLR implements Optimizer.
func (o *LAMBOptimizer) BaseLR() float64 { return o.lr }

// Step implements Optimizer.
func (o *LAMBOptimizer) Step(params []*Param, lr float64) {
	o.steps++
	for _, p := range params {
		if p.fixed {
			continue
		}
		m, _ := o.of("mean", p)
		v, _ := o.of("square", p)
		step, _ := o.of("step", p)
		o.direction(step, m, v, p)
		ratio := 1.0
		if w, s := euclidean(p.Value.Data), euclidean(step); w > 0 && s > 0 && !p.NoDecay {
			ratio = w / s
		}
		for i, s := range step {
			p.Value.Data[i] -= float32(lr*ratio) * s
		}
	}
}

// direction is Adam's step with weight decay, before the learning rate.
func (o *LAMBOptimizer) direction(step, m, v []float32, p *Param) {
	c := o.config
	unbias1 := 1 - math.Pow(c.beta1, float64(o.steps))
	unbias2 := 1 - math.Pow(c.beta2, float64(o.steps))
	decay := p.decay(c.decay)
	for i, g := range p.Grad.Data {
		m[i] = float32(c.beta1)*m[i] + float32(1-c.beta1)*g
		v[i] = float32(c.beta2)*v[i] + float32(1-c.beta2)*g*g
		root := math.Sqrt(float64(v[i])/unbias2) + c.eps
		step[i] = float32(float64(m[i])/unbias1/root) + decay*p.Value.Data[i]
	}
}
