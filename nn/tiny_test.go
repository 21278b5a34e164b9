package nn

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// tinyResNeXt is the network of testdata/resnext: 23,722 parameters, torchvision's names.
func tinyResNeXt() *Model {
	block := func(in, out, width int, more ...Option) Layer {
		return ResNeXtBlock(in, out, append(more, Cardinality(4), BaseWidth(width))...)
	}
	return Sequential(
		Named("conv1", Conv2D(1, 16, 3, Padding(1), NoBias())), Named("bn1", BatchNorm2D(16)), Named("relu", ReLU()),
		Named("layer1", Stack(block(16, 32, 2))),
		Named("layer2", Stack(block(32, 64, 4, Down()), block(64, 64, 4))),
		Named("layer3", Stack(block(64, 96, 8, Down()))),
		Named("avgpool", GlobalAvgPool2D()), Named("fc", Linear(96, 10)))
}

func TestTinyResNeXtStep(t *testing.T) {
	v := readVectors(t, "testdata/resnext/tiny_step1.safetensors")
	m := tinyResNeXt()
	if n := m.Summary(1, 8, 8).Params; n != 23722 {
		t.Errorf("%d parameters, want 23722", n)
	}
	loadState(readVectors(t, "testdata/resnext/tiny_init.safetensors"), m, "", "")
	x, y := v.tensor("x"), v.ints("y")
	v.near("eval_logits_init", m.Forward(x, false).Data, 2e-6)

	logits := m.Forward(x, true)
	v.near("logits", logits.Data, 2e-6)
	loss, grad := CrossEntropy().Of(logits, y...)
	near(t, "loss", []float32{float32(loss)}, v.float64s("loss"), 1e-6)
	v.near("dx", m.Backward(grad).Data, 1e-6)
	for _, p := range m.Params() {
		v.near("grad."+p.Name, p.Grad.Data, tolerance(v.float64s("grad."+p.Name)))
	}
	SGD(0.1, Momentum(0.9), WeightDecay(5e-4)).Step(m.Params(), 0.1)
	checkState(v, m, "after.")
	v.near("eval_logits_after", m.Forward(x, false).Data, 5e-6)
}

func checkState(v *vectors, m *Model, prefix string) {
	v.t.Helper()
	for _, p := range m.Params() {
		v.near(prefix+p.Name, p.Value.Data, 2e-6)
	}
	for _, b := range m.Buffers() {
		v.near(prefix+b.Name, b.Value.Data, 2e-6)
	}
}

func TestTinyResNeXtForcedSteps(t *testing.T) {
	for _, step := range []int{0, 1, 2, 5, 10, 19} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			v := readVectors(t, fmt.Sprintf("testdata/resnext/tiny_forced_step%02d.safetensors.gz", step))
			m := tinyResNeXt()
			loadState(v, m, "before.", "")
			opt := SGD(0.02, Momentum(0.9), WeightDecay(5e-4))
			for _, p := range m.Params() {
				if name := "mom_before." + p.Name; v.has(name) {
					velocity, _ := opt.of("velocity", p)
					copy(velocity, v.tensor(name).Data)
				}
			}
			loss, grad := CrossEntropy().Of(m.Forward(v.tensor("x"), true), v.ints("y")...)
			near(t, "loss", []float32{float32(loss)}, v.float64s("loss"), 1e-6)
			m.Backward(grad)
			for _, p := range m.Params() {
				v.near("grad."+p.Name, p.Grad.Data, tolerance(v.float64s("grad."+p.Name)))
			}
			opt.Step(m.Params(), 0.02)
			checkState(v, m, "after.")
			for _, p := range m.Params() {
				velocity, _ := opt.of("velocity", p)
				v.near("mom_after."+p.Name, velocity, tolerance(v.float64s("mom_after."+p.Name)))
			}
		})
	}
}

func TestLayersAreNamedAsInTorchvision(t *testing.T) {
	v := readVectors(t, "testdata/resnext/tiny_init.safetensors")
	m := tinyResNeXt()
	var have []string
	for _, p := range m.Params() {
		have = append(have, p.Name)
	}
	for _, b := range m.Buffers() {
		have = append(have, b.Name)
	}
	want := 0
	for _, s := range v.file.Tensors {
		if !strings.HasSuffix(s.Name, "num_batches_tracked") {
			want++
		}
	}
	for _, name := range have {
		if !v.has(name) {
			t.Errorf("PyTorch has no %s", name)
		}
	}
	if len(have) != want {
		t.Errorf("%d tensors, PyTorch has %d", len(have), want)
	}
}

// A free run is chaotic: one ReLU that flips moves the loss by a tenth ten steps later. So only its first steps are
// compared, as a test of training as a whole.
func TestTinyResNeXtFreeRuns(t *testing.T) {
	var want map[string]struct{ Loss []float64 }
	readJSON(t, "testdata/resnext/trajectories.json", &want)
	data := digitBatches(t)
	cases := map[string]struct {
		opt  Optimizer
		more []FitOption
	}{
		"sgd_mom":        {SGD(0.02, Momentum(0.9), WeightDecay(5e-4)), nil},
		"sgd_plain":      {SGD(0.02), nil},
		"sgd_nodecay_bn": {SGD(0.02, Momentum(0.9), WeightDecay(5e-4)), nil},
		"adamw":          {AdamW(1e-3, WeightDecay(0.05)), nil},
		"sgd_nesterov_cosine_ls": {SGD(0.02, Momentum(0.9), Nesterov(), WeightDecay(5e-4)),
			[]FitOption{LR(CosineLR(0)), Objective(LabelSmoothing(0.1))}},
	}
	if len(cases) != len(want) {
		t.Errorf("%d cases for %d runs", len(cases), len(want))
	}
	for name, c := range cases {
		m := tinyResNeXt()
		if name == "sgd_nodecay_bn" {
			m.NoDecay()
		}
		if err := m.Load("testdata/resnext/tiny_init.safetensors"); err != nil {
			t.Fatal(err)
		}
		h, err := m.Fit(data, c.opt, append(c.more, Quiet())...)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want[name].Loss[:6] {
			if got := h.Steps[i].Loss; math.Abs(got-w) > 2e-5 {
				t.Errorf("%s: loss %d is %.6f, want %.6f", name, i, got, w)
			}
		}
	}
}

// fixedBatches deals out the same batches in every epoch.
type fixedBatches struct {
	batches []Batch
	next    int
}

func (f *fixedBatches) Len() int          { return len(f.batches) }
func (f *fixedBatches) Start(uint64, int) { f.next = 0 }

func (f *fixedBatches) Next(b *Batch) bool {
	if f.next == len(f.batches) {
		return false
	}
	*b = f.batches[f.next]
	f.next++
	return true
}

func digitBatches(t *testing.T) *fixedBatches {
	v := readVectors(t, "testdata/resnext/batches.safetensors")
	x, y := v.tensor("x"), v.ints("y")
	f := &fixedBatches{}
	for i := range x.Shape[0] {
		f.batches = append(f.batches, Batch{X: x.Slice(i, i+1).Reshape(16, 1, 8, 8), Y: y[i*16:][:16]})
	}
	return f
}
