package nn

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// again writes a spec as JSON and reads it back into another.
func again(t *testing.T, spec, other any) {
	t.Helper()
	raw, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, other); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}

// The network of the package's documentation, as options and as data, with the same weights.
func TestASpecIsTheSameModel(t *testing.T) {
	spec := ModelSpec{[]LayerSpec{
		{Kind: "Conv2D", In: 1, Out: 16, Kernel: []int{3}, Padding: []int{1}, NoBias: true, Init: "he_normal"},
		{Kind: "BatchNorm2D", In: 16}, {Kind: "ReLU", Name: "first"},
		{Kind: "ResNeXtBlock", In: 16, Out: 32, Cardinality: 8, BaseWidth: 2, Stride: []int{2}, SE: 4},
		{Kind: "Residual", Layers: []LayerSpec{{Kind: "GroupNorm", In: 32, Groups: 4}, {Kind: "LeakyReLU", Value: 0.1}}},
		{Kind: "GlobalAvgPool2D"}, {Kind: "Dropout", Value: 0.2}, {Kind: "Linear", In: 32, Out: 10},
	}}
	want := Sequential(
		Conv2D(1, 16, 3, Padding(1), NoBias(), Init(HeNormal())), BatchNorm2D(16), Named("first", ReLU()),
		ResNeXtBlock(16, 32, Cardinality(8), BaseWidth(2), Down(), SE(4)), Residual(GroupNorm(4, 32), LeakyReLU(0.1)),
		GlobalAvgPool2D(), Dropout(0.2), Linear(32, 10)).Init(7)
	var read ModelSpec
	again(t, spec, &read)
	if diff := cmp.Diff(spec, read); diff != "" {
		t.Error(diff)
	}
	m, err := read.Build(7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), m.String()); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(weights(want), weights(m)) || !slices.Equal(want.Layers(), m.Layers()) {
		t.Errorf("other weights or layers: %v", m.Layers())
	}
}

func TestEveryLayerHasASpec(t *testing.T) {
	for _, name := range layerConstructors(t) {
		if slices.Contains([]string{"Func", "Custom", "Named", "Conv2DKernel", "Conv3DKernel"}, name) {
			continue // code is no data; the others are fields
		}
		if _, ok := layerKinds[name]; !ok {
			t.Errorf("no spec makes a %s", name)
		}
	}
}

// Specs of every kind build what their constructors do.
func TestSpecsOfAllKinds(t *testing.T) {
	k, two := []int{2}, []int{2}
	for _, c := range []struct {
		spec LayerSpec
		want Layer
		x    []int
	}{
		{LayerSpec{Kind: "Conv1D", In: 2, Out: 4, Kernel: k, Pad: "causal", Groups: 2}, Conv1D(2, 4, 2, Causal(), Groups(2)), []int{2, 6}},
		{LayerSpec{Kind: "Conv2D", In: 2, Out: 4, Kernel: []int{1, 3}, Pad: "same", BiasInit: "ones"}, Conv2DKernel(2, 4, 1, 3, Same(), BiasInit(Ones())), []int{2, 6, 6}},
		{LayerSpec{Kind: "Conv3D", In: 2, Out: 4, Kernel: k, Dilation: two}, Conv3D(2, 4, 2, Dilation(2)), []int{2, 4, 4, 4}},
		{LayerSpec{Kind: "ConvTranspose2D", In: 2, Out: 4, Kernel: k, Stride: two, OutputPadding: []int{1}}, ConvTranspose2D(2, 4, 2, Stride(2), OutputPadding(1)), []int{2, 3, 3}},
		{LayerSpec{Kind: "DepthwiseConv2D", In: 4, Kernel: k}, DepthwiseConv2D(4, 1, 2), []int{4, 5, 5}},
		{LayerSpec{Kind: "SeparableConv2D", In: 4, Out: 6, Kernel: k}, SeparableConv2D(4, 6, 2), []int{4, 5, 5}},
		{LayerSpec{Kind: "GroupNorm", In: 4, Groups: 2, Eps: 0.1}, GroupNorm(2, 4, Eps(0.1)), []int{4, 5, 5}},
		{LayerSpec{Kind: "ChannelNorm", In: 4, NoAffine: true}, ChannelNorm(4, NoAffine()), []int{4, 5, 5}},
		{LayerSpec{Kind: "MaxPool2D", Kernel: k, Ceil: true}, MaxPool2D(2, Ceil()), []int{4, 5, 5}},
		{LayerSpec{Kind: "AvgPool2D", Kernel: []int{3}, Padding: []int{1}, SkipPadding: true}, AvgPool2D(3, Padding(1), CountPadding(false)), []int{4, 5, 5}},
		{LayerSpec{Kind: "ResNeXtBlock", In: 4, Out: 4, Cardinality: 2, BaseWidth: 2, Form: "split-transform-sum", NoNorm: true},
			ResNeXtBlock(4, 4, Cardinality(2), BaseWidth(2), InForm(SplitSum), NoNorm()), []int{4, 5, 5}},
		{LayerSpec{Kind: "Bottleneck", In: 4, Out: 8, PreActivation: true}, Bottleneck(4, 8, PreActivation()), []int{4, 5, 5}},
		{LayerSpec{Kind: "BasicBlock", In: 4, Out: 8, Stride: two}, BasicBlock(4, 8, Down()), []int{4, 6, 6}},
		{LayerSpec{Kind: "InvertedResidual", In: 4, Out: 8, Expand: 2, Stride: two}, InvertedResidual(4, 8, 2, 2), []int{4, 6, 6}},
		{LayerSpec{Kind: "ShuffleUnit", In: 4, Hidden: 4, Groups: 2}, ShuffleUnit(4, 4, 2), []int{4, 6, 6}},
		{LayerSpec{Kind: "ShuffleDown", In: 4, Out: 8, Hidden: 4, Groups: 2}, ShuffleDown(4, 8, 4, 2), []int{4, 6, 6}},
		{LayerSpec{Kind: "ShuffleSplitUnit", In: 4, Out: 8, Stride: two}, ShuffleSplitUnit(4, 8, 2), []int{4, 6, 6}},
		{LayerSpec{Kind: "ConvNeXtBlock", In: 4, Value: 0.1}, ConvNeXtBlock(4, 0.1), []int{4, 6, 6}},
		{LayerSpec{Kind: "SqueezeExcite", In: 4, SE: 2}, SqueezeExcite(4, 2), []int{4, 6, 6}},
		{LayerSpec{Kind: "Upsample", Kernel: k}, Upsample(2), []int{4, 3, 3}},
		{LayerSpec{Kind: "ChannelShuffle", Groups: 2}, ChannelShuffle(2), []int{4, 3, 3}},
		{LayerSpec{Kind: "Reshape", Shape: []int{2, -1}}, Reshape(2, -1), []int{4, 3}},
		{LayerSpec{Kind: "ResidualVia", Shortcut: &LayerSpec{Kind: "Tanh"}, Layers: []LayerSpec{{Kind: "Sigmoid"}}}, ResidualVia(Tanh(), Sigmoid()), []int{4, 3}},
		{LayerSpec{Kind: "Branches", Layers: []LayerSpec{{Kind: "Tanh"}, {Kind: "ELU", Value: 1}}}, Branches(Tanh(), ELU(1)), []int{4, 3}},
	} {
		m, err := ModelSpec{[]LayerSpec{c.spec}}.Build(1)
		if err != nil {
			t.Errorf("%s: %v", c.spec.Kind, err)
			continue
		}
		x := randomTensor(1, append([]int{2}, c.x...)...)
		sameNumbers(t, c.spec.Kind, m.Forward(x, false), Sequential(c.want).Forward(x, false), 0)
	}
}

func TestSpecsThatMakeNoSenseAreRefused(t *testing.T) {
	for want, layers := range map[string]string{
		`ModelSpec, layers[0]: LayerSpec: no layer is called "Conv4D"`:                                      `[{"kind": "Conv4D"}]`,
		`ModelSpec, layers[1]: ReLU: it does not take "value"`:                                              `[{"kind": "Tanh"}, {"kind": "ReLU", "value": 3}]`,
		`ModelSpec, layers[0]: Conv2D: 6 input channels are not divisible by 4 groups`:                      `[{"kind": "Conv2D", "in": 6, "out": 8, "kernel": [3], "groups": 4}]`,
		`ModelSpec, layers[0]: Conv2D: it has no kernel`:                                                    `[{"kind": "Conv2D", "in": 6, "out": 8}]`,
		`ModelSpec, layers[0].layers[0]: Linear: option Groups does not apply`:                              `[{"kind": "Residual", "layers": [{"kind": "Linear", "in": 2, "out": 2, "groups": 2}]}]`,
		`ModelSpec, layers[0].shortcut: Dropout: probability is 2`:                                          `[{"kind": "ResidualVia", "shortcut": {"kind": "Dropout", "value": 2}}]`,
		`ModelSpec, layers[0]: Conv2D: pad is "full", want same or causal`:                                  `[{"kind": "Conv2D", "in": 6, "out": 8, "kernel": [3], "pad": "full"}]`,
		`ModelSpec, layers[0]: InitNamed: no initialiser is called "glorot"; there are glorot_normal, glor`: `[{"kind": "Linear", "in": 6, "out": 8, "init": "glorot"}]`,
		`unknown field "stirde"`: `[{"kind": "Conv2D", "in": 6, "out": 8, "kernel": [3], "stirde": [2]}]`,
	} {
		var s ModelSpec
		err := json.Unmarshal([]byte(`{"layers": `+layers+`}`), &s)
		if err == nil {
			_, err = s.Build(1)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := (ModelSpec{[]LayerSpec{{Kind: "Dropout", Value: math.NaN()}}}).Build(1); err == nil {
		t.Error("a dropout of NaN is built")
	}
}

func TestTrainingFromASpecIsTheSame(t *testing.T) {
	spec := TrainingSpec{
		Epochs: 2, Seed: 3, LabelSmoothing: 0.1, ClipNorm: 5, NoDecay: []string{"bias"}, TrainOnly: []string{"block1", "fc1"},
		Optimizer: OptimizerSpec{LR: 0.05, Momentum: 0.9, Nesterov: true, WeightDecay: 1e-3},
		Schedule:  &ScheduleSpec{Kind: "Warmup", Steps: 2, Start: 0.1, Then: &ScheduleSpec{Kind: "CosineLR", Low: 0.001}},
	}
	var read TrainingSpec
	again(t, spec, &read)
	if diff := cmp.Diff(spec, read); diff != "" {
		t.Error(diff)
	}
	a, b := smallNet(), smallNet()
	if _, err := read.Fit(a, batches(newBars(60), 20), Quiet()); err != nil {
		t.Fatal(err)
	}
	_, err := b.NoDecay("bias").TrainOnly("block1", "fc1").Fit(batches(newBars(60), 20), SGD(0.05, Momentum(0.9), Nesterov(), WeightDecay(1e-3)), Epochs(2), Seed(3),
		LR(Warmup(2, 0.1, CosineLR(0.001))), Objective(LabelSmoothing(0.1)), ClipNorm(5), Quiet())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(weights(a), weights(b)) {
		t.Error("the spec trains to other weights")
	}
}

func TestOptimizersAndSchedulesFromSpecs(t *testing.T) {
	for kind := range optimizerKinds {
		o, err := OptimizerSpec{Kind: kind, LR: 0.1, WeightDecay: 0.01}.Build()
		if err != nil || o.BaseLR() != 0.1 {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for kind := range scheduleKinds {
		s, err := ScheduleSpec{Kind: kind, Top: 1, Gamma: 0.5, Every: 1, Epochs: []int{1}, Power: 1, First: 1, Steps: 2, Factor: 0.5, Patience: 1}.Build()
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		} else if r := s.Rate(1, 10, 5, 0.1); !(r > 0 && r <= 1) {
			t.Errorf("%s: rate %g", kind, r)
		}
	}
	for want, build := range map[string]func() error{
		`OptimizerSpec: no optimiser is called "Adamax"; there are Adagrad, Adam, `: func() error { _, err := OptimizerSpec{Kind: "Adamax"}.Build(); return err },
		"OptimizerSpec: the learning rate is 0, want more than 0":                   func() error { _, err := OptimizerSpec{}.Build(); return err },
		"Adam: option Momentum does not apply":                                      func() error { _, err := OptimizerSpec{Kind: "Adam", LR: 1, Momentum: 0.5}.Build(); return err },
		"OptimizerSpec: beta1 is 0.9 and beta2 0, want both or none":                func() error { _, err := OptimizerSpec{Kind: "Adam", LR: 1, Beta1: 0.9}.Build(); return err },
		`ScheduleSpec: no schedule is called "Cosine"`:                              func() error { _, err := ScheduleSpec{Kind: "Cosine"}.Build(); return err },
		"StepLR: the number of epochs is 0":                                         func() error { _, err := ScheduleSpec{Kind: "StepLR"}.Build(); return err },
	} {
		if err := build(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSpecsOfFamiliesKeepInJSON(t *testing.T) {
	var r RegNetSpec
	again(t, RegNetY400MF, &r)
	if r != RegNetY400MF {
		t.Errorf("%v", r)
	}
	var x ResNeXtSpec
	if err := json.Unmarshal([]byte(`{"blocks": [1], "cardinalty": 8}`), &x); err == nil || !strings.Contains(err.Error(), `unknown field "cardinalty"`) {
		t.Errorf("got %v", err)
	}
	for want, s := range map[string]RegNetSpec{
		"RegNetSpec: depth is 0, want 1 or more":              {},
		"RegNetSpec: start 0, slope 0 and step 0":             {Depth: 1},
		"RegNetSpec: groups of 0 channels, want 1 or more":    {Depth: 1, Start: 8, Step: 2},
		"RegNetSpec: squeeze-excite keeps -1, want 0 or more": {Depth: 1, Start: 8, Step: 2, GroupWidth: 4, SE: -1},
	} {
		if _, err := s.Build(1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestInitialisersByName(t *testing.T) {
	const n = 200000
	deviation := func(i Initializer) (std, top float64) {
		c := Conv2D(16, 16, 3, Groups(4), Init(i))
		c.Weight.Shape = []int{n} // fans stay those of the layer
		c.Weight.fill(1, "w")
		for _, v := range c.Weight.Value.Data {
			std += float64(v) * float64(v) / n
			top = max(top, math.Abs(float64(v)))
		}
		return math.Sqrt(std), top
	}
	const in, out = 4 * 9, 16 * 9 // fans of 16 filters in 4 groups
	for name, want := range map[string]struct{ std, top float64 }{
		"glorot_uniform": {math.Sqrt(2.0 / (in + out)), math.Sqrt(6.0 / (in + out))}, "xavier_normal_": {math.Sqrt(2.0 / (in + out)), math.Inf(1)},
		"glorot_normal": {math.Sqrt(2.0 / (in + out)), 2 * math.Sqrt(2.0/(in+out)) / 0.8796}, "he_normal": {math.Sqrt(2.0 / in), 2 * math.Sqrt(2.0/in) / 0.8796},
		"kaiming_normal_": {math.Sqrt(2.0 / in), math.Inf(1)}, "he_uniform": {math.Sqrt(2.0 / in), math.Sqrt(6.0 / in)},
		"lecun_normal": {math.Sqrt(1.0 / in), 2 * math.Sqrt(1.0/in) / 0.8796}, "lecun_uniform": {math.Sqrt(1.0 / in), math.Sqrt(3.0 / in)},
		"kaiming_fan_out": {math.Sqrt(2.0 / out), math.Inf(1)}, "kaiming_fan_out_per_group": {math.Sqrt(8.0 / out), math.Inf(1)},
		"torch_default": {1 / math.Sqrt(3*in), 1 / math.Sqrt(in)}, "truncated_normal": {0.05, 0.1 / 0.8796}, "zeros": {0, 0}, "ones": {1, 1},
	} {
		std, top := deviation(InitNamed(name))
		if math.Abs(std-want.std) > 0.01*want.std || top > want.top*1.0001 {
			t.Errorf("%s: deviation %.5f and at most %.5f, want %.5f and %.5f", name, std, top, want.std, want.top)
		}
	}
}
