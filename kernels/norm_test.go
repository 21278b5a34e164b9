package kernels

import (
	"strconv"
	"testing"
)

func batchNormOf(t *testing.T, v vectors) BatchNorm {
	t.Helper()
	shape := v.shape("x")
	n := BatchNorm{N: shape[0], C: shape[1], Spatial: 1}
	for _, s := range shape[2:] {
		n.Spatial *= s
	}
	float := func(name string) float32 {
		f, err := strconv.ParseFloat(v.meta[name], 32)
		if err != nil {
			t.Fatal(err)
		}
		return float32(f)
	}
	n.Eps, n.Momentum = float("eps"), float("momentum_torch")
	return n
}

func TestBatchNormVectors(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		eachFile(t, "norm/bn*.safetensors", 8, func(t *testing.T, v vectors) {
			n := batchNormOf(t, v)
			x, dy, gamma, beta := v.f32("x"), v.f32("dy"), v.f32("gamma"), v.f32("beta")
			runMean, runVar := v.f32("running_mean_in"), v.f32("running_var_in")
			y, dx := guard("y", len(x)), guard("dx", len(x))
			dgamma, dbeta := make([]float32, n.C), make([]float32, n.C)
			const tol = 4e-6

			n.Eval(y.s(), x, gamma, beta, runMean, runVar)
			compare(t, "eval y", y.s(), v.f64(t, "eval.y"), tol)
			n.EvalBackward(dx.s(), dgamma, dbeta, dy, x, gamma, runMean, runVar)
			compare(t, "eval dx", dx.s(), v.f64(t, "eval.dx"), tol)
			compare(t, "eval dgamma", dgamma, v.f64(t, "eval.dgamma"), tol)
			compare(t, "eval dbeta", dbeta, v.f64(t, "eval.dbeta"), tol)

			mean, invstd := make([]float32, n.C), make([]float32, n.C)
			n.Train(y.s(), x, gamma, beta, mean, invstd, runMean, runVar)
			compare(t, "y", y.s(), v.f64(t, "train.y"), tol)
			compare(t, "mean", mean, v.f64(t, "batch_mean"), tol)
			compare(t, "running mean", runMean, v.f64(t, "train.running_mean_out"), tol)
			compare(t, "running var", runVar, v.f64(t, "train.running_var_out"), tol)
			n.Backward(dx.s(), dgamma, dbeta, dy, x, gamma, mean, invstd)
			compare(t, "dx", dx.s(), v.f64(t, "train.dx"), 3*tol)
			compare(t, "dgamma", dgamma, v.f64(t, "train.dgamma"), tol)
			compare(t, "dbeta", dbeta, v.f64(t, "train.dbeta"), tol)
			y.check(t)
			dx.check(t)
		})
	})
}

// A large mean beside a small spread is where one-pass variances lose their digits.
func TestBatchNormFarFromZero(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		n := BatchNorm{N: 4, C: 3, Spatial: 50, Eps: 1e-9}
		x := uniform(newRand("far"), n.N*n.C*n.Spatial)
		for i := range x {
			x[i] = x[i]*0.25 + 1000
		}
		y, mean, invstd := make([]float32, len(x)), make([]float32, 3), make([]float32, 3)
		n.Train(y, x, nil, nil, mean, invstd, nil, nil)
		for c := range n.C {
			var s, q float64
			for i := range n.N {
				for _, v := range y[(i*n.C+c)*n.Spatial:][:n.Spatial] {
					s += float64(v)
					q += float64(v) * float64(v)
				}
			}
			compare(t, "mean and variance of y", []float32{float32(s / 200), float32(q / 200)}, []float64{0, 1}, 2e-3)
		}
	})
}

func TestBatchNormRejects(t *testing.T) {
	n := BatchNorm{N: 2, C: 3, Spatial: 4}
	x, c := make([]float32, 24), make([]float32, 3)
	noted := NormAct{BatchNorm: n, ReLU: true}
	wantShapeError(t, "ReLU without Passed", func() { noted.Backward(x, nil, nil, nil, x, x, c, c, c) })
	noted.Passed = make([]uint16, noted.PassedLen()-1)
	wantShapeError(t, "short Passed", func() { noted.Train(x, x, nil, c, c, c, c, nil, nil) })
	wantShapeError(t, "short x", func() { n.Train(x, x[1:], c, c, c, c, nil, nil) })
	wantShapeError(t, "short gamma", func() { n.Train(x, x, c[1:], c, c, c, nil, nil) })
	wantShapeError(t, "no mean", func() { n.Train(x, x, c, c, nil, c, nil, nil) })
	wantShapeError(t, "no running variance", func() { n.Eval(x, x, c, c, c, nil) })
	wantShapeError(t, "empty batch", func() { BatchNorm{C: 3, Spatial: 4}.Eval(nil, nil, c, c, c, c) })
}
