package kernels

import (
	"fmt"
	"testing"
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

func TestTapSums(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for _, k := range s.tapSums {
			const calls, channels = 2, 3
			table := []int{0, 44, 12, 8}
			n := calls * k.vectors * s.lanes
			r := newRand(k.outs, n)
			ldx, ldy := n+11+2, n+1
			x, w := guardedCopy("x", uniform(r, channels*ldx)), guardedCopy("w", uniform(r, channels*len(table)*k.outs))
			bias, y := guardedCopy("bias", uniform(r, k.outs)), guard("y", (k.outs-1)*ldy+n)
			want := make([]float64, len(y.s()))
			for i := range k.outs {
				for l := range n {
					want[i*ldy+l] = float64(bias.s()[i])
					for c := range channels {
						for tap, at := range table {
							want[i*ldy+l] += float64(w.s()[(c*len(table)+tap)*k.outs+i]) * float64(x.s()[c*ldx+at/4+l])
						}
					}
				}
			}
			k.f(calls, channels, len(table), &x.s()[0], ldx*4, &table[0], &w.s()[0], &bias.s()[0], &y.s()[0], ldy*4)
			for i := range k.outs {
				compare(t, fmt.Sprintf("%dx%d, channel %d", k.outs, k.vectors, i), y.s()[i*ldy:][:n], want[i*ldy:][:n], sumTolerance(channels*len(table)))
			}
			for _, g := range []guarded{x, w, bias, y} {
				g.check(t)
			}
		}
	})
}

// Every 2-D shape goes by runs here, also those that have a better way.
func TestRunsOfPixels(t *testing.T) {
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
			k := newConvCase(c)
			eachAssembly(t, k.checkPlanar)
		})
	}
}

// checkPlanar runs the three directions by runs, in both layouts.
func (k *convCase) checkPlanar(t *testing.T, s *simd) {
	c := k.Conv
	in, out := volume(c.In), volume(c.Out())
	for _, blocked := range []bool{false, true} {
		x, dy := k.x, k.dy
		if blocked {
			x, dy = make([]float32, BlockedLen(c.N, c.InC, in)), make([]float32, BlockedLen(c.N, c.OutC, out))
			ToBlocked(x, k.x, c.N, c.InC, in)
			ToBlocked(dy, k.dy, c.N, c.OutC, out)
		}
		gx, gdy, y, dx, dw := guardedCopy("x", x), guardedCopy("dy", dy), guard("y", len(dy)), guard("dx", len(x)), guard("dw", c.WeightLen())
		c.forwardRuns(s, nil, y.s(), gx.s(), k.w, k.b, !blocked)
		c.backwardRuns(s, dx.s(), gdy.s(), k.w, !blocked)
		c.weightsPlanar(s, dw.s(), gx.s(), gdy.s(), !blocked)
		gotY, gotX := y.s(), dx.s()
		if blocked {
			gotY, gotX = plain(t, y.s(), c.N, c.OutC, out), plain(t, dx.s(), c.N, c.InC, in)
		}
		compare(t, fmt.Sprintf("y, blocked %v", blocked), gotY, k.y, sumTolerance(c.WeightLen()/c.OutC))
		compare(t, fmt.Sprintf("dx, blocked %v", blocked), gotX, k.dx, sumTolerance(c.WeightLen()/c.InC))
		compare(t, fmt.Sprintf("dw, blocked %v", blocked), dw.s(), k.dw, sumTolerance(c.OutLen()/c.OutC))
		for _, g := range []guarded{gx, gdy, y, dx, dw} {
			g.check(t)
		}
	}
}
