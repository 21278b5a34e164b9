package nn

// An Optimizer changes parameters by their gradients.
type Optimizer interface {
	// Step updates every parameter with learning rate lr.
	Step(params []*Param, lr float64)
	// BaseLR is the learning rate it was made with, which schedules start from.
	BaseLR() float64
}

// An OptimizerOption adjusts an optimiser.
type OptimizerOption struct {
	name string
	set  func(*optimizerConfig)
}

type optimizerConfig struct {
	momentum, dampening, decay float64
	nesterov                   bool
	beta1, beta2, eps          float64
	alpha                      float64
}

func configureOptimizer(op string, c optimizerConfig, opts []OptimizerOption, allowed ...string) optimizerConfig {
	for _, o := range opts {
		ok := false
		for _, a := range allowed {
			ok = ok || a == o.name
		}
		if !ok {
			refuse(op, "option %s does not apply; it takes %v", o.name, allowed)
		}
		o.set(&c)
	}
	return c
}

// Momentum keeps a running sum of gradients: v = m·v + g. Default 0.
func Momentum(m float64) OptimizerOption {
	return OptimizerOption{"Momentum", func(c *optimizerConfig) { c.momentum = m }}
}

// Dampening weighs a new gradient with 1-d in the running sum. Default 0.
func Dampening(d float64) OptimizerOption {
	return OptimizerOption{"Dampening", func(c *optimizerConfig) { c.dampening = d }}
}

// Nesterov looks ahead: the step is g + m·v instead of v. It needs a momentum and no dampening.
func Nesterov() OptimizerOption {
	return OptimizerOption{"Nesterov", func(c *optimizerConfig) { c.nesterov = true }}
}

// WeightDecay pulls parameters towards 0, except those marked by [Model.NoDecay]. Default 0.
func WeightDecay(d float64) OptimizerOption {
	return OptimizerOption{"WeightDecay", func(c *optimizerConfig) { c.decay = d }}
}

// state keeps what an optimiser remembers about each parameter.
type state map[*Param][]float32

// of returns the memory for p and whether it is new (and zero).
func (s state) of(p *Param) (v []float32, fresh bool) {
	if v, ok := s[p]; ok {
		return v, false
	}
	v = make([]float32, p.Len())
	s[p] = v
	return v, true
}
