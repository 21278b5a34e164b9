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
