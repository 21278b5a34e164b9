package nn

import "math"

// RMSPropOptimizer divides gradients by a running root mean square; see [RMSProp].
type RMSPropOptimizer struct {
	memory
	lr     float64
	config optimizerConfig
}

// RMSProp divides each gradient by the root of a running mean of its squares (Tieleman and Hinton 2012).
// Options: Alpha (0.99), Epsilon (1e-8), Momentum, WeightDecay, with PyTorch's meaning.
func RMSProp(lr float64, opts ...OptimizerOption) *RMSPropOptimizer {
	checkRange("RMSProp", "the learning rate", lr, 0, math.Inf(1))
	c := configureOptimizer("RMSProp", optimizerConfig{alpha: 0.99, eps: 1e-8}, opts, "Alpha", "Epsilon", "Momentum", "WeightDecay")
	return &RMSPropOptimizer{lr: lr, config: c}
}

// BaseLR implements Optimizer.
func (o *RMSPropOptimizer) BaseLR() float64 { return o.lr }

// Step implements Optimizer.
func (o *RMSPropOptimizer) Step(params []*Param, lr float64) {
	o.steps++
	alpha, decayRate := float32(o.config.alpha), o.config.decay
	for _, p := range params {
		if p.fixed {
			continue
		}
		square, _ := o.of("square", p)
		var velocity []float32
		if o.config.momentum != 0 {
			velocity, _ = o.of("velocity", p)
		}
		decay, w := p.decay(decayRate), p.Value.Data
		for i, g := range p.Grad.Data {
			g += decay * w[i]
			square[i] = alpha*square[i] + (1-alpha)*g*g
			step := g / float32(math.Sqrt(float64(square[i]))+o.config.eps)
			if velocity != nil {
				velocity[i] = float32(o.config.momentum)*velocity[i] + step
				step = velocity[i]
			}
			w[i] -= float32(lr) * step
		}
	}
}

// AdagradOptimizer divides gradients by the root of the sum of their squares; see [Adagrad].
type AdagradOptimizer struct {
	memory
	lr     float64
	config optimizerConfig
}

// Adagrad divides each gradient by the root of the sum of its squares so far (Duchi et al. 2011).
// Options: Epsilon (1e-10), WeightDecay.
func Adagrad(lr float64, opts ...OptimizerOption) *AdagradOptimizer {
	checkRange("Adagrad", "the learning rate", lr, 0, math.Inf(1))
	c := configureOptimizer("Adagrad", optimizerConfig{eps: 1e-10}, opts, "Epsilon", "WeightDecay")
	return &AdagradOptimizer{lr: lr, config: c}
}

// BaseLR implements Optimizer.
func (o *AdagradOptimizer) BaseLR() float64 { return o.lr }

// Step implements Optimizer.
func (o *AdagradOptimizer) Step(params []*Param, lr float64) {
	o.steps++
	for _, p := range params {
		if p.fixed {
			continue
		}
		sum, _ := o.of("square", p)
		decay, w := p.decay(o.config.decay), p.Value.Data
		for i, g := range p.Grad.Data {
			g += decay * w[i]
			sum[i] += g * g
			w[i] -= float32(lr) * g / float32(math.Sqrt(float64(sum[i]))+o.config.eps)
		}
	}
}

// LARSOptimizer is SGD with steps in proportion to each parameter's norm; see [LARS].
type LARSOptimizer struct {
	memory
	lr     float64
	config optimizerConfig
}

// LARS is SGD with momentum whose rate for each parameter is scaled by Trust·|p|/(|g| + decay·|p|), for large batches
// (You et al. 2017). Parameters marked by [Model.NoDecay] take plain steps. Options: Momentum, WeightDecay, Trust (0.001).
func LARS(lr float64, opts ...OptimizerOption) *LARSOptimizer {
	checkRange("LARS", "the learning rate", lr, 0, math.Inf(1))
	c := configureOptimizer("LARS", optimizerConfig{trust: 0.001}, opts, "Momentum", "WeightDecay", "Trust")
	return &LARSOptimizer{lr: lr, config: c}
}

// BaseLR implements Optimizer.
func (o *LARSOptimizer) BaseLR() float64 { return o.lr }

// Step implements Optimizer.
func (o *LARSOptimizer) Step(params []*Param, lr float64) {
	o.steps++
	for _, p := range params {
		if p.fixed {
			continue
		}
		v, _ := o.of("velocity", p)
		w, decay := p.Value.Data, p.decay(o.config.decay)
		rate := lr
		if wn, gn := euclidean(w), euclidean(p.Grad.Data); !p.NoDecay && wn > 0 && gn > 0 {
			rate *= o.config.trust * wn / (gn + float64(decay)*wn)
		}
		for i, g := range p.Grad.Data {
			v[i] = float32(o.config.momentum)*v[i] + float32(rate)*(g+decay*w[i])
			w[i] -= v[i]
		}
	}
}
