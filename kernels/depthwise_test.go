package kernels

import (
	"fmt"
	"testing"
)

// aligned returns n floats at an address that is a multiple of 64.
func aligned(n int) []float32 {
	x := make([]float32, n+Block)
	for storeFlag(x, true) == 0 {
		x = x[1:]
	}
	return x[:n]
}

func TestDepthwiseRows(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for stride, f := range s.depthwise {
			for _, width := range []int{1, 2, 5, 6, 7, 9, 13, 57} {
				if f != nil {
					checkDepthwise(t, f, stride, width)
				}
			}
		}
	})
}

func checkDepthwise(t *testing.T, f depthwiseKernel, stride, width int) {
	const rows, lanes = 2, 8
	r := newRand(stride, width)
	pitch := stride*(width-1) + 3
	x := guardedCopy("x", uniform(r, (stride*(rows-1)+3)*pitch*Block))
	w, bias := guardedCopy("w", uniform(r, 9*lanes)), guardedCopy("bias", uniform(r, lanes))
	y := guard("y", rows*width*Block)
	f(rows, width, &x.s()[0], pitch*pixelBytes, &w.s()[0], &bias.s()[0], &y.s()[0], &x.s()[0])
	for i := range rows * width {
		want := float64s(bias.s())
		for lane := range lanes {
			for tap := range 9 {
				at := (i/width*stride+tap/3)*pitch + i%width*stride + tap%3
				want[lane] += float64(w.s()[tap*lanes+lane]) * float64(x.s()[at*Block+lane])
			}
		}
		compare(t, fmt.Sprintf("stride %d, pixel %d of rows of %d", stride, i, width), y.s()[i*Block:][:lanes], want, sumTolerance(9))
	}
	for _, g := range []guarded{x, w, bias, y} {
		g.check(t)
	}
}

func TestDepthPlanes(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		if s.depthPlanes == nil {
			t.Skip("this level has none")
		}
		for stride, kernels := range s.depthPlanes.forward {
			for _, k := range kernels {
				for _, width := range []int{k.cols, k.cols + 1, 2 * k.cols, 3*k.cols + 2} {
					checkDepthPlane(t, k, stride, width)
				}
			}
		}
	})
}

// checkDepthPlane computes the middle of three or more rows of output, so that no row is outside, and then all of them.
func checkDepthPlane(t *testing.T, k depthPlaneKernel, stride, width int) {
	const height = 3
	r := newRand("depth", k.cols, stride, width)
	pitch := stride * width
	x, w, bias := guardedCopy("x", uniform(r, stride*height*pitch*Block)), guardedCopy("w", uniform(r, depthTaps*Block)), guardedCopy("bias", uniform(r, Block))
	for _, rows := range [][2]int{{1, 2}, {0, height}} {
		n := rows[1] - rows[0]
		y := guard("y", n*width*Block)
		k.f(n, width, &x.s()[rows[0]*stride*pitch*Block], pitch*pixelBytes, &zeroRow[0], &w.s()[0], &bias.s()[0], &y.s()[0],
			b2i(rows[0] == 0), b2i(rows[1] == height && stride == 1))
		for i := range n * width {
			want := float64s(bias.s())
			for tap := range depthTaps {
				row, col := (rows[0]+i/width)*stride+tap/3-1, i%width*stride+tap%3-1
				if row < 0 || row >= stride*height || col < 0 || col >= pitch {
					continue
				}
				for lane := range want {
					want[lane] += float64(w.s()[tap*Block+lane]) * float64(x.s()[(row*pitch+col)*Block+lane])
				}
			}
			compare(t, fmt.Sprintf("stride %d, %d columns, rows from %d on, pixel %d of rows of %d", stride, k.cols, rows[0], i, width), y.s()[i*Block:][:Block], want,
				sumTolerance(depthTaps))
		}
		y.check(t)
	}
	for _, g := range []guarded{x, w, bias} {
		g.check(t)
	}
}
