package nn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An OptimizerSpec describes an optimiser as data; it reads and writes JSON: {"kind": "SGD", "lr": 0.1, "momentum": 0.9}. What
// is 0 has the constructor's default, and what the constructor does not take is refused.
type OptimizerSpec struct {
	Kind        string  `json:"kind,omitempty"` // SGD, Adam, AdamW, RMSProp, Adagrad, LAMB or LARS; SGD
	LR          float64 `json:"lr"`
	Momentum    float64 `json:"momentum,omitempty"`
	Dampening   float64 `json:"dampening,omitempty"`
	Nesterov    bool    `json:"nesterov,omitempty"`
	WeightDecay float64 `json:"weight_decay,omitempty"`
	Beta1       float64 `json:"beta1,omitempty"` // both or none
	Beta2       float64 `json:"beta2,omitempty"`
	Epsilon     float64 `json:"epsilon,omitempty"`
	Alpha       float64 `json:"alpha,omitempty"`
	Trust       float64 `json:"trust,omitempty"`
}

var optimizerKinds = map[string]func(lr float64, opts ...OptimizerOption) Optimizer{
	"SGD":     func(lr float64, o ...OptimizerOption) Optimizer { return SGD(lr, o...) },
	"Adam":    func(lr float64, o ...OptimizerOption) Optimizer { return Adam(lr, o...) },
	"AdamW":   func(lr float64, o ...OptimizerOption) Optimizer { return AdamW(lr, o...) },
	"RMSProp": func(lr float64, o ...OptimizerOption) Optimizer { return RMSProp(lr, o...) },
	"Adagrad": func(lr float64, o ...OptimizerOption) Optimizer { return Adagrad(lr, o...) },
	"LAMB":    func(lr float64, o ...OptimizerOption) Optimizer { return LAMB(lr, o...) },
	"LARS":    func(lr float64, o ...OptimizerOption) Optimizer { return LARS(lr, o...) },
}

// Build makes the optimiser. It returns a ConfigError for an unknown kind and for what the kind does not take.
func (s OptimizerSpec) Build() (o Optimizer, err error) {
	defer recovered(&err)
	kind := s.Kind
	if kind == "" {
		kind = "SGD"
	}
	make, ok := optimizerKinds[kind]
	if !ok {
		refuse("OptimizerSpec", "no optimiser is called %q; there are %s", kind, strings.Join(slices.Sorted(maps.Keys(optimizerKinds)), ", "))
	}
	if !(s.LR > 0) {
		refuse("OptimizerSpec", "the learning rate is %g, want more than 0", s.LR)
	}
	if (s.Beta1 == 0) != (s.Beta2 == 0) {
		refuse("OptimizerSpec", "beta1 is %g and beta2 %g, want both or none", s.Beta1, s.Beta2)
	}
	return make(s.LR, s.options()...), nil
}

func (s OptimizerSpec) options() (all []OptimizerOption) {
	for _, o := range []struct {
		value float64
		make  func(float64) OptimizerOption
	}{
		{s.Momentum, Momentum}, {s.Dampening, Dampening}, {s.WeightDecay, WeightDecay},
		{s.Epsilon, Epsilon}, {s.Alpha, Alpha}, {s.Trust, Trust},
	} {
		if o.value != 0 {
			all = append(all, o.make(o.value))
		}
	}
	if s.Nesterov {
		all = append(all, Nesterov())
	}
	if s.Beta1 != 0 {
		all = append(all, Betas(s.Beta1, s.Beta2))
	}
	return all
}

// UnmarshalJSON implements json.Unmarshaler; it refuses unknown names.
func (s *OptimizerSpec) UnmarshalJSON(raw []byte) error {
	type plain OptimizerSpec
	return strictly(raw, "OptimizerSpec", (*plain)(s))
}

// A ScheduleSpec describes a schedule as data; it reads and writes JSON: {"kind": "OneCycle", "top": 0.2}. Fields are the
// arguments of the constructor that Kind names.
type ScheduleSpec struct {
	Kind     string        `json:"kind"`
	Top      float64       `json:"top,omitempty"`      // OneCycle
	Low      float64       `json:"low,omitempty"`      // CosineLR
	Gamma    float64       `json:"gamma,omitempty"`    // StepLR, MultiStepLR, ExponentialLR
	Every    int           `json:"every,omitempty"`    // StepLR, in epochs
	Epochs   []int         `json:"epochs,omitempty"`   // MultiStepLR
	Power    float64       `json:"power,omitempty"`    // PolynomialLR
	First    int           `json:"first,omitempty"`    // CosineRestarts, in epochs
	Mult     int           `json:"mult,omitempty"`     // CosineRestarts
	Steps    int           `json:"steps,omitempty"`    // Warmup
	Start    float64       `json:"start,omitempty"`    // Warmup
	Then     *ScheduleSpec `json:"then,omitempty"`     // Warmup; ConstantLR
	Factor   float64       `json:"factor,omitempty"`   // ReduceOnPlateau
	Patience int           `json:"patience,omitempty"` // ReduceOnPlateau, in epochs
}

var scheduleKinds = map[string]func(s ScheduleSpec, then Schedule) Schedule{
	"ConstantLR":      func(ScheduleSpec, Schedule) Schedule { return ConstantLR() },
	"StepLR":          func(s ScheduleSpec, _ Schedule) Schedule { return StepLR(s.Every, s.Gamma) },
	"MultiStepLR":     func(s ScheduleSpec, _ Schedule) Schedule { return MultiStepLR(s.Gamma, s.Epochs...) },
	"ExponentialLR":   func(s ScheduleSpec, _ Schedule) Schedule { return ExponentialLR(s.Gamma) },
	"CosineLR":        func(s ScheduleSpec, _ Schedule) Schedule { return CosineLR(s.Low) },
	"CosineRestarts":  func(s ScheduleSpec, _ Schedule) Schedule { return CosineRestarts(s.First, max(s.Mult, 1)) },
	"PolynomialLR":    func(s ScheduleSpec, _ Schedule) Schedule { return PolynomialLR(s.Power) },
	"OneCycle":        func(s ScheduleSpec, _ Schedule) Schedule { return OneCycle(s.Top) },
	"Warmup":          func(s ScheduleSpec, then Schedule) Schedule { return Warmup(s.Steps, s.Start, then) },
	"ReduceOnPlateau": func(s ScheduleSpec, _ Schedule) Schedule { return ReduceOnPlateau(s.Factor, s.Patience) },
}

// Build makes the schedule, a new one each time. It returns a ConfigError for an unknown kind and impossible numbers.
func (s ScheduleSpec) Build() (l Schedule, err error) {
	defer recovered(&err)
	make, ok := scheduleKinds[s.Kind]
	if !ok {
		return nil, ConfigError{"ScheduleSpec", fmt.Sprintf("no schedule is called %q; there are %s",
			s.Kind, strings.Join(slices.Sorted(maps.Keys(scheduleKinds)), ", "))}
	}
	then := ConstantLR()
	if s.Then != nil {
		if then, err = s.Then.Build(); err != nil {
			return nil, err
		}
	}
	return make(s, then), nil
}

// UnmarshalJSON implements json.Unmarshaler; it refuses unknown names.
func (s *ScheduleSpec) UnmarshalJSON(raw []byte) error {
	type plain ScheduleSpec
	return strictly(raw, "ScheduleSpec", (*plain)(s))
}
