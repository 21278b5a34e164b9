package nn

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// withDropout is a network that uses every kind of randomness and state.
func withDropout() *Model {
	return Sequential(Conv2D(1, 8, 3, Padding(1)), BatchNorm2D(8), ReLU(), Dropout(0.2), GlobalAvgPool2D(), Linear(8, 3))
}

func TestResumingIsTheSameAsNotStopping(t *testing.T) {
	for name, opt := range map[string]func() Optimizer{
		"SGD":   func() Optimizer { return SGD(0.05, Momentum(0.9), WeightDecay(1e-4)) },
		"AdamW": func() Optimizer { return AdamW(0.01) },
		"LAMB":  func() Optimizer { return LAMB(0.01) },
	} {
		path := filepath.Join(t.TempDir(), "run.safetensors")
		options := func(more ...FitOption) []FitOption {
			return append(more, Epochs(4), LR(CosineLR(0)), Validate(newBars(30)), EMA(0.9), KeepBest(), Quiet())
		}
		straight := withDropout()
		want, err := straight.Fit(batches(newBars(60), 16), opt(), options()...)
		if err != nil {
			t.Fatal(err)
		}
		stop := errors.New("power cut")
		broken := withDropout()
		func() {
			defer func() {
				if r := recover(); r != stop {
					t.Fatalf("recovered %v", r)
				}
			}()
			broken.Fit(batches(newBars(60), 16), opt(), options(Checkpoint(path), OnEpoch(func(e EpochStats) {
				if e.Epoch == 2 {
					panic(stop)
				}
			}))...)
		}()
		resumed := withDropout().Init(77)
		got, err := resumed.Fit(batches(newBars(60), 16), opt(), options(Checkpoint(path), Resume())...)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(weights(straight), weights(resumed)) {
			t.Errorf("%s: resuming gives other weights", name)
		}
		ignore := cmpopts.IgnoreFields(EpochStats{}, "Seconds", "ImagesPerSecond")
		if diff := cmp.Diff(want, got, ignore, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAFileThatIsNoCheckpointIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.safetensors")
	if err := withDropout().Save(path); err != nil {
		t.Fatal(err)
	}
	_, err := withDropout().Fit(batches(newBars(30), 16), SGD(0.1), Checkpoint(path), Resume(), Quiet())
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `it says epoch = ""`) {
		t.Errorf("error %v", err)
	}
	os.WriteFile(path, []byte("rubbish!rubbish!"), 0o644)
	_, err = withDropout().Fit(batches(newBars(30), 16), SGD(0.1), Checkpoint(path), Resume(), Quiet())
	if err == nil || !strings.Contains(err.Error(), "the header should have") {
		t.Errorf("error %v", err)
	}
}

func TestAccumulatingIsALargerBatch(t *testing.T) {
	net := func() *Model { return Sequential(Conv2D(1, 4, 3), ReLU(), GlobalAvgPool2D(), Linear(4, 3)) }
	a, b := net(), net()
	ha, err := a.Fit(batches(newBars(64), 32), SGD(0.1), Epochs(2), LR(CosineLR(0)), Quiet())
	if err != nil {
		t.Fatal(err)
	}
	hb, err := b.Fit(batches(newBars(64), 8), SGD(0.1), Epochs(2), LR(CosineLR(0)), Accumulate(4), Quiet())
	if err != nil {
		t.Fatal(err)
	}
	wa, wb := weights(a), weights(b)
	for i := range wa {
		if math.Abs(float64(wa[i]-wb[i])) > 1e-6 {
			t.Fatalf("weight %d is %g and %g", i, wa[i], wb[i])
		}
	}
	if len(ha.Steps) != len(hb.Steps) || ha.Steps[3].LR != hb.Steps[3].LR {
		t.Errorf("%d and %d steps", len(ha.Steps), len(hb.Steps))
	}
}

func TestEarlyStoppingAndBestWeights(t *testing.T) {
	best := filepath.Join(t.TempDir(), "best.npz")
	m := smallNet()
	h, err := m.Fit(batches(newBars(60), 16), SGD(0.05, Momentum(0.9)), Epochs(40), Validate(newBars(30)),
		EarlyStopping(3), KeepBest(), SaveBest(best), LR(ScheduleFunc(func(step, _, _ int, base float64) float64 {
			if step > 20 {
				return 3 // ruins the model
			}
			return base
		})), Quiet())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(h.Epochs); n >= 40 || n < 4 {
		t.Errorf("stopped after %d epochs", n)
	}
	top := 0.0
	for _, e := range h.Epochs {
		top = max(top, e.ValAcc)
	}
	e, _ := m.Evaluate(newBars(30))
	if e.Accuracy != top || h.Last().ValAcc == top {
		t.Errorf("accuracy %.2f, best epoch %.2f, last %.2f", e.Accuracy, top, h.Last().ValAcc)
	}
	saved := smallNet()
	if err := saved.Load(best); err != nil || !slices.Equal(weights(saved), weights(m)) {
		t.Errorf("SaveBest: %v", err)
	}
}

func TestMovingAverageOfTheWeights(t *testing.T) {
	p := newParam("w", Zeros(), 1, 1, 1)
	p.ready(1, "w")
	a := newMovingAverage(0.5, []*Param{p})
	for _, v := range []float32{4, 8} {
		p.Value.Data[0] = v
		a.add([]*Param{p})
	}
	a.swap([]*Param{p})
	if p.Value.Data[0] != 5 {
		t.Errorf("average %g, want 5", p.Value.Data[0])
	}
	a.swap([]*Param{p})
	if p.Value.Data[0] != 8 {
		t.Errorf("the weights are %g, want 8 back", p.Value.Data[0])
	}
}

func TestMixedBatches(t *testing.T) {
	for name, opt := range map[string]FitOption{"mixup": Mixup(0.4), "cutmix": CutMix(1)} {
		m := smallNet()
		h, err := m.Fit(batches(newBars(120), 30), SGD(0.05, Momentum(0.9)), Epochs(8), opt, Validate(newBars(60)), Quiet())
		if err != nil || h.Last().ValAcc < 0.8 {
			t.Errorf("%s: %v\n%v", name, err, h)
		}
	}
	var b Batch
	newBars(8).Read(&b, []int{0, 1, 2, 3, 4, 5, 6, 7})
	m := smallNet()
	m.Params()
	for _, mix := range []*mixing{{alpha: 1}, {alpha: 1, cut: true}} {
		mix.apply(&b, m, rand.New(rand.NewPCG(1, 2)))
		for i := range 8 {
			sum := b.Target.At(i, 0) + b.Target.At(i, 1) + b.Target.At(i, 2)
			if math.Abs(float64(sum)-1) > 1e-6 {
				t.Errorf("shares of example %d sum to %g", i, sum)
			}
		}
	}
}

func TestReduceOnPlateau(t *testing.T) {
	s := ReduceOnPlateau(0.1, 2)
	var rates []float64
	for _, loss := range []float64{1, 0.9, 0.9, 0.95, 0.9, 0.8, 0.9} {
		rates = append(rates, s.Rate(0, 1, 1, 1))
		s.(*plateau).Observe(EpochStats{Loss: loss, ValLoss: math.NaN()})
	}
	if !slices.Equal(rates, []float64{1, 1, 1, 1, 1, 0.1, 0.1}) {
		t.Errorf("rates %v", rates)
	}
}

func TestOptionsOfFitAreChecked(t *testing.T) {
	for want, opts := range map[string][]FitOption{
		"fit: EarlyStopping, KeepBest and SaveBest need Validate":                            {KeepBest()},
		"fit: Resume needs Checkpoint":                                                       {Resume()},
		"fit: Accumulate(0), want 1 or more":                                                 {Accumulate(0)},
		"fit: EMA(1), want 0 or more and less than 1":                                        {EMA(1)},
		"Fit: Mixup or CutMix with an alpha of 0, want more than 0":                          {Mixup(0)},
		"Fit: Mixup and CutMix exclude each other":                                           {Mixup(1), CutMix(1)},
		"fit: Epochs(0), want 1 or more":                                                     {Epochs(0)},
		"fit: ClipNorm(-1), want more than 0":                                                {ClipNorm(-1)},
		"fit: EarlyStopping(0), want 1 or more":                                              {EarlyStopping(0), Validate(newBars(3))},
		"fit: Validate: the data set is empty":                                               {Validate(newBars(0))},
		"fit: Validate: the data set is nil; OnEpoch: the function is nil":                   {Validate(nil), OnEpoch(nil)},
		"fit: OnStep: the function is nil":                                                   {OnStep(nil)},
		"fit: option 1 is nil":                                                               {nil},
		"fit: the schedule gives a learning rate of -1 for step 0 of epoch 1":                {LR(ScheduleFunc(func(_, _, _ int, _ float64) float64 { return -1 }))},
		"fit: SaveBest(\"best.h5\"): the ending must be .safetensors, .npz or .pt":           {SaveBest("best.h5"), Validate(newBars(3))},
		"fit: the training set, the optimiser, the schedule, the loss or the context is nil": {LR(nil)},
	} {
		if _, err := smallNet().Fit(batches(newBars(30), 16), SGD(0.1), append(opts, Quiet())...); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err := smallNet().Fit(batches(newBars(30), 16), SGD(0.1), Checkpoint("/nowhere/run.safetensors"), OnStep(func(StepStats) {
		t.Error("it trains before it sees that the checkpoint can't be written")
	}), Quiet())
	if err == nil || !strings.Contains(err.Error(), "/nowhere/") {
		t.Errorf("a folder that is not there: %v", err)
	}
	folder := t.TempDir()
	_, err = smallNet().Fit(batches(newBars(30), 16), SGD(0.1), Checkpoint(folder), Quiet())
	if want := "fit: " + folder + " can't be written: it is a directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := smallNet().Fit(batches(newBars(0), 16), SGD(0.1), Quiet()); err == nil || err.Error() != "fit: the training set has no batches" {
		t.Errorf("got %v", err)
	}
}

func TestClippingRecordsTheNorm(t *testing.T) {
	h, err := smallNet().Fit(batches(newBars(32), 16), SGD(0.1), ClipNorm(0.01), Quiet())
	if err != nil || h.Steps[0].GradNorm < 0.01 {
		t.Errorf("%v, %v", h.Steps, err)
	}
}

// A run that is not the one that wrote the checkpoint does not go on from it.
func TestResumeRefusesAnotherRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.safetensors")
	fit := func(batch int, opt Optimizer, opts ...FitOption) error {
		_, err := smallNet().Fit(batches(newBars(30), batch), opt, append(opts, Checkpoint(path), Resume(), Quiet())...)
		return err
	}
	if err := fit(10, SGD(0.1, Momentum(0.9))); err != nil {
		t.Fatal(err)
	}
	const advice = "; load the weights alone to go on in another way"
	for want, err := range map[string]error{
		"its seed is 1, this run's 2" + advice:                             fit(10, SGD(0.1, Momentum(0.9)), Seed(2)),
		"its optimizer is SGDOptimizer, this run's AdamOptimizer" + advice: fit(10, Adam(0.1)),
		"its steps an epoch is 3, this run's 6" + advice:                   fit(5, SGD(0.1, Momentum(0.9))),
		"it has no moving average of conv1.weight; EMA was off":            fit(10, SGD(0.1, Momentum(0.9)), EMA(0.9)),
	} {
		if full := "fit: resume from " + path + ": " + want; err == nil || err.Error() != full {
			t.Errorf("got %v, want %s", err, full)
		}
	}
}

// numbers is a data set without classes: what to compute is a sum of the input.
type numbers struct{ n int }

func (d numbers) Len() int { return d.n }

func (numbers) Read(b *Batch, indices []int) {
	b.Resize(len(indices), 3)
	b.Y = nil
	b.Target = NewTensor(len(indices), 1)
	for i, k := range indices {
		x := b.X.Data[3*i:][:3]
		normal(x, 1, stream(uint64(k), "numbers"))
		b.Target.Data[i] = 2*x[0] - x[1]
	}
}

// Without classes the best epoch is the one with the least loss, and there is no accuracy.
func TestFitToNumbers(t *testing.T) {
	m := Sequential(Linear(3, 1))
	path := filepath.Join(t.TempDir(), "best.npz")
	h, err := m.Fit(batches(numbers{64}, 16), SGD(0.1), Objective(MSE()), Epochs(8), Validate(numbers{32}), KeepBest(), SaveBest(path), Quiet())
	if err != nil {
		t.Fatal(err)
	}
	if first, last := h.Epochs[0], h.Last(); last.ValLoss > 0.1*first.ValLoss || !math.IsNaN(last.Accuracy) || !math.IsNaN(last.ValAcc) {
		t.Errorf("first %+v, last %+v", first, last)
	}
	saved := Sequential(Linear(3, 1))
	if err := saved.Load(path); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*Model{m, saved} {
		e, err := m.EvaluateLoss(numbers{32}, MSE())
		if err != nil || math.Abs(e.Loss-h.Last().ValLoss) > 1e-6 || e.Examples != 32 || !math.IsNaN(e.Accuracy) {
			t.Errorf("%v (%v), want a loss of %g", e, err, h.Last().ValLoss)
		}
	}
	if _, err := m.Evaluate(numbers{32}); err == nil || err.Error() != "CrossEntropy: 1 class; BCEWithLogits decides between two, MSE compares numbers" {
		t.Errorf("Evaluate: %v", err)
	}
}
