package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/groupnb/groupnb/kernels/internal/reference"
)

func TestGroupGradTiles(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for key, kernels := range s.groupGrad {
			for _, k := range kernels {
				for _, width := range []int{2, 3, 9} {
					for even := range 2 {
						checkGroupGrad(t, key, k, width, even)
					}
				}
			}
		}
	})
}

func checkGroupGrad(t *testing.T, key convKey, k groupGradKernel, width, even int) {
	const rows, skip = 3, 2 // pixels between rows of x
	r := newRand(key, width, even)
	pitch := key.stride*width + skip
	x, dy := guardedCopy("x", uniform(r, rows*pitch*Block)), guardedCopy("dy", uniform(r, rows*width*Block))
	dw := guardedCopy("dw", uniform(r, k.k*3*Block))
	channel := func(c, lane int) int {
		if key.lookup == perm {
			return lane/8*8 + octChannel(c, lane)
		}
		return channelSeen(key.lookup, c, lane)
	}
	want := float64s(dw.s())
	seen := key.stride * width
	if key.stride == 2 {
		seen += even - 1
	}
	for i := range rows * pitch { // what no row has
		if i%pitch >= seen {
			fill(x.s()[i*Block:][:Block], float32(math.Inf(1)))
		}
	}
	for i := range want {
		lane, v, c := i%Block, i/Block%3, i/Block/3
		for row := range rows {
			for col := range width {
				if q := col*key.stride + v - 1; q >= 0 && q < seen {
					want[i] += float64(dy.s()[(row*width+col)*Block+lane]) * float64(x.s()[(row*pitch+q)*Block+channel(c, lane)])
				}
			}
		}
	}
	k.f(rows, width, &x.s()[0], skip*pixelBytes, &dy.s()[0], &dw.s()[0], &x.s()[0], even)
	compare(t, fmt.Sprintf("%v, width %d, even %d: dw", key, width, even), dw.s(), want, sumTolerance(rows*width))
	for _, g := range []guarded{x, dy, dw} {
		g.check(t)
	}
}

// Groups of four and eight channels in every path that blocked tensors take: kernels in place where padding is 0 or 1, others elsewhere.
func TestGroupedConvEqualsReferenceLoops(t *testing.T) {
	for _, perGroup := range []int{4, 8} {
		for _, stride := range []int{1, 2} {
			for _, size := range [][2]int{{1, 28}, {2, 14}, {7, 7}, {8, 8}, {9, 33}, {6, 30}, {4, 16}, {5, 17}, {14, 14}} {
				for _, pad := range [][2]int{{1, 1}, {0, 1}, {1, 0}, {0, 0}, {1, 2}} {
					c := conv2d(1, 24, 24, 24/perGroup, size[0], size[1], 3, stride, 1)
					for d := 1; d < 3; d++ {
						c.PadLo[d], c.PadHi[d] = pad[0], pad[1]
					}
					if c.Check() == nil {
						t.Run(c.String(), func(t *testing.T) {
							k := newConvCase(c)
							eachLevel(t, k.check)
						})
					}
				}
			}
		}
	}
}

// What lies beside an image must not leak into it: rows are read as they lie, one after the other.
func TestGroupedConvKeepsNeighboursApart(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, stride := range []int{1, 2} {
			c := conv2d(1, 16, 16, 4, 9, 30, 3, stride, 1)
			r := newRand(stride)
			x, w, dy := uniform(r, c.InLen()), uniform(r, c.WeightLen()), uniform(r, c.OutLen())
			for ch := range 16 { // a column at the end of a row, whose next pixel in memory begins the next row
				x[(ch*9+4)*30+29] = float32(math.Inf(1))
			}
			bx, by := make([]float32, c.InLen()), make([]float32, c.OutLen())
			ToBlocked(bx, x, 1, 16, 9*30)
			c.ForwardBlocked(by, bx, w, nil)
			y := plain(t, by, 1, 16, volume(c.Out()))
			compare(t, "y", y, reference.Conv(c.norm()).Forward(x, w, nil), sumTolerance(36))
			if s := assembly(); s == nil || s.groupGrad == nil {
				continue
			}
			dw := make([]float32, len(w))
			ToBlocked(by, dy, 1, 16, volume(c.Out()))
			c.BackwardWeightsBlocked(dw, nil, bx, by)
			for i, v := range dw {
				if tap := i % 3; stride == 1 && tap == 0 && v != v {
					t.Fatalf("dw[%d] sees the last column", i)
				}
			}
		}
	})
}
