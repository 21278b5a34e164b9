package kernels

import (
	"fmt"
	"math"
	"testing"
)

// The tests of this file, of point_test.go and of depthwise_test.go hold every single assembly function, also those that no shape of the
// other tests selects, against the Go loop in its comment.

// eachAssembly runs f with the assembly of every level that this machine has.
func eachAssembly(t *testing.T, f func(t *testing.T, s *simd)) {
	t.Helper()
	eachLevel(t, func(t *testing.T) {
		if s := assembly(); s != nil {
			f(t, s)
		}
	})
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func TestGEMMTiles(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for rows, byVectors := range s.gemm {
			for vectors, f := range byVectors {
				for _, k := range []int{1, 3, 4, 9} {
					if f == nil {
						continue
					}
					n, r := vectors*s.lanes, newRand(rows, vectors, k)
					a, b := guardedCopy("a", uniform(r, k*rows)), guardedCopy("b", uniform(r, k*n))
					ldc := n + 3
					c := guardedCopy("c", uniform(r, (rows-1)*ldc+n))
					want := float64s(c.s())
					for l := range k {
						for i := range rows {
							for j := range n {
								want[i*ldc+j] += float64(a.s()[l*rows+i]) * float64(b.s()[l*n+j])
							}
						}
					}
					f(k, &a.s()[0], &b.s()[0], &c.s()[0], ldc*4)
					compare(t, fmt.Sprintf("%dx%d, k=%d", rows, n, k), c.s(), want, sumTolerance(k))
					for _, g := range []guarded{a, b, c} {
						g.check(t)
					}
				}
			}
		}
	})
}

func TestDotsTiles(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for _, d := range s.dots {
			for _, k := range []int{1, 7, 16, 37} {
				r := newRand(d.rows, d.cols, k)
				lda, ldb, ldc := k+1, k+2, d.cols+3
				a, b := guardedCopy("a", uniform(r, (d.rows-1)*lda+k)), guardedCopy("b", uniform(r, (d.cols-1)*ldb+k))
				c := guardedCopy("c", uniform(r, (d.rows-1)*ldc+d.cols))
				want := float64s(c.s())
				for i := range d.rows {
					for j := range d.cols {
						for l := range k {
							want[i*ldc+j] += float64(a.s()[i*lda+l]) * float64(b.s()[j*ldb+l])
						}
					}
				}
				d.f(k, &a.s()[0], lda*4, &b.s()[0], ldb*4, &c.s()[0], ldc*4, &tailMasks[k%s.lanes][0])
				compare(t, fmt.Sprintf("%dx%d, k=%d", d.rows, d.cols, k), c.s(), want, sumTolerance(k))
				for _, g := range []guarded{a, b, c} {
					g.check(t)
				}
			}
		}
	})
}

func TestTransposeInto(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for _, size := range [][2]int{{1, 1}, {7, 9}, {16, 16}, {16, 33}, {20, 16}, {35, 49}, {8, 8}, {16, 9}} {
			rows, cols := size[0], size[1]
			sld, dld := cols+2, rows+3
			src := guardedCopy("src", uniform(newRand(size), (rows-1)*sld+cols))
			dst := guard("dst", (cols-1)*dld+rows)
			s.transposeInto(dst.s(), dld, src.s(), sld, rows, cols)
			for i := range rows {
				for j := range cols {
					if got, want := dst.s()[j*dld+i], src.s()[i*sld+j]; got != want {
						t.Fatalf("%v: element %d, %d is %v, want %v", size, i, j, got, want)
					}
				}
			}
			src.check(t)
			dst.check(t)
		}
	})
}

// channelSeen is the channel of a pixel that lane of a vector sees as its k-th through lookup l.
func channelSeen(l lookup, k, lane int) int {
	switch l {
	case own:
		return lane
	case quad:
		return lane/4*4 + k
	case perm:
		return lane/8*8 + k
	}
	return k
}

func TestConvTiles(t *testing.T) {
	lookups := map[lookup]int{own: 1, quad: 4, perm: 8, wide: 16}
	eachAssembly(t, func(t *testing.T, s *simd) {
		for key, tiles := range s.conv {
			for _, tile := range tiles {
				t.Run(fmt.Sprintf("%v_%dx%d_%v", key, tile.rows, tile.cols, tile.edged), func(t *testing.T) {
					for _, skip := range [][2]int{{0, 0}, {2, 0}, {0, 1}, {2, 1}} {
						checkConvTile(t, s, key, tile, lookups[key.lookup], skip[0], skip[1])
					}
				})
			}
		}
	})
}

func checkConvTile(t *testing.T, s *simd, key convKey, tile convKernel, k, top, bottom int) {
	const kh, planes = 2, 2
	tiles := 1
	if tile.run != nil {
		tiles = 2
	}
	r := newRand(key, tile.rows, tile.cols)
	cols := tiles * tile.cols
	pitch := key.pixels(cols)
	rows := key.stride*(tile.rows-1) + kh
	x := guardedCopy("x", uniform(r, planes*rows*pitch*Block))
	w := guardedCopy("w", uniform(r, planes*kh*k*key.kw*s.lanes))
	bias := guardedCopy("bias", uniform(r, s.lanes))
	y := guard("y", tile.rows*cols*Block)
	if tile.run != nil {
		tile.run(tiles, &x.s()[0], pitch*pixelBytes, rows*pitch*pixelBytes, planes, kh, k, s.table(key.lookup), &w.s()[0], &bias.s()[0],
			&y.s()[0], cols*pixelBytes, pixelBytes, &x.s()[0], 0, 0, top, bottom)
	} else {
		tile.tile(&x.s()[0], pitch*pixelBytes, rows*pitch*pixelBytes, planes, kh, k, s.table(key.lookup), &w.s()[0], &bias.s()[0],
			&y.s()[0], cols*pixelBytes, pixelBytes, &x.s()[0], 0, top, bottom)
	}
	for row := range tile.rows {
		for col := range cols {
			got := y.s()[(row*cols+col)*Block:][:s.lanes]
			want := float64s(bias.s())
			for lane := range want {
				i := lane
				for plane := range planes {
					for h := range kh {
						for c := range k {
							for v := range key.kw {
								q := col*key.stride + v
								if key.stride == half {
									q = (col + 1 - v) / 2
									if (col+1-v)%2 != 0 {
										i += s.lanes
										continue
									}
								}
								at := ((plane*rows+row*key.stride+h)*pitch + q) * Block
								if row == 0 && kh-h == top || row == tile.rows-1 && kh-h == bottom ||
									tile.edged && (q == 0 || q == pitch-1 && key.stride == 1) {
									i += s.lanes
									continue
								}
								want[lane] += float64(w.s()[i]) * float64(x.s()[at+channelSeen(key.lookup, c, lane)])
								i += s.lanes
							}
						}
					}
				}
			}
			compare(t, fmt.Sprintf("pixel %d, %d", row, col), got, want, sumTolerance(planes*kh*k*key.kw))
		}
	}
	for _, g := range []guarded{x, w, bias, y} {
		g.check(t)
	}
}

func TestPlaneConvTiles(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for key, tiles := range s.planeConv {
			for _, tile := range tiles {
				for _, edges := range [][4]int{{0, 0, 0, 0}, {1, 0, 1, 0}, {0, 1, 0, 1}, {1, 1, 1, 1}} {
					if tile.edged && edges[2]&edges[3] == 0 {
						continue
					}
					for _, add := range []bool{false, true} {
						checkPlaneConvTile(t, key, tile, edges[0], edges[1], edges[2], edges[3], add)
					}
				}
			}
		}
	})
}

// checkPlaneConvTile computes two rows of tiles, each of them two that overlap or a single one; edges say where there is padding, whose
// pixels are NaN in x.
func checkPlaneConvTile(t *testing.T, key convKey, tile planeConvKernel, top, bottom, left, right int, add bool) {
	const overlap = 2
	kh := 2
	if key.stride != half {
		kh = 3
	}
	top *= kh // of the taps from the last one back
	planes, channels := 2, Block
	if add {
		planes, channels = 1, 3
	}
	r := newRand(key, tile.rows, tile.cols)
	height, cols, stride := 2*tile.rows, 2*tile.cols-overlap, max(key.stride, 1)
	pitch, rows := key.pixels(cols), stride*(height-1)+kh
	x := guardedCopy("x", uniform(r, planes*rows*pitch*Block))
	w, bias := guardedCopy("w", uniform(r, planes*Block*9*Block)), guardedCopy("bias", uniform(r, Block))
	y := guardedCopy("y", uniform(r, height*cols*Block))
	want, start := float64s(y.s()), &bias.s()[0]
	if add {
		start = nil
	}
	if add || tile.edged {
		cols = tile.cols // tiles that overlap would add twice
	}
	for i := range planes * rows * pitch {
		if q := i % pitch; left == 1 && q == 0 && key.stride != half || right == 1 && q == key.pixels(cols)-1 {
			fill(x.s()[i*Block:][:Block], float32(math.NaN()))
		}
	}
	const from, firstTap, wrow, wcol = 0, 8, -3, -1 // taps from the last one back
	for i := range want {
		row, col, lane := i/Block/(2*tile.cols-overlap), i/Block%(2*tile.cols-overlap), i%Block
		if col >= cols {
			continue
		}
		if !add {
			want[i] = float64(bias.s()[lane])
		}
		for h := range kh {
			for v := range key.kw {
				q := col*key.stride + v
				if key.stride == half {
					q = (col + 1 - v) / 2
				}
				switch {
				case key.stride == half && (col+1-v)%2 != 0,
					row == 0 && kh-h == top || row == height-1 && kh-h == bottom,
					key.stride != half && q == 0 && left == 1, q == key.pixels(cols)-1 && right == 1:
					continue
				}
				for k := range planes * channels {
					xs := x.s()[((k/channels*rows+row*stride+h)*pitch+q)*Block+k%channels]
					want[i] += float64(xs) * float64(w.s()[(k*9+firstTap+h*wrow+v*wcol)*Block+lane])
				}
			}
		}
	}
	tiles := (cols + tile.cols - 1) / tile.cols
	tile.f(2, tiles, planes, channels, &x.s()[0], from, pitch*pixelBytes, rows*pitch*pixelBytes, key.pixel(cols-tile.cols)*pixelBytes, kh,
		&w.s()[firstTap*Block], wrow*pixelBytes, wcol*pixelBytes, start, &y.s()[0], (2*tile.cols-overlap)*pixelBytes,
		(cols-tile.cols)*pixelBytes, top, bottom, left, right, 0, &x.s()[0], 2)
	compare(t, fmt.Sprintf("%v %dx%d, edges %d %d %d %d, adds: %v", key, tile.rows, tile.cols, top, bottom, left, right, add), y.s(), want,
		sumTolerance(planes*Block*kh*3))
	for _, g := range []guarded{x, w, bias, y} {
		g.check(t)
	}
}

func TestSweepBands(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for stride, kernels := range s.sweep {
			for i, f := range kernels {
				for _, width := range []int{2, 3, 7} {
					for edges := range 8 {
						for _, channels := range []int{4, 8} {
							checkSweep(t, f, channels, stride, i+1, width, edges&1, edges>>1&1, edges>>2, edges == 5)
						}
					}
				}
			}
		}
	})
}

// checkSweep computes a band; what is outside is NaN in x.
func checkSweep(t *testing.T, f sweepKernel, channels, stride, rows, width, top, bottom, odd int, past bool) {
	r := newRand(channels, stride, rows, width)
	if stride < 2 {
		odd = 0
	}
	height, outs, cols, pitch := stride*(rows-1)+3, rows, width, stride*width-stride/3-odd
	if stride == half {
		height, outs, cols, pitch, top = rows+1, 2*rows, 2*width, width, 0
	}
	x, w, bias := guardedCopy("x", uniform(r, height*pitch*Block)), guardedCopy("w", uniform(r, channels*9*Block)), guardedCopy("bias", uniform(r, Block))
	y := guard("y", outs*cols*Block)
	to := y.s()
	if past {
		to = aligned(len(to))
	}
	outside := func(row int) bool { return row < top || row >= height-bottom }
	for row := range height {
		if outside(row) {
			fill(x.s()[row*pitch*Block:][:pitch*Block], float32(math.NaN()))
		}
	}
	f(width, channels-2, &x.s()[0], 0, pitch*pixelBytes, &pairTable(channels)[0], &w.s()[0], &bias.s()[0], &to[0], cols*pixelBytes, &x.s()[0], top, bottom, odd, b2i(past))
	for i := range outs * cols {
		want := float64s(bias.s())
		for tap := range 9 {
			h, v := tap/3, tap%3
			row, col := i/cols*stride+h, i%cols*stride+v-1
			if stride == half {
				row, col = (i/cols+1-h)/2, (i%cols+1-v)/2
				if (i/cols+1-h)%2 != 0 || (i%cols+1-v)%2 != 0 {
					continue
				}
			}
			if outside(row) || col < 0 || col >= pitch {
				continue
			}
			for k := range channels {
				for lane := range want {
					want[lane] += float64(w.s()[(k*9+tap)*Block+lane]) * float64(x.s()[(row*pitch+col)*Block+lane/channels*channels+pairChannel(channels, k, lane)])
				}
			}
		}
		compare(t, fmt.Sprintf("%d channels, stride %d, %d rows, pixel %d of rows of %d, edges %d %d %d", channels, stride, rows, i, cols, top, bottom, odd),
			to[i*Block:][:Block], want, sumTolerance(9*channels))
	}
	for _, g := range []guarded{x, w, bias, y} {
		g.check(t)
	}
}

func TestTapRuns(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		if s.taps == nil {
			t.Skip("this level has none")
		}
		for i, f := range s.taps.run {
			pixels := i + 1
			const apart = 2 // pixels of output
			r := newRand("taps", pixels)
			table := []int{3 * pixelBytes, 5, 0, 1, 2*pixelBytes + 4, Block - 1} // offsets and channels
			x, w, bias := guardedCopy("x", uniform(r, (pixels+3)*Block+Block)), guardedCopy("w", uniform(r, (5+1+Block-1)*Block)), guardedCopy("bias", uniform(r, Block))
			for _, taps := range []int{0, 1, 3} {
				y := guardedCopy("y", uniform(r, (2*pixels*apart)*Block))
				want, plane := float64s(y.s()), pixels*apart*Block
				at0, mask0, at1, mask1 := span(9, 14, plane) // seven channels in each of two blocks
				for pixel := range pixels {
					for lane := range 14 {
						sum, k := float64(bias.s()[lane]), 0
						for tap := range taps {
							for c := range table[2*tap+1] {
								sum += float64(w.s()[k*Block+lane]) * float64(x.s()[table[2*tap]/4+pixel*Block+c])
								k++
							}
						}
						want[(9+lane)/Block*plane+pixel*apart*Block+(9+lane)%Block] = sum
					}
				}
				f(taps, &table[0], &x.s()[0], 0, &w.s()[0], &bias.s()[0], &y.s()[at0], mask0, &y.s()[at1], mask1, apart*pixelBytes)
				compare(t, fmt.Sprintf("%d pixels, %d taps", pixels, taps), y.s(), want, sumTolerance(5+Block))
				y.check(t)
			}
			for _, g := range []guarded{x, w, bias} {
				g.check(t)
			}
		}
	})
}

func TestRegroup(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		if s.taps == nil {
			t.Skip("this level has none")
		}
		const n, apart = 3, 2
		plane := ((n-1)*apart + 1) * Block
		x := guardedCopy("x", uniform(newRand("regroup"), 3*plane))
		for first := range 2*Block + 1 {
			for count := 1; count <= Block; count++ {
				dst := guard("dst", n*Block)
				at0, mask0, at1, mask1 := span(first, count, plane)
				s.taps.regroup(n, &dst.s()[0], &x.s()[at0], mask0, &x.s()[at1], mask1, apart*pixelBytes)
				for i, got := range dst.s() {
					want, channel := float32(0), first+i%Block
					if i%Block < count {
						want = x.s()[channel/Block*plane+i/Block*apart*Block+channel%Block]
					}
					if got != want {
						t.Fatalf("%d channels from %d on: float %d is %v, want %v", count, first, i, got, want)
					}
				}
				dst.check(t)
			}
		}
		x.check(t)
	})
}

func TestConvGradTiles(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for key, tiles := range s.convGrad {
			for _, tile := range tiles {
				t.Run(fmt.Sprint(key, tile.k), func(t *testing.T) { checkConvGradTile(t, s, key, tile) })
			}
		}
	})
}

func checkConvGradTile(t *testing.T, s *simd, key convKey, tile convGradKernel) {
	const rows, visible = 3, 5
	r := newRand(key)
	width := visible + (key.kw-1)/key.stride
	pitch := width * key.stride
	x := guardedCopy("x", uniform(r, (key.stride*(rows-1)+tile.kh)*pitch*Block))
	dy := guardedCopy("dy", uniform(r, rows*width*Block))
	for row := range rows {
		clear(dy.s()[(row*width+visible)*Block : (row+1)*width*Block])
	}
	dw := guardedCopy("dw", uniform(r, tile.kh*tile.k*key.kw*s.lanes))
	want := float64s(dw.s())
	i := 0
	for h := range tile.kh {
		for k := range tile.k {
			for v := range key.kw {
				for lane := range s.lanes {
					channel := channelSeen(key.lookup, k, lane)
					if key.lookup == perm {
						channel = lane/8*8 + octChannel(k, lane)
					}
					for row := range rows {
						for col := range visible {
							at := ((row*key.stride+h)*pitch + col*key.stride + v) * Block
							want[i] += float64(dy.s()[(row*width+col)*Block+lane]) * float64(x.s()[at+channel])
						}
					}
					i++
				}
			}
		}
	}
	tile.f(rows, width, &x.s()[0], pitch*pixelBytes, (key.stride-1)*pitch*pixelBytes, &dy.s()[0], &dw.s()[0], &x.s()[0])
	compare(t, "dw", dw.s(), want, sumTolerance(rows*width))
	for _, g := range []guarded{x, dy, dw} {
		g.check(t)
	}
}

func TestPlaneGrad(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for stride, f := range s.planeGrad {
			for _, width := range []int{2, 3, 7} {
				if f != nil {
					checkPlaneGrad(t, f, stride, width)
				}
			}
		}
	})
}

func checkPlaneGrad(t *testing.T, f planeGradKernel, stride, width int) {
	const images, rows, gap, channels, dwnext = 2, 3, 2, 8, 4 // gap is pixels between images, dwnext vectors from channel to channel
	r := newRand(stride, width)
	ximage, dyimage := rows*stride*stride*width+gap, rows*width+gap
	x, dy := guardedCopy("x", uniform(r, images*ximage*Block)), guardedCopy("dy", uniform(r, images*dyimage*Block))
	dw := guardedCopy("dw", uniform(r, (channels-1)*dwnext*Block+3*Block))
	want := float64s(dw.s())
	for i := range images * rows * width * 3 * channels * Block {
		lane, k, v, col := i%Block, i/Block%channels, i/Block/channels%3, i/Block/channels/3%width
		image, row := i/Block/channels/3/width/rows, i/Block/channels/3/width%rows
		if seen := col*stride + v - 1; seen >= 0 && seen < width*stride {
			d := dy.s()[(image*dyimage+row*width+col)*Block+lane]
			want[(k*dwnext+v)*Block+lane] += float64(d) * float64(x.s()[(image*ximage+row*stride*stride*width+seen)*Block+k])
		}
	}
	f(images, rows, width, &x.s()[0], gap*pixelBytes, &dy.s()[0], gap*pixelBytes, &dw.s()[0], dwnext*pixelBytes, nil, 0)
	compare(t, fmt.Sprintf("stride %d, width %d", stride, width), dw.s(), want, sumTolerance(images*rows*width))
	for _, g := range []guarded{x, dy, dw} {
		g.check(t)
	}
}

func TestPadPlane(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		const height, width = 3, 4
		plane := guardedCopy("plane", uniform(newRand("pad"), height*width*Block))
		for first := -3; first <= 3; first++ {
			for before := -5; before <= 5; before++ {
				const rows, pitch = 4, 5
				dst := guard("dst", rows*pitch*Block)
				s.padPlane(dst.s(), plane.s(), height, width, first, before, pitch)
				for i, got := range dst.s() {
					row, col, want := first+i/Block/pitch, i/Block%pitch-before, float32(0)
					if row >= 0 && row < height && col >= 0 && col < width {
						want = plane.s()[(row*width+col)*Block+i%Block]
					}
					if got != want {
						t.Fatalf("first row %d, %d before: float %d is %v, want %v", first, before, i, got, want)
					}
				}
				dst.check(t)
			}
		}
		plane.check(t)
	})
}

func TestSpreadPixels(t *testing.T) {
	eachAssembly(t, func(t *testing.T, s *simd) {
		for _, n := range []int{1, 2, 5} {
			const between, after = 2, 1
			src := guardedCopy("src", uniform(newRand("spread", n), n*Block))
			wide := guard("wide", ((n-1)*(between+1)+1+after)*Block)
			for past, f := range s.spread {
				to := wide.s()
				if past == 1 {
					to = aligned(len(to))
				}
				f(n, &to[0], &src.s()[0], between, after)
				for i, got := range to {
					want := float32(0)
					if p := i / Block; p%(between+1) == 0 && p/(between+1) < n {
						want = src.s()[p/(between+1)*Block+i%Block]
					}
					if got != want {
						t.Fatalf("%d pixels, past the caches %d: float %d is %v, want %v", n, past, i, got, want)
					}
				}
			}
			back := guard("back", n*Block)
			s.sample(n, &back.s()[0], &wide.s()[0], (between+1)*pixelBytes, 0)
			for i, got := range back.s() {
				if got != src.s()[i] {
					t.Fatalf("sample of %d pixels: float %d is %v, want %v", n, i, got, src.s()[i])
				}
			}
			for _, g := range []guarded{src, wide, back} {
				g.check(t)
			}
		}
	})
}
