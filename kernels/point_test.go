package kernels

import (
	"fmt"
	"testing"
)

func TestPointTiles(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for _, pixels := range []int{1, 2, 3, 4, 5, 6, 7, 11, 17, 30} {
			for nb := 1; nb <= s.pointPanel(); nb++ {
				for _, k := range []int{3, 16} {
					for _, withBias := range []bool{true, false} {
						checkPoints(t, s, pixels, nb, k, withBias)
					}
				}
			}
		}
	})
}

func checkPoints(t *testing.T, s *simd, pixels, nb, k int, withBias bool) {
	const planes, gap = 2, 1 // gap is pixels between the run and the next plane
	r := newRand(pixels, nb, k)
	plane := (pixels + gap) * Block
	x, w := guardedCopy("x", uniform(r, planes*plane)), guardedCopy("w", uniform(r, planes*k*nb*Block))
	bias, y := guardedCopy("bias", uniform(r, nb*Block)), guardedCopy("y", uniform(r, nb*plane))
	want := float64s(y.s())
	for b := range nb {
		for p := range pixels {
			for lane := range Block {
				at := b*plane + p*Block + lane
				if withBias {
					want[at] = float64(bias.s()[b*Block+lane])
				}
				for in := range planes {
					for l := range k {
						want[at] += float64(x.s()[in*plane+p*Block+l]) * float64(w.s()[((in*k+l)*nb+b)*Block+lane])
					}
				}
			}
		}
	}
	start := &bias.s()[0]
	if !withBias {
		start = nil
	}
	s.points(0, tiles(pixels), pixels, nb, planes, k, x.s(), plane*4, w.s(), start, y.s(), plane*4, &noFetch)
	compare(t, fmt.Sprintf("%d pixels, %d blocks, k=%d", pixels, nb, k), y.s(), want, sumTolerance(planes*k))
	for _, g := range []guarded{x, w, bias, y} {
		g.check(t)
	}
}

func TestPointFetches(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		const runs, run, plane = 3, 5, 7
		x, w, y := make([]float32, runs*plane*Block), make([]float32, Block*Block), make([]float32, plane*Block)
		begin := newFetch(x, runs, run, plane)
		f := begin
		for lines := 4; lines < runs*run; lines += 4 { // a tile of one plane of 16 channels fetches 4
			s.points(0, 1, 3, 1, 1, Block, x, 0, w, nil, y, 0, &f)
			want := fetch{begin.at + uintptr(lines/run*plane+lines%run)*pixelBytes, uintptr(run - lines%run), run, begin.jump, uintptr(runs - lines/run)}
			if f != want {
				t.Errorf("after %d lines: %+v, want %+v", lines, f, want)
			}
		}
		s.points(0, 1, 3, 1, 1, Block, x, 0, w, nil, y, 0, &f)
		if f.runs != 0 {
			t.Errorf("after all lines: %+v", f)
		}
		s.points(0, 1, 3, 1, 1, Block, x, 0, w, nil, y, 0, &noFetch)
		if noFetch != (fetch{}) {
			t.Errorf("nothing to fetch became %+v", noFetch)
		}
	})
}

func TestCopyRows(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for _, rows := range []int{1, 3, 20} {
			for _, lines := range []int{1, 4} {
				width := lines * Block
				dld, sld := width+16, width+5
				src := guardedCopy("src", uniform(newRand(rows, lines), (rows-1)*sld+width))
				dst := guard("dst", (rows-1)*dld+width)
				want := append([]float32(nil), dst.s()...)
				for i := range rows {
					copy(want[i*dld:], src.s()[i*sld:][:width])
				}
				s.copyRows(rows, lines, &dst.s()[0], dld*4, &src.s()[0], sld*4)
				sameBits(t, fmt.Sprintf("%d rows of %d lines", rows, lines), dst.s(), want)
				dst.check(t)
				src.check(t)
			}
		}
	})
}

func TestPointGradTiles(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for rows, byBlocks := range s.pointGrad {
			for nb, f := range byBlocks {
				for _, pixels := range []int{1, 4, 11} {
					if f != nil {
						checkPointGradTile(t, f, rows, nb, pixels)
					}
				}
			}
		}
	})
}

func checkPointGradTile(t *testing.T, f pointGradKernel, rows, nb, pixels int) {
	r := newRand(rows, nb, pixels)
	plane, ld := pixels*Block, nb*Block+2
	x, dy := guardedCopy("x", uniform(r, plane)), guardedCopy("dy", uniform(r, nb*plane))
	dw := guardedCopy("dw", uniform(r, (rows-1)*ld+nb*Block))
	want := float64s(dw.s())
	for l := range rows {
		for b := range nb {
			for lane := range Block {
				for p := range pixels {
					want[l*ld+b*Block+lane] += float64(x.s()[p*Block+l]) * float64(dy.s()[b*plane+p*Block+lane])
				}
			}
		}
	}
	f(pixels, &x.s()[0], &dy.s()[0], plane*4, &dw.s()[0], ld*4, &x.s()[0], 1, 64)
	compare(t, fmt.Sprintf("%d channels, %d blocks, %d pixels", rows, nb, pixels), dw.s(), want, sumTolerance(pixels))
	for _, g := range []guarded{x, dy, dw} {
		g.check(t)
	}
}
