package kernels

import (
	"fmt"
	"testing"

	"github.com/groupnb/groupnb/kernels/internal/reference"
)

func TestTapDots(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		d := &s.tapDots
		for _, vectors := range []int{1, 2, 5} {
			k := vectors * s.lanes
			r := newRand(d.outs, k)
			lda, ldb, taps := k+3, k+14, [tapsOfDots]int{0, 13, 5}
			a, b := guardedCopy("a", uniform(r, (d.outs-1)*lda+k)), guardedCopy("b", uniform(r, (insOfDots-1)*ldb+k+13))
			c := guardedCopy("c", uniform(r, d.sums()))
			want := float64s(c.s())
			for i := range want {
				out, in, tap := i/tapsOfDots/insOfDots, i/tapsOfDots%insOfDots, i%tapsOfDots
				for l := range k {
					want[i] += float64(a.s()[out*lda+l]) * float64(b.s()[in*ldb+taps[tap]+l])
				}
			}
			at := [tapsOfDots]int{0, 13 * 4, 5 * 4}
			d.f(k, &a.s()[0], lda*4, &b.s()[0], ldb*4, &at, &c.s()[0])
			compare(t, fmt.Sprintf("k=%d", k), c.s(), want, sumTolerance(k))
			for _, g := range []guarded{a, b, c} {
				g.check(t)
			}
		}
	})
}

// Every 2-D shape goes through the runs here, also those that have a better way.
func TestPlanarWeightGradients(t *testing.T) {
	for _, c := range append(oddConvs(),
		conv2d(5, 12, 12, 6, 16, 18, 3, 1, 1),    // several images in a strip, several groups in a task
		conv2d(2, 24, 48, 2, 70, 50, 3, 1, 1),    // several strips in an image
		conv2d(1, 36, 20, 2, 81, 83, 5, 2, 2),    // the same with a stride
		conv2d(2, 140, 150, 1, 6, 20, 3, 1, 1),   // several tasks for a group
		conv2d(3, 78, 26, 13, 17, 31, 3, 1, 1),   // no number of groups fills blocks
		conv2d(1, 32, 32, 32, 24, 40, 2, 1, 0)) { // one channel in a group, taps that a call repeats
		if c = c.norm(); !c.planar(assembly()) || c.N == 0 {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			r := newRand(c)
			x, dy, dw := guardedCopy("x", uniform(r, c.InLen())), guardedCopy("dy", uniform(r, c.OutLen())), guard("dw", c.WeightLen())
			want, _ := reference.Conv(c).BackwardWeights(x.s(), dy.s())
			in, out := volume(c.In), volume(c.Out())
			bx, bdy := guard("blocked x", BlockedLen(c.N, c.InC, in)), guard("blocked dy", BlockedLen(c.N, c.OutC, out))
			ToBlocked(bx.s(), x.s(), c.N, c.InC, in)
			ToBlocked(bdy.s(), dy.s(), c.N, c.OutC, out)
			eachAssembly(t, func(t *testing.T, s *simd) {
				c.weightsPlanar(s, dw.s(), x.s(), dy.s(), true)
				compare(t, "dw", dw.s(), want, sumTolerance(c.OutLen()/c.OutC))
				c.weightsPlanar(s, dw.s(), bx.s(), bdy.s(), false)
				compare(t, "dw from blocked", dw.s(), want, sumTolerance(c.OutLen()/c.OutC))
				for _, g := range []guarded{x, dy, dw, bx, bdy} {
					g.check(t)
				}
			})
		})
	}
}
