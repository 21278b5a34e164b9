package nn

import (
	"math"
	"strings"
	"testing"
)

// blockTolerance is for sums of a few hundred products in single precision, relative to the largest number.
const blockTolerance = 3e-6

func tolerance(want []float64) float64 {
	top := 0.0
	for _, w := range want {
		top = max(top, math.Abs(w))
	}
	return blockTolerance * (1 + top)
}

func TestBlocksAgainstPyTorch(t *testing.T) {
	for _, path := range glob(t, "testdata/blocks/*.safetensors") {
		v := readVectors(t, path)
		for _, mode := range []string{"nobn", "bn_train", "bn_eval"} {
			t.Run(v.name+"/"+mode, func(t *testing.T) {
				v.t = t
				checkBlock(v, mode)
			})
		}
	}
}

func checkBlock(v *vectors, mode string) {
	v.t.Helper()
	opts := []Option{Cardinality(v.metaInt("cardinality")), BaseWidth(v.metaInt("d")), Stride(v.metaInt("stride"))}
	if mode == "nobn" {
		opts = append(opts, NoNorm())
	}
	m := Sequential(Named("b", ResNeXtBlock(v.metaInt("cin"), v.metaInt("cout"), opts...)))
	loadState(v, m, "p.", "b.")
	x := v.tensor("x")
	m.FreezeNorms(mode == "bn_eval")
	y := m.Forward(x, true)
	v.near(mode+".y", y.Data, tolerance(v.float64s(mode+".y")))
	dx := m.Backward(v.tensor("dy"))
	v.near(mode+".dx", dx.Data, tolerance(v.float64s(mode+".dx")))
	for _, p := range m.Params() {
		name := mode + ".d." + strings.TrimPrefix(p.Name, "b.")
		v.near(name, p.Grad.Data, tolerance(v.float64s(name)))
	}
	if mode == "bn_train" {
		for _, b := range m.Buffers() {
			name := mode + ".after." + strings.TrimPrefix(b.Name, "b.")
			v.near(name, b.Value.Data, tolerance(v.float64s(name)))
		}
	}
}

// loadState fills a model's parameters and buffers from the tensors that stand under a prefix; strip is taken from the
// model's own names.
func loadState(v *vectors, m *Model, prefix, strip string) {
	v.t.Helper()
	for _, p := range m.Params() {
		p.SetValue(v.tensor(prefix + strings.TrimPrefix(p.Name, strip)))
	}
	for _, b := range m.Buffers() {
		copy(b.Value.Data, v.tensor(prefix+strings.TrimPrefix(b.Name, strip)).Data)
	}
}

// The three forms of a block are one function: each must match the vectors, which were made with all three.
func TestBlockFormsAreOneFunction(t *testing.T) {
	for _, path := range glob(t, "testdata/blocks/*.safetensors") {
		for _, mode := range []string{"nobn", "bn_train", "bn_eval"} {
			for _, form := range []Form{Grouped, SplitSum, SplitConcat} {
				v := readVectors(t, path)
				t.Run(v.name+"/"+mode+"/"+form.String(), func(t *testing.T) {
					v.t = t
					checkForm(v, mode, form)
				})
			}
		}
	}
}

func checkForm(v *vectors, mode string, form Form) {
	v.t.Helper()
	opts := []Option{Cardinality(v.metaInt("cardinality")), BaseWidth(v.metaInt("d")), Stride(v.metaInt("stride"))}
	if mode == "nobn" {
		opts = append(opts, NoNorm())
	}
	grouped := ResNeXtBlock(v.metaInt("cin"), v.metaInt("cout"), opts...)
	loadState(v, Sequential(Named("b", grouped)), "p.", "b.")
	block := grouped.To(form)
	m := Sequential(Named("b", block)).FreezeNorms(mode == "bn_eval")
	v.near(mode+".y", m.Forward(v.tensor("x"), true).Data, tolerance(v.float64s(mode+".y")))
	v.near(mode+".dx", m.Backward(v.tensor("dy")).Data, tolerance(v.float64s(mode+".dx")))

	// gather the gradients of the paths as one grouped convolution has them
	for _, p := range m.Params() {
		p.Value = p.Grad
	}
	gradients := Sequential(Named("b", block.To(Grouped)))
	for _, p := range gradients.Params() {
		name := mode + ".d." + strings.TrimPrefix(p.Name, "b.")
		v.near(name, p.Value.Data, tolerance(v.float64s(name)))
	}
	back := block.To(Grouped)
	if back.Form != Grouped || len(back.paths) != 1 {
		v.t.Errorf("back in the form %v", back.Form)
	}
}

func TestBlockVariantsLearnAndKeepTheirShape(t *testing.T) {
	for name, block := range map[string]Layer{
		"pre-activation":            ResNeXtBlock(8, 8, Cardinality(2), BaseWidth(4), PreActivation()),
		"pre-activation projection": ResNeXtBlock(8, 12, Cardinality(2), BaseWidth(4), PreActivation(), Down()),
		"squeeze-excite":            ResNeXtBlock(8, 16, Cardinality(4), BaseWidth(2), SE(4)),
		"bottleneck":                Bottleneck(8, 16, Down()),
		"basic":                     BasicBlock(8, 16, Down()),
		"inverted residual":         InvertedResidual(8, 8, 3, 1),
		"shuffle unit":              ShuffleUnit(8, 8, 2),
		"shuffle unit, stride 2":    ShuffleDown(8, 16, 4, 2),
		"split and shuffle":         ShuffleSplitUnit(8, 8, 1),
		"split, shuffle, stride 2":  ShuffleSplitUnit(8, 12, 2),
	} {
		m := Sequential(Conv2D(1, 8, 3, Padding(1)), BatchNorm2D(8), ReLU(), block, GlobalAvgPool2D())
		classes := m.Summary(1, 8, 8).Layers
		m = Sequential(m, Linear(classes[len(classes)-1].Out[0], 3))
		h, err := m.Fit(batches(newBars(120), 30), SGD(0.05, Momentum(0.9)), Epochs(5), Quiet())
		if err != nil || h.Last().Loss > 0.8*h.Epochs[0].Loss {
			t.Errorf("%s does not learn: %v\n%v", name, err, h)
		}
	}
	if got := refusal(func() { ResNeXtBlock(8, 8, PreActivation(), NoNorm()) }); got != "ResNeXtBlock: PreActivation needs the grouped form and normalisation" {
		t.Error(got)
	}
}
