package kernels

import (
	"math"
	"strings"
	"testing"
)

const opTolerance = 2e-6

func opVectors(t *testing.T, pattern string, want int, f func(t *testing.T, v vectors)) {
	t.Helper()
	eachLevel(t, func(t *testing.T) { eachFile(t, "ops/"+pattern+".safetensors", want, f) })
}

func TestReLUVectors(t *testing.T) {
	opVectors(t, "act_relu", 1, func(t *testing.T, v vectors) {
		y, dx := guardedCopy("y", v.f32("x")), guardedCopy("dx", v.f32("dy"))
		ReLU(y.s(), y.s())
		compare(t, "y", y.s(), v.f64(t, "y"), 0)
		ReLUBackward(dx.s(), dx.s(), y.s())
		compare(t, "dx", dx.s(), v.f64(t, "dx"), 0)
		y.check(t)
		dx.check(t)
	})
}

func TestElementwise(t *testing.T) {
	nan, inf, tiny := float32(math.NaN()), float32(math.Inf(1)), math.Float32frombits(1)
	eachLevel(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 15, 16, 17, 33, elementsPerTask + 7} {
			r := newRand(n)
			a, b := guardedCopy("a", uniform(r, n)), guardedCopy("b", uniform(r, n))
			copy(a.s(), []float32{nan, inf, -inf, tiny, -tiny, nan})
			y := guard("y", n)
			elementwise := func(what string, want func(i int) float32) {
				t.Helper()
				w := make([]float64, n)
				for i := range w {
					w[i] = float64(want(i))
				}
				compare(t, what, y.s(), w, 0)
				y.check(t)
			}
			x := a.s()
			Add(y.s(), x, b.s())
			elementwise("a+b", func(i int) float32 { return x[i] + b.s()[i] })
			Scale(y.s(), 0.5, x)
			elementwise("a/2", func(i int) float32 { return 0.5 * x[i] })
			ReLU(y.s(), x)
			elementwise("max(a,0)", func(i int) float32 {
				if x[i] < 0 {
					return 0
				}
				return x[i]
			})
			ReLUBackward(y.s(), b.s(), x)
			elementwise("b where a>0", func(i int) float32 {
				if x[i] <= 0 {
					return 0
				}
				return b.s()[i]
			})
			a.check(t)
			b.check(t)
		}
	})
}

// poolOf reads a pooling window from the name of a file: 3x3_s2_p1 or 2x2.
func poolOf(v vectors) Pool {
	s := v.shape("x")
	p := Pool{N: s[0], C: s[1], In: [3]int{1, s[2], s[3]}, Kernel: [3]int{1, 2, 2}}
	if strings.Contains(v.meta["name"], "3x3_s2_p1") {
		p.Kernel, p.Stride = [3]int{1, 3, 3}, [3]int{1, 2, 2}
		p.PadLo, p.PadHi = [3]int{0, 1, 1}, [3]int{0, 1, 1}
	}
	return p
}

func TestMaxPoolVectors(t *testing.T) {
	opVectors(t, "maxpool_*", 2, func(t *testing.T, v vectors) {
		p := MaxPool{poolOf(v)}
		y, dx, argmax := guard("y", p.OutLen()), guard("dx", p.InLen()), make([]int32, p.OutLen())
		p.Forward(y.s(), v.f32("x"), argmax)
		compare(t, "y", y.s(), v.f64(t, "y"), 0)
		p.Backward(dx.s(), v.f32("dy"), argmax)
		compare(t, "dx", dx.s(), v.f64(t, "dx"), opTolerance)
		y.check(t)
		dx.check(t)
	})
}

func TestAvgPoolVectors(t *testing.T) {
	opVectors(t, "avgpool_*", 2, func(t *testing.T, v vectors) {
		p := AvgPool{poolOf(v), v.meta["count_include_pad"] == "true"}
		y, dx := guard("y", p.OutLen()), guard("dx", p.InLen())
		p.Forward(y.s(), v.f32("x"))
		compare(t, "y", y.s(), v.f64(t, "y"), opTolerance)
		p.Backward(dx.s(), v.f32("dy"))
		compare(t, "dx", dx.s(), v.f64(t, "dx"), opTolerance)
		y.check(t)
		dx.check(t)
	})
}

func TestPoolOut(t *testing.T) {
	for _, c := range []struct {
		in, kernel, stride, pad int
		ceil                    bool
		want                    int
	}{
		{9, 3, 2, 1, false, 5}, {10, 3, 2, 1, false, 5}, {10, 3, 2, 1, true, 6}, {9, 2, 2, 0, true, 5},
		{5, 2, 3, 1, true, 2}, // a third window would start in the upper padding
		{4, 2, 0, 0, false, 2},
	} {
		p := Pool{N: 1, C: 1, In: [3]int{1, 1, c.in}, Kernel: [3]int{1, 1, c.kernel}, Stride: [3]int{1, 1, c.stride},
			PadLo: [3]int{0, 0, c.pad}, PadHi: [3]int{0, 0, c.pad}, Ceil: c.ceil}
		if got := p.Out()[2]; got != c.want {
			t.Errorf("%+v: width %d, want %d", c, got, c.want)
		}
	}
}

func TestMaxPoolTiesAndNaN(t *testing.T) {
	p := MaxPool{Pool{N: 1, C: 1, In: [3]int{1, 1, 6}, Kernel: [3]int{1, 1, 3}}}
	nan := float32(math.NaN())
	y, argmax := make([]float32, 2), make([]int32, 2)
	p.Forward(y, []float32{2, 2, 1, 5, nan, 7}, argmax)
	compare(t, "y", y, []float64{2, math.NaN()}, 0)
	if argmax[0] != 0 || argmax[1] != 4 {
		t.Errorf("argmax %v, want [0 4]", argmax)
	}
}

func TestGlobalAvgPoolVectors(t *testing.T) {
	opVectors(t, "global_avgpool", 1, func(t *testing.T, v vectors) {
		s := v.shape("x")
		p := GlobalAvgPool{N: s[0], C: s[1], Spatial: s[2] * s[3]}
		y, dx := guard("y", p.N*p.C), guard("dx", p.N*p.C*p.Spatial)
		p.Forward(y.s(), v.f32("x"))
		compare(t, "y", y.s(), v.f64(t, "y"), opTolerance)
		p.Backward(dx.s(), v.f32("dy"))
		compare(t, "dx", dx.s(), v.f64(t, "dx"), opTolerance)
		y.check(t)
		dx.check(t)
	})
}

func TestLinearVectors(t *testing.T) {
	opVectors(t, "linear", 1, func(t *testing.T, v vectors) {
		l := Linear{v.shape("x")[0], v.shape("x")[1], v.shape("y")[1]}
		y, dx := guard("y", l.N*l.Out), guard("dx", l.N*l.In)
		dw, db := guard("dw", l.Out*l.In), guard("db", l.Out)
		l.Forward(y.s(), v.f32("x"), v.f32("w"), v.f32("b"))
		compare(t, "y", y.s(), v.f64(t, "y"), opTolerance)
		l.BackwardData(dx.s(), v.f32("dy"), v.f32("w"))
		compare(t, "dx", dx.s(), v.f64(t, "dx"), opTolerance)
		l.BackwardWeights(dw.s(), db.s(), v.f32("x"), v.f32("dy"))
		compare(t, "dw", dw.s(), v.f64(t, "dw"), opTolerance)
		compare(t, "db", db.s(), v.f64(t, "db"), opTolerance)
		for _, g := range []guarded{y, dx, dw, db} {
			g.check(t)
		}
	})
}

func TestSoftmaxCrossEntropyVectors(t *testing.T) {
	opVectors(t, "xent_*", 5, func(t *testing.T, v vectors) {
		s := SoftmaxCrossEntropy{N: 8, Classes: 10, Sum: v.meta["name"] == "xent_sum"}
		var labels []int
		v.decode(t, "labels", &labels)
		if v.meta["label_smoothing"] != "" {
			v.decode(t, "label_smoothing", &s.Smoothing)
		}
		if v.meta["weights"] != "" {
			v.decode(t, "weights", &s.Weights)
		}
		d := guard("dlogits", 80)
		loss := s.Loss(d.s(), v.f32("logits"), labels)
		compare(t, "loss", []float32{float32(loss)}, v.f64(t, "y"), opTolerance)
		want := v.f64(t, "dlogits")
		for i := range want {
			want[i] /= float64(v.f32("dy")[0])
		}
		compare(t, "dlogits", d.s(), want, opTolerance)
		d.check(t)
		if again := s.Loss(nil, v.f32("logits"), labels); again != loss {
			t.Errorf("loss without gradient is %v, with it %v", again, loss)
		}
	})
	wantShapeError(t, "label", func() { SoftmaxCrossEntropy{N: 1, Classes: 2}.Loss(nil, make([]float32, 2), []int{2}) })
}

func TestSoftmax(t *testing.T) {
	x := []float32{0, 0, float32(math.Log(2)), 1000, 1000, -1000}
	Softmax(x, x, 2, 3)
	compare(t, "softmax", x, []float64{0.25, 0.25, 0.5, 0.5, 0.5, 0}, opTolerance)
}
