package nn

import (
	"math"
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// An Optimizer changes parameters by their gradients.
type Optimizer interface {
	// Step updates every parameter that is not fixed (see [Model.TrainOnly]) with learning rate lr.
	Step(params []*Param, lr float64)
	// BaseLR is the learning rate it was made with, which schedules start from.
	BaseLR() float64
}

// momentumCycler is an optimiser whose momentum a schedule may set.
type momentumCycler interface{ setMomentum(m float64) }

// An OptimizerOption adjusts an optimiser.
type OptimizerOption struct {
	name string
	set  func(*optimizerConfig)
}

type optimizerConfig struct {
	momentum, dampening, decay float64
	nesterov                   bool
	beta1, beta2, eps          float64
	alpha, trust               float64
}

func configureOptimizer(op string, c optimizerConfig, opts []OptimizerOption, allowed ...string) optimizerConfig {
	for _, o := range opts {
		if !slices.Contains(allowed, o.name) {
			refuse(op, "option %s does not apply; it takes %v", o.name, allowed)
		}
		o.set(&c)
	}
	return c
}

// Momentum keeps a running sum of gradients: v = m·v + g. Default 0.
func Momentum(m float64) OptimizerOption {
	checkRange("Momentum", "the momentum", m, 0, 1)
	return OptimizerOption{"Momentum", func(c *optimizerConfig) { c.momentum = m }}
}

// Dampening weighs a new gradient with 1-d in the running sum. Default 0.
func Dampening(d float64) OptimizerOption {
	checkRange("Dampening", "the dampening", d, 0, 1)
	return OptimizerOption{"Dampening", func(c *optimizerConfig) { c.dampening = d }}
}

// Nesterov looks ahead: the step is g + m·v instead of v. It needs a momentum and no dampening.
func Nesterov() OptimizerOption {
	return OptimizerOption{"Nesterov", func(c *optimizerConfig) { c.nesterov = true }}
}

// WeightDecay pulls parameters towards 0, except those marked by [Model.NoDecay]. Default 0.
func WeightDecay(d float64) OptimizerOption {
	checkRange("WeightDecay", "the decay", d, 0, math.Inf(1))
	return OptimizerOption{"WeightDecay", func(c *optimizerConfig) { c.decay = d }}
}

// memory is what an optimiser remembers: some numbers for each parameter under a name ("velocity"), and its steps.
type memory struct {
	slots map[string]map[*Param][]float32
	steps int
}

// of returns the numbers of p under name, and whether they are new (and zero).
func (m *memory) of(name string, p *Param) (v []float32, fresh bool) {
	if v, ok := m.slots[name][p]; ok {
		return v, false
	}
	if m.slots == nil {
		m.slots = map[string]map[*Param][]float32{}
	}
	if m.slots[name] == nil {
		m.slots[name] = map[*Param][]float32{}
	}
	v = make([]float32, p.Len())
	m.slots[name][p] = v
	return v, true
}

func (m *memory) remembered() *memory { return m }

// ClipGradNorm scales all gradients down together so that their common Euclidean norm is at most limit, and returns the
// norm before.
func ClipGradNorm(params []*Param, limit float64) float64 {
	var square float64
	for _, p := range params {
		if p.fixed {
			continue
		}
		for _, g := range p.Grad.Data {
			square += float64(g) * float64(g)
		}
	}
	norm := math.Sqrt(square)
	if norm > limit {
		for _, p := range params {
			kernels.Scale(p.Grad.Data, float32(limit/(norm+1e-6)), p.Grad.Data)
		}
	}
	return norm
}

func euclidean(x []float32) float64 {
	var square float64
	for _, v := range x {
		square += float64(v) * float64(v)
	}
	return math.Sqrt(square)
}

// Betas sets the decay of Adam's running moments. Default 0.9 and 0.999.
func Betas(first, second float64) OptimizerOption {
	checkRange("Betas", "the first", first, 0, 1)
	checkRange("Betas", "the second", second, 0, 1)
	return OptimizerOption{"Betas", func(c *optimizerConfig) { c.beta1, c.beta2 = first, second }}
}

// Epsilon is added to the root of the second moment. Default 1e-8 (Adagrad 1e-10, LAMB 1e-6).
func Epsilon(eps float64) OptimizerOption {
	checkRange("Epsilon", "epsilon", eps, 0, math.Inf(1))
	return OptimizerOption{"Epsilon", func(c *optimizerConfig) { c.eps = eps }}
}

// Alpha is the decay of RMSProp's running square. Default 0.99.
func Alpha(a float64) OptimizerOption {
	checkRange("Alpha", "the decay", a, 0, 1)
	return OptimizerOption{"Alpha", func(c *optimizerConfig) { c.alpha = a }}
}

// Trust is LARS' factor of the ratio of the norms of weights and gradients. Default 0.001.
func Trust(t float64) OptimizerOption {
	checkRange("Trust", "the factor", t, 0, math.Inf(1))
	return OptimizerOption{"Trust", func(c *optimizerConfig) { c.trust = t }}
}
