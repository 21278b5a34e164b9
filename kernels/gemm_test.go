package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/groupnb/groupnb/kernels/internal/reference"
)

var gemmSizes = [][3]int{
	{1, 1, 1}, {1, 7, 3}, {5, 1, 9}, {6, 64, 16}, {7, 65, 17}, {13, 33, 300}, {64, 64, 64}, {65, 257, 31}, {100, 10, 259}, {3, 500, 2}, {0, 4, 4}, {4, 4, 0}, {130, 140, 5},
}

func TestGEMM(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, s := range gemmSizes {
			for _, trans := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
				for _, scalars := range [][2]float32{{1, 0}, {1, 1}, {-0.5, 2}, {0, 0.5}} {
					checkGEMM(t, s[0], s[1], s[2], trans, scalars)
				}
			}
		}
	})
}

func checkGEMM(t *testing.T, m, n, k int, trans [2]bool, scalars [2]float32) {
	t.Helper()
	name := fmt.Sprintf("%dx%dx%d %v %v", m, n, k, trans, scalars)
	r := newRand(name)
	stored := func(transposed bool, rows, cols, extra int) (x []float32, ld int) {
		if transposed {
			rows, cols = cols, rows
		}
		return uniform(r, max(0, rows*(cols+extra))), cols + extra
	}
	a, lda := stored(trans[0], m, k, 3)
	b, ldb := stored(trans[1], k, n, 2)
	c, ldc := stored(false, m, n, 5)
	lda, ldb, ldc = max(lda, 1), max(ldb, 1), max(ldc, 1)
	want := reference.GEMM(trans[0], trans[1], m, n, k, scalars[0], a, lda, b, ldb, scalars[1], c, ldc)
	if scalars[1] == 0 {
		for i := range m {
			for j := range n {
				c[i*ldc+j] = float32(math.NaN()) // beta 0 must not read c
			}
		}
	}
	ga, gb, gc := guardedCopy("a", a), guardedCopy("b", b), guardedCopy("c", c)
	GEMM(trans[0], trans[1], m, n, k, scalars[0], ga.s(), lda, gb.s(), ldb, scalars[1], gc.s(), ldc)
	compare(t, name, gc.s(), want, sumTolerance(k))
	ga.check(t)
	gb.check(t)
	gc.check(t)
}

func TestGEMMIndependentOfThreads(t *testing.T) {
	defer SetThreads(0)
	eachLevel(t, func(t *testing.T) {
		const m, n, k = 150, 300, 270
		r := newRand("threads")
		a, b := uniform(r, m*k), uniform(r, k*n)
		SetThreads(1)
		want := make([]float32, m*n)
		GEMM(false, false, m, n, k, 1, a, k, b, n, 0, want, n)
		for _, threads := range []int{2, 3, 8} {
			SetThreads(threads)
			got := make([]float32, m*n)
			GEMM(false, false, m, n, k, 1, a, k, b, n, 0, got, n)
			sameBits(t, fmt.Sprint(threads, " threads"), got, want)
		}
	})
}

func TestGEMMRejects(t *testing.T) {
	x := make([]float32, 12)
	wantShapeError(t, "short a", func() { GEMM(false, false, 3, 4, 3, 1, x[:8], 3, x, 4, 0, x, 4) })
	wantShapeError(t, "short b", func() { GEMM(false, true, 3, 4, 3, 1, x, 3, x[:11], 3, 0, x, 4) })
	wantShapeError(t, "ldc", func() { GEMM(false, false, 3, 4, 3, 1, x, 3, x, 4, 0, x, 3) })
	wantShapeError(t, "negative", func() { GEMM(false, false, -3, 4, 3, 1, x, 3, x, 4, 0, x, 4) })
}
