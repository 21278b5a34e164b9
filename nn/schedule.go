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
	return ScheduleFunc(func(step, total, _ int, base float64) float64 {
		return low + (base-low)*(1+math.Cos(math.Pi*float64(step)/float64(max(total, 1))))/2
	})
}

// OneCycle rises along a cosine from top/25 to top over the first 30 % of the run, then falls to top/250000 (Smith and
// Topin 2018, with PyTorch's numbers). The optimiser's own rate and momentum play no part.
func OneCycle(top float64) Schedule { return OneCycleLR{Top: top, Rise: 0.3, Start: 25, End: 1e4} }

// OneCycleLR is [OneCycle] with all numbers open.
type OneCycleLR struct {
	Top   float64 // highest rate
	Rise  float64 // share of the run that rises
	Start float64 // first rate is Top/Start
	End   float64 // last rate is Top/Start/End
}

// Rate implements Schedule.
func (o OneCycleLR) Rate(step, total, _ int, _ float64) float64 {
	first := o.Top / o.Start
	peak := o.Rise*float64(total) - 1
	if at := float64(step); at <= peak && peak > 0 {
		return between(first, o.Top, at/peak)
	} else if fall := float64(total-1) - peak; fall > 0 {
		return between(o.Top, first/o.End, (at-peak)/fall)
	}
	return o.Top
}

// between goes from a to b along half a cosine as f goes from 0 to 1.
func between(a, b, f float64) float64 { return b + (a-b)/2*(1+math.Cos(math.Pi*f)) }

// Warmup rises in a straight line from start·rate to the schedule's rate over the first steps.
func Warmup(steps int, start float64, then Schedule) Schedule {
	return ScheduleFunc(func(step, total, perEpoch int, base float64) float64 {
		rate := then.Rate(step, total, perEpoch, base)
		if step < steps {
			rate *= start + (1-start)*float64(step)/float64(steps)
		}
		return rate
	})
}
