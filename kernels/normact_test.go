package kernels

import (
	"fmt"
	"slices"
	"testing"

	"github.com/groupnb/groupnb/kernels/internal/reference"
)

func TestNormActEqualsReference(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, shape := range [][3]int{{1, 1, 2}, {2, 16, 9}, {3, 20, 49}, {2, 5, 33}, {1, 33, 64}} {
			for variant := range 8 {
				n := NormAct{BatchNorm: BatchNorm{N: shape[0], C: shape[1], Spatial: shape[2], Eps: 1e-5, Momentum: 0.1},
					Blocked: variant&1 != 0, ReLU: variant&2 != 0}
				t.Run(fmt.Sprintf("%v_blocked=%v_relu=%v_residual=%v", shape, n.Blocked, n.ReLU, variant&4 != 0),
					func(t *testing.T) { checkNormAct(t, n, variant&4 != 0) })
			}
		}
	})
}

func checkNormAct(t *testing.T, n NormAct, withResidual bool) {
	t.Helper()
	r := newRand(n, withResidual)
	size := n.N * n.C * n.Spatial
	x, dy, gamma, beta := uniform(r, size), uniform(r, size), uniform(r, n.C), uniform(r, n.C)
	residual := uniform(r, size)
	if !withResidual {
		residual = nil
	}
	ref := reference.Norm{N: n.N, C: n.C, Spatial: n.Spatial, Eps: float64(n.Eps), ReLU: n.ReLU}
	wantY, wantMean, wantInv := ref.Train(x, residual, gamma, beta)

	in := func(name string, plain []float32) guarded {
		if !n.Blocked || plain == nil {
			return guardedCopy(name, plain)
		}
		g := guard(name, BlockedLen(n.N, n.C, n.Spatial))
		ToBlocked(g.s(), plain, n.N, n.C, n.Spatial)
		return g
	}
	out := func(g guarded) []float32 {
		g.check(t)
		if n.Blocked {
			return plain(t, g.s(), n.N, n.C, n.Spatial)
		}
		return g.s()
	}
	bx, bdy, br := in("x", x), in("dy", dy), in("residual", residual)
	y, dx, dr := guard("y", len(bx.s())), guard("dx", len(bx.s())), guard("dresidual", len(bx.s()))
	var res []float32
	if withResidual {
		res = br.s()
	}
	mean, invstd := guard("mean", n.C), guard("invstd", n.C)
	n.Train(y.s(), bx.s(), res, gamma, beta, mean.s(), invstd.s(), nil, nil)
	silent := out(y)
	const guardWord = 0xdead
	words := slices.Repeat([]uint16{guardWord}, n.PassedLen()+2)
	if n.ReLU {
		n.Passed = words[1 : len(words)-1 : len(words)-1]
	}
	n.Train(y.s(), bx.s(), res, gamma, beta, mean.s(), invstd.s(), nil, nil)
	sameBits(t, "y while noting", out(y), silent)
	if words[0] != guardWord || words[len(words)-1] != guardWord {
		t.Error("Train wrote beside Passed")
	}
	const tol = 1e-4 // invstd is large where few values lie close together
	compare(t, "y", out(y), wantY, tol)
	compare(t, "mean", mean.s(), wantMean, 1e-6)
	compare(t, "invstd", invstd.s(), wantInv, tol)

	dgamma, dbeta := guard("dgamma", n.C), guard("dbeta", n.C)
	wantDX, wantDR, wantDG, wantDB := ref.Backward(dy, out(y), x, gamma, wantMean, wantInv)
	n.Backward(dx.s(), dr.s(), dgamma.s(), dbeta.s(), bdy.s(), bx.s(), gamma, mean.s(), invstd.s())
	compare(t, "dx", out(dx), wantDX, 1e-3)
	compare(t, "dresidual", out(dr), wantDR, 0)
	compare(t, "dgamma", dgamma.s(), wantDG, tol)
	compare(t, "dbeta", dbeta.s(), wantDB, tol)
	for _, g := range []guarded{bx, bdy, br, mean, invstd, dgamma, dbeta} {
		g.check(t)
	}
	n.Backward(dx.s(), nil, nil, nil, bdy.s(), bx.s(), gamma, mean.s(), invstd.s())
	compare(t, "dx alone", out(dx), wantDX, 1e-3)
}

// The output may lie over the input, and the input's gradient over the output's.
func TestNormActInPlace(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, blocked := range []bool{false, true} {
			n := NormAct{BatchNorm: BatchNorm{N: 2, C: 16, Spatial: 45, Eps: 1e-5}, Blocked: blocked, ReLU: true}
			r := newRand("in place", blocked)
			size := n.N * n.C * n.Spatial
			x, dy, gamma, beta := uniform(r, size), uniform(r, size), uniform(r, n.C), uniform(r, n.C)
			y, dx := make([]float32, size), make([]float32, size)
			mean, invstd := make([]float32, n.C), make([]float32, n.C)
			n.Passed = make([]uint16, n.PassedLen())
			n.Train(y, x, nil, gamma, beta, mean, invstd, nil, nil)
			n.Backward(dx, nil, nil, nil, dy, x, gamma, mean, invstd)
			n.Backward(dy, nil, nil, nil, dy, x, gamma, mean, invstd)
			sameBits(t, "dx over dy", dy, dx)
			n.Train(x, x, nil, gamma, beta, mean, invstd, nil, nil)
			sameBits(t, "y over x", x, y)
		}
	})
}
