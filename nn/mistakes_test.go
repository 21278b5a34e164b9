package nn

import (
	"math"
	"testing"
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
		"Model: the input is nil":                              func() { net().Forward(nil, false) },
		"Model: input is (), want a batch, (N, ...)":           func() { net().Forward(&Tensor{Data: []float32{1}}, false) },
		"Model: the input has 0 numbers for the shape (1, 64)": func() { net().Forward(&Tensor{Shape: []int{1, 64}}, false) },
	} {
		if got := refusal(f); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if _, err := net().Predict(nil); err == nil || err.Error() != "Predict: the input is nil" {
		t.Errorf("Predict: %v", err)
	}
	if _, err := Sequential(Conv2D(1, 2, 3)).Predict(NewTensor(1, 1, 5, 5)); err == nil || err.Error() != "Predict: the output is (1, 2, 3, 3), want (N, classes)" {
		t.Errorf("Predict: %v", err)
	}
}

type badSlice struct{}

func (badSlice) Graph(g *Graph, x Value) Value { return g.Slice("none", x, 2, 2) }
