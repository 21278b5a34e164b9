package nn

import "math"

// A Schedule sets the learning rate of each step.
type Schedule interface {
	// Rate is the learning rate of a step (from 0) in a run of total steps, where an epoch has perEpoch and base is the
	// optimiser's own rate.
	Rate(step, total, perEpoch int, base float64) float64
}

// ScheduleFunc makes a func a Schedule.
type ScheduleFunc func(step, total, perEpoch int, base float64) float64

// Rate implements Schedule.
func (f ScheduleFunc) Rate(step, total, perEpoch int, base float64) float64 {
	return f(step, total, perEpoch, base)
}

// ConstantLR keeps the optimiser's rate.
func ConstantLR() Schedule {
	return ScheduleFunc(func(_, _, _ int, base float64) float64 { return base })
}

// StepLR multiplies the rate by gamma every so many epochs.
func StepLR(every int, gamma float64) Schedule {
	checkPositive("StepLR", "the number of epochs", every)
	return ScheduleFunc(func(step, _, perEpoch int, base float64) float64 {
		return base * math.Pow(gamma, float64(step/max(perEpoch, 1)/every))
	})
}

// MultiStepLR multiplies the rate by gamma at the start of each of these epochs (from 0).
func MultiStepLR(gamma float64, epochs ...int) Schedule {
	return ScheduleFunc(func(step, _, perEpoch int, base float64) float64 {
		for _, e := range epochs {
			if step/max(perEpoch, 1) >= e {
				base *= gamma
			}
		}
		return base
	})
}

// CosineLR falls from the optimiser's rate to low along half a cosine over the run (Loshchilov and Hutter 2017).
func CosineLR(low float64) Schedule {
	checkRange("CosineLR", "the lowest rate", low, 0, math.Inf(1))
	return ScheduleFunc(func(step, total, _ int, base float64) float64 {
		return low + (base-low)*(1+math.Cos(math.Pi*float64(step)/float64(max(total, 1))))/2
	})
}

// ExponentialLR multiplies the rate by gamma after every epoch.
func ExponentialLR(gamma float64) Schedule { return StepLR(1, gamma) }

// PolynomialLR falls from the optimiser's rate to 0 as (1 - done)^power over the run.
func PolynomialLR(power float64) Schedule {
	return ScheduleFunc(func(step, total, _ int, base float64) float64 {
		return base * math.Pow(1-float64(min(step, total))/float64(max(total, 1)), power)
	})
}

// CosineRestarts falls along half a cosine over the first epochs, jumps back, and does so again with periods mult times
// as long (Loshchilov and Hutter 2017).
func CosineRestarts(first, mult int) Schedule {
	checkPositive("CosineRestarts", "the first period", first)
	checkPositive("CosineRestarts", "the multiplier", mult)
	return ScheduleFunc(func(step, _, perEpoch int, base float64) float64 {
		period := first * max(perEpoch, 1)
		for step >= period {
			step -= period
			period *= mult
		}
		return base * (1 + math.Cos(math.Pi*float64(step)/float64(period))) / 2
	})
}

// OneCycle rises along half a cosine from top/25 to top over the first 30 % of the run, then falls to top/250000, while
// a momentum falls from 0.95 to 0.85 and rises again (Smith and Topin 2018, with PyTorch's numbers). The optimiser's own
// rate and the size of its momentum play no part; without a momentum there is none.
func OneCycle(top float64) Schedule {
	checkRange("OneCycle", "the highest rate", top, 0, math.Inf(1))
	return OneCycleLR{Top: top, Rise: 0.3, Start: 25, End: 1e4, LowMomentum: 0.85, HighMomentum: 0.95}
}

// OneCycleLR is [OneCycle] with all numbers open.
type OneCycleLR struct {
	Top                       float64 // highest rate
	Rise                      float64 // share of the run that rises
	Start                     float64 // first rate is Top/Start
	End                       float64 // last rate is Top/Start/End
	LowMomentum, HighMomentum float64 // 0 and 0 leave the momentum alone
}

// Rate implements Schedule.
func (o OneCycleLR) Rate(step, total, _ int, _ float64) float64 {
	first := o.Top / o.Start
	return o.cycle(step, total, first, o.Top, first/o.End)
}

// Momentum is the momentum that belongs to a step.
func (o OneCycleLR) Momentum(step, total int) float64 {
	return o.cycle(step, total, o.HighMomentum, o.LowMomentum, o.HighMomentum)
}

// cycle goes from first to middle and on to last.
func (o OneCycleLR) cycle(step, total int, first, middle, last float64) float64 {
	peak, at := o.Rise*float64(total)-1, float64(step)
	if at <= peak && peak > 0 {
		return between(first, middle, at/peak)
	}
	if fall := float64(total-1) - peak; fall > 0 {
		return between(middle, last, (at-peak)/fall)
	}
	return middle
}

// between goes from a to b along half a cosine as f goes from 0 to 1.
func between(a, b, f float64) float64 { return b + (a-b)/2*(1+math.Cos(math.Pi*f)) }

// Warmup rises in a straight line from start·rate to the optimiser's rate over the first steps, then follows another
// schedule for the rest of the run.
func Warmup(steps int, start float64, then Schedule) Schedule {
	checkRange("Warmup", "the number of steps", float64(steps), 0, math.Inf(1))
	checkRange("Warmup", "the start", start, 0, math.Inf(1))
	if then == nil {
		refuse("Warmup", "the schedule behind it is nil")
	}
	return ScheduleFunc(func(step, total, perEpoch int, base float64) float64 {
		if step < steps {
			return base * (start + (1-start)*float64(step)/float64(steps))
		}
		return then.Rate(step-steps, total-steps, perEpoch, base)
	})
}

// ReduceOnPlateau multiplies the rate by factor when the validation loss (the training loss without Validate) has not
// fallen for patience epochs. Use a new one for each run.
func ReduceOnPlateau(factor float64, patience int) Schedule {
	checkRange("ReduceOnPlateau", "the factor", factor, 0, 1)
	checkRange("ReduceOnPlateau", "the patience", float64(patience), 0, math.Inf(1))
	return &plateau{factor: factor, patience: patience, scale: 1, best: math.Inf(1)}
}

type plateau struct {
	factor, scale, best float64
	patience, waited    int
}

// Rate implements Schedule.
func (p *plateau) Rate(_, _, _ int, base float64) float64 { return base * p.scale }

// Observe is told how each epoch went.
func (p *plateau) Observe(e EpochStats) {
	loss := e.ValLoss
	if math.IsNaN(loss) {
		loss = e.Loss
	}
	if loss < p.best {
		p.best, p.waited = loss, 0
		return
	}
	if p.waited++; p.waited > p.patience {
		p.scale, p.waited = p.scale*p.factor, 0
	}
}
