package nn

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Mistakes of a program are refused where they are made, with the numbers that don't fit.
func TestMistakesNameTheirNumbers(t *testing.T) {
	net := func() *Model { return Sequential(Flatten(), Linear(64, 2)) }
	for want, f := range map[string]func(){
		"SGD: the learning rate is -1, want 0 or more":                               func() { SGD(-1) },
		"Adam: the learning rate is NaN, want 0 or more":                             func() { Adam(math.NaN()) },
		"Momentum: the momentum is 2, want 0 or more and less than 1":                func() { Momentum(2) },
		"WeightDecay: the decay is -1, want 0 or more":                               func() { WeightDecay(-1) },
		"Betas: the second is 1, want 0 or more and less than 1":                     func() { Betas(0.9, 1) },
		"Warmup: the schedule behind it is nil":                                      func() { Warmup(1, 0, nil) },
		"OneCycle: the highest rate is -1, want 0 or more":                           func() { OneCycle(-1) },
		"ReduceOnPlateau: the factor is 2, want 0 or more and less than 1":           func() { ReduceOnPlateau(2, 1) },
		"CrossEntropy: the smoothing is 2, want 0 or more and less than 1":           func() { LabelSmoothing(2).Of(NewTensor(1, 2), 0) },
		"CrossEntropy: a class weight is -1, want 0 or more":                         func() { ClassWeights(-1, 2).Of(NewTensor(1, 2), 0) },
		"CrossEntropy: all class weights are 0":                                      func() { ClassWeights(0, 0).Of(NewTensor(1, 2), 0) },
		"Dropout: probability is NaN, want 0 or more and less than 1":                func() { Dropout(math.NaN()) },
		"Eps: it is -1, want 0 or more":                                              func() { Eps(-1) },
		"StatMomentum: the share is 2, want 0 to 1":                                  func() { StatMomentum(2) },
		"Classes: their number is 0, want 1 or more":                                 func() { Classes(0) },
		"ResNeXt: the cardinality is 0, want 1 or more":                              func() { ResNeXt(50, 0, 4) },
		"ResNeXtCIFAR: the width is -4, want 1 or more":                              func() { ResNeXtCIFAR(29, 8, -4) },
		"ResNeXtBlock: form is 9, want Grouped, SplitSum or SplitConcat":             func() { ResNeXtBlock(8, 8, InForm(9)) },
		"ResNeXtBlock: squeeze-excite reduces by -1, want 1 or more, or 0 for none":  func() { ResNeXtBlock(8, 8, SE(-1)) },
		"ShuffleNet: 5 groups, want 1, 2, 3, 4 or 8":                                 func() { ShuffleNet(5) },
		"ShuffleNetV2: width is 3, want 0.5, 1, 1.5 or 2":                            func() { ShuffleNetV2(3) },
		"ShuffleSplitUnit: stride 1 maps 4 channels to as many, not to 6":            func() { ShuffleSplitUnit(4, 6, 1) },
		"ShuffleDown: 4 channels from 4, want more":                                  func() { ShuffleDown(4, 4, 4, 2) },
		"Branches: no layers":                                                        func() { Branches() },
		"Reshape: the shape is (-1, -1), want sizes of 1 or more and at most one -1": func() { Reshape(-1, -1) },
		"Init: the initialiser is empty; make one with HeNormal or InitNamed":        func() { Init(Initializer{}) },
		"Named: the name is empty":                                                   func() { Named("", ReLU()) },
		"Custom: scale is nil":                                                       func() { Custom("scale", nil) },
		"none f1: the forward function returns nil": func() {
			Sequential(Named("f1", Func("none", func(*Tensor) *Tensor { return nil }, nil))).Summary(3)
		},
		"Slice: channels 2 to 2, want at least one":                  func() { Sequential(badSlice{}) },
		"Slice half: input is (1, 3, 2, 2), want 4 channels or more": func() { Sequential(Named("half", &narrow{2, 4})).Summary(3, 2, 2) },
		"Add residual1.add: another input is (1, 3, 4, 4), want (1, 4, 4, 4) as the first": func() {
			Sequential(Residual(Conv2D(3, 4, 1))).Summary(3, 4, 4)
		},
		"BatchNorm1D: input is (1, 3), want more than one number for each channel in training": func() {
			Sequential(BatchNorm1D(3)).Forward(NewTensor(1, 3), true)
		},
		"Sequential: conv1 is nil": func() { Sequential((*Conv)(nil)) },
		"Sequential: seq1 is nil":  func() { Sequential((*Model)(nil)) },
		"Graph: layer1: a value is the zero Value or belongs to another network": func() { Sequential(adrift{}) },
		"Graph: layer1: a value is the zero Value or belongs to another network ": func() {
			l := &keeper{}
			Sequential(l)
			Sequential(l)
		},
		"Conv2D: Padding beside Same or Causal, which compute it":                      func() { Conv2D(1, 1, 3, Same(), Padding(1)) },
		"Normal: the deviation is -1, want 0 or more":                                  func() { Normal(-1) },
		"Uniform: the bound is -1, want 0 or more":                                     func() { Uniform(-1) },
		"TruncatedNormal: the deviation is -1, want 0 or more":                         func() { TruncatedNormal(-1) },
		"Tensor: input is (1099511627776, 1099511627776), want less than 2^40 numbers": func() { NewTensor(1<<40, 1<<40) },
		"Tensor.Dim: the tensor is (2, 3), want a dimension -3":                        func() { NewTensor(2, 3).Dim(-3) },
		"Tensor.Slice: the tensor is (2, 3), want rows 1 to 3":                         func() { NewTensor(2, 3).Slice(1, 3) },
		"Model: input is (0, 64), want one example or more":                            func() { net().Forward(NewTensor(0, 64), false) },
		"Backward: the input is nil": func() {
			m := net()
			m.Forward(NewTensor(1, 64), true)
			m.Backward(nil)
		},
		"Correlation: 1 pixels were seen, want 2 or more":      func() { IntraCorr(NewTensor(1, 3)) },
		"IntraCorr: the input is nil":                          func() { IntraCorr(nil) },
		"IntraCorr: input is (4), want (N, C, ...)":            func() { IntraCorr(NewTensor(4)) },
		"FilterCorr: the weight is (4), want (filters, ...)":   func() { FilterCorr(NewTensor(4)) },
		"ZCA: a 2x3 matrix, want a square one":                 func() { ZCA(mat.NewDense(2, 3, nil)) },
		"Model: the input is nil":                              func() { net().Forward(nil, false) },
		"Model: input is (), want a batch, (N, ...)":           func() { net().Forward(&Tensor{Data: []float32{1}}, false) },
		"Model: the input has 0 numbers for the shape (1, 64)": func() { net().Forward(&Tensor{Shape: []int{1, 64}}, false) },
	} {
		if got := refusal(f); got != strings.TrimSpace(want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if _, err := net().Predict(nil); err == nil || err.Error() != "Predict: the input is nil" {
		t.Errorf("Predict: %v", err)
	}
	x := NewTensor(2, 64)
	x.Data[64] = float32(math.NaN())
	if _, err := net().Predict(x); err == nil || err.Error() != "Predict: the output for example 1 is not finite: [NaN NaN]" {
		t.Errorf("Predict: %v", err)
	}
	if _, err := (ModelSpec{}).Build(1); err == nil || err.Error() != "ModelSpec: no layers" {
		t.Errorf("ModelSpec: %v", err)
	}
	if _, err := net().Evaluate(nil); err == nil || err.Error() != "the data set is nil" {
		t.Errorf("Evaluate: %v", err)
	}
	if _, err := Sequential(Conv2D(1, 2, 3)).Predict(NewTensor(1, 1, 5, 5)); err == nil || err.Error() != "Predict: the output is (1, 2, 3, 3), want (N, classes)" {
		t.Errorf("Predict: %v", err)
	}
}

// A layer that contains itself is told from one that has no end.
func TestALayerInItself(t *testing.T) {
	if got := refusal(func() { Sequential(&ring{}) }); !strings.HasPrefix(got, "Sequential: layers are nested 100 deep in layer1.again.again.") {
		t.Errorf("got %s", got)
	}
}

type ring struct{}

func (r *ring) Graph(g *Graph, x Value) Value { return g.Layer("again", r, x) }

// adrift returns no value.
type adrift struct{}

func (adrift) Graph(*Graph, Value) Value { return Value{} }

// keeper returns the value that it had in the first network.
type keeper struct {
	v    Value
	kept bool
}

func (k *keeper) Graph(_ *Graph, x Value) Value {
	if !k.kept {
		k.v, k.kept = x, true
	}
	return k.v
}

type badSlice struct{}

func (badSlice) Graph(g *Graph, x Value) Value { return g.Slice("none", x, 2, 2) }
