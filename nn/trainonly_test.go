package nn

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withHead is a network that was trained for one set of classes, with a last layer for another.
func withHead(classes int) *Model {
	return Sequential(
		Conv2D(1, 8, 3, Padding(1), NoBias()), BatchNorm2D(8), ReLU(),
		ResNeXtBlock(8, 16, Cardinality(4), BaseWidth(2)), GlobalAvgPool2D(), Named("head", Linear(16, classes)))
}

// Training changes what it is told to and nothing else, by the same gradients as otherwise.
func TestTrainOnly(t *testing.T) {
	for _, c := range []struct {
		layers []string
		opt    func() Optimizer
		opts   []FitOption
	}{
		{[]string{"head"}, func() Optimizer { return SGD(0.1, Momentum(0.9), WeightDecay(0.1)) }, nil},
		{[]string{"head"}, func() Optimizer { return AdamW(0.1) }, []FitOption{EMA(0.5), ClipNorm(1)}},
		{[]string{"block1.conv2", "head"}, func() Optimizer { return LAMB(0.1, WeightDecay(0.1)) }, []FitOption{Accumulate(2)}},
		{[]string{"conv1"}, func() Optimizer { return RMSProp(0.1, WeightDecay(0.1)) }, nil},
		{[]string{"block1"}, func() Optimizer { return Adagrad(0.1, WeightDecay(0.1)) }, nil},
		{[]string{"block1"}, func() Optimizer { return LARS(0.1, WeightDecay(0.1)) }, nil},
	} {
		m := withHead(3).TrainOnly(c.layers...)
		before := map[string][]float32{}
		for _, p := range m.Params() {
			before[p.Name] = slices.Clone(p.Value.Data)
		}
		if _, err := m.Fit(batches(newBars(60), 15), c.opt(), append(c.opts, Quiet())...); err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Params() {
			trained := slices.ContainsFunc(c.layers, func(l string) bool { return strings.HasPrefix(p.Name, l+".") })
			if same := slices.Equal(before[p.Name], p.Value.Data); same == trained || p.Fixed() == trained {
				t.Errorf("only %q is trained: %s is the same: %v, fixed: %v", c.layers, p.Name, same, p.Fixed())
			}
		}
	}
}

func TestTrainOnlyKeepsGradients(t *testing.T) {
	x, dy := randomTensor(1, 4, 1, 8, 8), randomTensor(2, 4, 3)
	for _, recompute := range []bool{false, true} {
		whole, part := withHead(3).Recompute(recompute), withHead(3).Recompute(recompute)
		gradients := func(m *Model) *Tensor {
			m.Forward(x, true)
			return m.Backward(dy)
		}
		want := gradients(whole)
		gradients(part)
		for _, layers := range [][]string{{"block1.conv2"}, {"head"}, {"conv1"}, nil} {
			part.TrainOnly(layers...)
			for _, p := range part.Params() {
				clear(p.Grad.Data)
			}
			sameNumbers(t, "the input's gradient", gradients(part), want, 0)
			for i, p := range part.Params() {
				if !p.Fixed() {
					sameNumbers(t, p.Name, p.Grad, whole.Params()[i].Grad, 0)
				}
			}
		}
	}
}

// A backward pass ends where nothing is trained any more.
func TestTrainOnlySparesTheBackwardPass(t *testing.T) {
	m := withHead(3)
	steps := func() int { return len(m.plan([]int{4, 1, 8, 8}, true, false).back) }
	all := steps()
	if n := func() int { m.TrainOnly("head"); return steps() }(); n != 1 || all < 10 {
		t.Errorf("%d steps back for the last layer, %d for all", n, all)
	}
	if s := m.Summary(1, 8, 8); s.Fixed != s.Params-51 || !strings.Contains(s.String(), "of the parameters fixed") {
		t.Errorf("%d of %d parameters fixed\n%s", s.Fixed, s.Params, s)
	}
	if n := func() int { m.TrainOnly(); return steps() }(); n != all {
		t.Errorf("%d steps back for all, there were %d", n, all)
	}
	if got := refusal(func() { m.TrainOnly("hea") }); !strings.HasPrefix(got, `TrainOnly: no layer "hea" has parameters; the layers are ["conv1"`) {
		t.Errorf("got %s", got)
	}
}

// A trained network gets a new last layer: all else is loaded and must fit.
func TestLoadExcept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.safetensors")
	old, m := withHead(5).Init(7), withHead(3)
	if err := old.Save(path); err != nil {
		t.Fatal(err)
	}
	head := slices.Clone(m.Param("head.weight").Value.Data)
	if err := m.Load(path, Except("head")); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(head, m.Param("head.weight").Value.Data) || !slices.Equal(old.Param("conv1.weight").Value.Data, m.Param("conv1.weight").Value.Data) {
		t.Error("not everything but the head was loaded")
	}
	if err := m.Load(path, Except("haed")); err == nil || !strings.Contains(err.Error(), `except: no layer "haed" has weights`) {
		t.Errorf("got %v", err)
	}
	err := m.Load(path, Except("conv1"))
	if err == nil || !strings.Contains(err.Error(), "2 tensors don't fit: head.bias is (5) in the file and (3) in the model") {
		t.Errorf("got %v", err)
	}
}
