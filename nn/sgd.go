package nn

import (
	"math"

	"github.com/groupnb/groupnb/kernels"
)

// SGDOptimizer is stochastic gradient descent; see [SGD].
type SGDOptimizer struct {
	memory
	lr     float64
	config optimizerConfig
}

// SGD steps against the gradient, p -= lr·g, where g includes WeightDecay·p. Options: Momentum, Dampening, Nesterov,
// WeightDecay, with PyTorch's meaning (the first velocity is the gradient itself).
// It panics with a ConfigError for Nesterov without Momentum.
func SGD(lr float64, opts ...OptimizerOption) *SGDOptimizer {
	checkRange("SGD", "the learning rate", lr, 0, math.Inf(1))
	c := configureOptimizer("SGD", optimizerConfig{}, opts, "Momentum", "Dampening", "Nesterov", "WeightDecay")
	if c.nesterov && (c.momentum <= 0 || c.dampening != 0) {
		refuse("SGD", "Nesterov needs a momentum above 0 and no dampening, got %g and %g", c.momentum, c.dampening)
	}
	return &SGDOptimizer{lr: lr, config: c}
}

// BaseLR implements Optimizer.
func (o *SGDOptimizer) BaseLR() float64 { return o.lr }

func (o *SGDOptimizer) setMomentum(m float64) {
	if o.config.momentum != 0 {
		o.config.momentum = m
	}
}

// Step implements Optimizer.
func (o *SGDOptimizer) Step(params []*Param, lr float64) {
	o.steps++
	for _, p := range params {
		if p.fixed {
			continue
		}
		k := kernels.SGD{
			LR: float32(lr), Momentum: float32(o.config.momentum), Dampening: float32(o.config.dampening),
			WeightDecay: p.decay(o.config.decay), Nesterov: o.config.nesterov,
		}
		var v []float32
		if k.Momentum != 0 {
			v, k.First = o.of("velocity", p)
		}
		kernels.SGDStep(k, p.Value.Data, v, p.Grad.Data)
	}
}
