package nn

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/kernels"
)

// bars is a data set of 8x8 images: noise with a bright row (class 0), column (1) or neither (2).
type bars struct{ n int }

func newBars(n int) bars { return bars{n} }

func (b bars) Len() int { return b.n }

func (bars) Read(b *Batch, indices []int) {
	b.Resize(len(indices), 1, 8, 8)
	for i, k := range indices {
		x := b.X.Data[i*64:][:64]
		normal(x, 0.3, stream(uint64(k), "bars"))
		b.Y[i] = k % 3
		for j := range 8 {
			switch k % 3 {
			case 0:
				x[(k/3%8)*8+j] += 2
			case 1:
				x[j*8+k/3%8] += 2
			}
		}
	}
}

// inOrder deals out a data set in batches, always in the same order.
type inOrder struct {
	Dataset
	size, at int
	indices  []int
}

func batches(d Dataset, n int) *inOrder { return &inOrder{Dataset: d, size: n} }

func (l *inOrder) Len() int          { return (l.Dataset.Len() + l.size - 1) / l.size }
func (l *inOrder) Start(uint64, int) { l.at = 0 }

func (l *inOrder) Next(b *Batch) bool {
	l.indices = l.indices[:0]
	for ; l.at < l.Dataset.Len() && len(l.indices) < l.size; l.at++ {
		l.indices = append(l.indices, l.at)
	}
	if len(l.indices) == 0 {
		return false
	}
	l.Read(b, l.indices)
	return true
}

func smallNet() *Model {
	return Sequential(
		Conv2D(1, 8, 3, Padding(1), NoBias()), BatchNorm2D(8), ReLU(), MaxPool2D(2),
		ResNeXtBlock(8, 16, Cardinality(4), BaseWidth(2)),
		GlobalAvgPool2D(), Linear(16, 3))
}

func TestFitLearns(t *testing.T) {
	m := smallNet()
	var epochs []EpochStats
	h, err := m.Fit(batches(newBars(240), 32), SGD(0.05, Momentum(0.9), Nesterov(), WeightDecay(5e-4)),
		Epochs(4), LR(OneCycle(0.1)), Validate(newBars(90)), Quiet(),
		OnEpoch(func(e EpochStats) { epochs = append(epochs, e) }))
	if err != nil {
		t.Fatal(err)
	}
	if h.Last().ValAcc < 0.95 {
		t.Errorf("validation accuracy %.2f\n%v", h.Last().ValAcc, h)
	}
	if !slices.Equal(epochs, h.Epochs) || len(h.Epochs) != 4 || len(h.Steps) != 32 {
		t.Errorf("callbacks saw %v, history has %v and %d steps", epochs, h.Epochs, len(h.Steps))
	}
	e, err := m.Evaluate(newBars(90))
	if err != nil || e.Accuracy != h.Last().ValAcc || e.Examples != 90 {
		t.Errorf("Evaluate: %v, %v", e, err)
	}
	var b Batch
	newBars(10).Read(&b, []int{0, 1, 2, 3})
	classes, err := m.Predict(b.X)
	if err != nil || len(classes) != 4 {
		t.Errorf("Predict: %v, %v", classes, err)
	}
}

func weights(m *Model) []float32 {
	var all []float32
	for _, p := range m.Params() {
		all = append(all, p.Value.Data...)
	}
	for _, b := range m.Buffers() {
		all = append(all, b.Value.Data...)
	}
	return all
}

func TestTrainingIsTheSameForEveryNumberOfThreads(t *testing.T) {
	defer kernels.SetThreads(0)
	var first []float32
	for _, threads := range []int{1, 2, 3, 8} {
		kernels.SetThreads(threads)
		m := smallNet()
		if _, err := m.Fit(batches(newBars(100), 24), SGD(0.05, Momentum(0.9)), Epochs(2), Quiet()); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = weights(m)
		} else if !slices.Equal(first, weights(m)) {
			t.Errorf("%d threads give other weights than 1", threads)
		}
	}
}

func TestInitDependsOnSeedAndNameAlone(t *testing.T) {
	a, b := smallNet(), smallNet()
	if !slices.Equal(weights(a), weights(b)) {
		t.Error("two new models differ")
	}
	if slices.Equal(weights(a.Init(2)), weights(b)) {
		t.Error("Init(2) gives the weights of seed 1")
	}
	if !slices.Equal(weights(a.Init(1)), weights(b)) {
		t.Error("Init(1) does not give the first weights back")
	}
	inner := Conv2D(1, 4, 3)
	inner.Weight.SetValue(randomTensor(1, 4, 1, 3, 3))
	kept := slices.Clone(inner.Weight.Value.Data)
	if !slices.Equal(Sequential(inner, ReLU()).Param("conv1.weight").Value.Data, kept) {
		t.Error("putting a layer into a model changed the weights it had")
	}
}

func TestCancellingLeavesTheModelUsable(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	m := smallNet()
	train := batches(newBars(96), 32)
	h, err := m.Fit(train, SGD(0.05), Epochs(5), Context(ctx), Quiet(), OnStep(func(s StepStats) {
		if s.Step == 4 {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped in epoch 2 after 5 steps") {
		t.Errorf("error %v", err)
	}
	if len(h.Steps) != 5 || len(h.Epochs) != 1 {
		t.Errorf("%d steps and %d epochs in the history, want 5 and 1", len(h.Steps), len(h.Epochs))
	}
	if _, err := m.Fit(train, SGD(0.05), Quiet()); err != nil {
		t.Errorf("training on: %v", err)
	}
}

func TestFitReturnsMistakesAsErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		model *Model
		want  string
	}{
		{"channels", Sequential(Conv2D(3, 4, 3)), "Conv2D conv1: input is (16, 1, 8, 8), want (N, 3, H, W)"},
		{"features", Sequential(Flatten(), Linear(63, 3)), "Linear fc1: input is (16, 64), want (N, 63)"},
		{"kernel too large", Sequential(Conv2D(1, 4, 9)), "Conv2D conv1: input (16, 1, 8, 8): kernel spans 9 in height"},
		{"classes", Sequential(Flatten(), Linear(64, 2)), "CrossEntropy: label 2 of row 2 is not one of 2 classes"},
		{"norm", Sequential(Conv2D(1, 4, 3), BatchNorm2D(5)), "BatchNorm2D bn1: input is (16, 4, 6, 6), want (N, 5, H, W)"},
	} {
		_, err := c.model.Fit(batches(newBars(32), 16), SGD(0.1), Quiet())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestALossThatIsNotANumberNamesTheLayer(t *testing.T) {
	m := smallNet()
	m.Param("block1.conv2.weight").Value.Data[3] = float32(math.NaN())
	_, err := m.Fit(batches(newBars(32), 16), SGD(0.1), Quiet())
	if err == nil || !strings.Contains(err.Error(), "NaN at step 0 of epoch 1") ||
		!strings.Contains(err.Error(), "parameter block1.conv2.weight is not finite") {
		t.Errorf("error %v", err)
	}
}

// An output that is not a number is that of the first layer that made it, in the step in which it happened.
func TestANumberLostOnTheWayNamesItsLayer(t *testing.T) {
	calls := 0
	m := Sequential(Conv2D(1, 4, 3), ReLU(), Func("log", func(x *Tensor) *Tensor {
		y := x.Clone()
		if calls++; calls > 4 { // the shape is found by a call, too
			y.Data[1] = float32(math.Log(-1))
		}
		return y
	}, func(_, _, dy *Tensor) *Tensor { return dy.Clone() }), GlobalAvgPool2D(), Linear(4, 3))
	_, err := m.Fit(batches(newBars(96), 16), SGD(0.1), Quiet())
	if err == nil || !strings.Contains(err.Error(), "at step 3 of epoch 1") || !strings.Contains(err.Error(), "the output of log1 is not finite") {
		t.Errorf("error %v", err)
	}
}

func TestBackwardMustFollowATrainingForward(t *testing.T) {
	m := smallNet()
	x := randomTensor(1, 2, 1, 8, 8)
	dy := m.Forward(x, false)
	const want = "Backward: must directly follow Forward(x, true)"
	if got := refusal(func() { m.Backward(dy) }); got != want {
		t.Errorf("after evaluation: %q", got)
	}
	m.Forward(x, true)
	if _, err := m.Predict(x); err != nil {
		t.Fatal(err)
	}
	if got := refusal(func() { m.Backward(dy) }); got != want {
		t.Errorf("after Predict: %q", got)
	}
}

func TestOneModelTakesAnyBatchSize(t *testing.T) {
	m := smallNet()
	x := randomTensor(1, 7, 1, 8, 8)
	all := m.Forward(x, false)
	for _, n := range []int{1, 3, 7, 2} {
		part := m.Forward(x.Slice(0, n), false)
		sameNumbers(t, "part of the batch", part, all.Slice(0, n), 1e-6)
	}
}

func TestAnEmptySetCannotBeMeasured(t *testing.T) {
	if _, err := smallNet().Evaluate(newBars(0)); err == nil || err.Error() != "the data set is empty" {
		t.Errorf("Evaluate: %v", err)
	}
	if _, err := smallNet().Capture(newBars(0), "conv1"); err == nil || err.Error() != "capture: the data set is empty" {
		t.Errorf("Capture: %v", err)
	}
}
