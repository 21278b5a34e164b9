package nn

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// problem is the analytic task of the optimiser vectors, in two parameters p (3, 4) and q (4):
//
//	sum((p·a - 1)²) + 0.5·sum(q²) + sum(sin p) + 0.1·sum(column sums of p · q)
type problem struct {
	a    []float64
	p, q *Param
}

func newProblem(v *vectors) *problem {
	k := &problem{a: v.float64s("a"), p: newParam("p", Zeros(), 1, 1, 3, 4), q: newParam("q", Zeros(), 1, 1, 4)}
	for p, name := range map[*Param]string{k.p: "p0", k.q: "q0"} {
		p.SetValue(v.tensor(name))
		p.ready(0, name)
	}
	return k
}

func (k *problem) gradients() {
	p, q := k.p.Value.Data, k.q.Value.Data
	columns := make([]float64, 4)
	for i, a := range k.a {
		x := float64(p[i])
		k.p.Grad.Data[i] = float32(2*a*(x*a-1) + math.Cos(x) + 0.1*float64(q[i%4]))
		columns[i%4] += x
	}
	for j := range q {
		k.q.Grad.Data[j] = float32(float64(q[j]) + 0.1*columns[j])
	}
}

func TestOptimizersAgainstPyTorch(t *testing.T) {
	momentum := Momentum(0.9)
	for _, c := range []struct {
		file     string
		opt      Optimizer
		schedule Schedule
		clip     float64
		total    int
	}{
		{"sgd", SGD(0.05), ConstantLR(), 0, 30},
		{"sgd_mom", SGD(0.02, momentum), ConstantLR(), 0, 30},
		{"sgd_damp", SGD(0.02, momentum, Dampening(0.5)), ConstantLR(), 0, 30},
		{"sgd_nesterov_wd", SGD(0.02, momentum, Nesterov(), WeightDecay(5e-4)), ConstantLR(), 0, 30},
		{"sgd_clip1", SGD(0.05, momentum), ConstantLR(), 1, 30},
		{"sgd_cos", SGD(0.05, momentum), CosineLR(0), 0, 30},
		{"sgd_onecycle", SGD(0.1, momentum), OneCycle(0.1), 0, 31},
		{"adam", Adam(0.05), ConstantLR(), 0, 30},
		{"adam_wd", Adam(0.05, WeightDecay(0.01)), ConstantLR(), 0, 30},
		{"adamw", AdamW(0.05), ConstantLR(), 0, 30},
		{"rmsprop", RMSProp(0.01), ConstantLR(), 0, 30},
		{"adagrad", Adagrad(0.1), ConstantLR(), 0, 30},
	} {
		t.Run(c.file, func(t *testing.T) {
			v := readVectors(t, "testdata/optim/"+c.file+".safetensors")
			k := newProblem(v)
			rates, path := v.float64s("lr"), v.float64s("traj")
			params := []*Param{k.p, k.q}
			for step := range 30 {
				k.gradients()
				if c.clip > 0 {
					ClipGradNorm(params, c.clip)
				}
				lr := c.schedule.Rate(step, c.total, 1, c.opt.BaseLR())
				if math.Abs(lr-rates[step]) > 1e-12 {
					t.Fatalf("step %d: rate %g, want %g", step, lr, rates[step])
				}
				f := fitting{fitConfig: fitConfig{schedule: c.schedule, epochs: c.total, accumulate: 1}, opt: c.opt, step: step, train: batches(newBars(1), 1)}
				f.cycleMomentum()
				c.opt.Step(params, lr)
				got := append(append([]float32{}, k.p.Value.Data...), k.q.Value.Data...)
				near(t, fmt.Sprintf("parameters after step %d", step), got, path[step*16:][:16], 2e-5)
			}
		})
	}
}

func TestSchedulesAgainstPyTorch(t *testing.T) {
	raw, err := os.ReadFile("testdata/optim/schedules.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	delete(want, "base_lr")
	cases := map[string]struct {
		schedule Schedule
		total    int
	}{
		"StepLR(30,0.1)":                             {StepLR(30, 0.1), 100},
		"MultiStepLR([150,225],0.1)":                 {MultiStepLR(0.1, 150, 225), 300},
		"CosineAnnealingLR(50)":                      {CosineLR(0), 50},
		"ExponentialLR(0.9)":                         {ExponentialLR(0.9), 20},
		"OneCycleLR(max=0.1,total=50)":               {OneCycle(0.1), 51}, // the vectors stop one step before the end
		"PolynomialLR(50,2)":                         {PolynomialLR(2), 50},
		"CosineWarmRestarts(10,2)":                   {CosineRestarts(10, 2), 70},
		"LinearLR(0.1,1,5)->Cosine(45) SequentialLR": {Warmup(5, 0.1, CosineLR(0)), 50},
	}
	if len(cases) != len(want) {
		t.Errorf("%d cases for %d schedules", len(cases), len(want))
	}
	for name, c := range cases {
		var rates []float64
		if err := json.Unmarshal(want[name], &rates); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for step, w := range rates {
			if got := c.schedule.Rate(step, c.total, 1, 0.1); math.Abs(got-w) > 1e-12 {
				t.Errorf("%s: step %d is %g, want %g", name, step, got, w)
				break
			}
		}
	}
}

func TestOptimizersForLargeBatches(t *testing.T) {
	for name, opt := range map[string]Optimizer{
		"LAMB": LAMB(0.05, WeightDecay(0.01)), "LARS": LARS(1, Momentum(0.9), Trust(0.05), WeightDecay(1e-4)),
		"RMSProp with momentum": RMSProp(0.01, Momentum(0.9)),
	} {
		m := smallNet()
		h, err := m.Fit(batches(newBars(120), 30), opt, Epochs(6), Quiet())
		if err != nil || h.Last().Loss > 0.7*h.Epochs[0].Loss {
			t.Errorf("%s does not learn: %v\n%v", name, err, h)
		}
	}
}

func TestOptimizerOptionsAreChecked(t *testing.T) {
	for want, f := range map[string]func(){
		"SGD: option Betas does not apply; it takes [Momentum Dampening Nesterov WeightDecay]": func() { SGD(0.1, Betas(0.9, 0.99)) },
		"SGD: Nesterov needs a momentum above 0 and no dampening, got 0 and 0":                 func() { SGD(0.1, Nesterov()) },
		"Linear: option Groups does not apply; it takes NoBias, Init, BiasInit":                func() { Linear(2, 3, Groups(2)) },
		"Conv2D: 3 numbers of stride for 2 dimensions":                                         func() { Conv2D(2, 2, 3, Stride(1, 2, 3)) },
		"Conv2D: padding is -1, want 0 or more":                                                func() { Conv2D(2, 2, 3, Padding(-1)) },
		"MaxPool2D: padding is 2, want 0 to half the window of 3":                              func() { MaxPool2D(3, Padding(2)) },
		"Sequential: conv1 is nil":                                                             func() { Sequential(Named("conv1", nil)) },
		"Sequential: two layers are called a":                                                  func() { Sequential(Named("a", ReLU()), Named("a", ReLU())) },
	} {
		if got := refusal(f); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestALayerHasOnePlace(t *testing.T) {
	c := Conv2D(4, 4, 1)
	want := "Conv2D: conv2 is also conv1; a layer has one place, make another for the second"
	if got := refusal(func() { Sequential(c, c) }); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r := ReLU()
	Sequential(r, r) // a layer without state may stand anywhere
}
