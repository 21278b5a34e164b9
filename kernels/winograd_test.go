package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/groupnb/groupnb/kernels/internal/reference"
)

// eachWinograd runs f with the assembly of every level that has the transforms.
func eachWinograd(t *testing.T, f func(t *testing.T, s *simd)) {
	t.Helper()
	eachAssembly(t, func(t *testing.T, s *simd) {
		if s.winograd == nil {
			t.Skip("this level does without")
		}
		f(t, s)
	})
}

// matrices of F(2x2, 3x3): a tile is transpose(A) [(G g transpose(G)) * (transpose(B) d B)] A.
var (
	winoB = [][]float64{{1, 0, 0, 0}, {0, 1, -1, 1}, {-1, 1, 1, 0}, {0, 0, 0, -1}}
	signs = []float64{1, 1, 1, -1} // of the rows of places as the transforms have them
	winoG = [][]float64{{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}}
	winoA = [][]float64{{1, 0}, {1, 1}, {1, -1}, {0, -1}}
)

func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for i := range t {
		for _, row := range m {
			t[i] = append(t[i], row[i])
		}
	}
	return t
}

func times(a, b [][]float64) [][]float64 {
	c := make([][]float64, len(a))
	for i, row := range a {
		c[i] = make([]float64, len(b[0]))
		for j := range c[i] {
			for l, v := range row {
				c[i][j] += v * b[l][j]
			}
		}
	}
	return c
}

// square picks n x n values.
func square(n int, at func(i, j int) float32) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		for j := range n {
			m[i] = append(m[i], float64(at(i, j)))
		}
	}
	return m
}

func TestWinogradInput(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		const rows, cols, pitch = 2, 3, 9
		const tiles = rows * cols
		x := guardedCopy("x", uniform(newRand("input"), (2*rows+2)*pitch*Block))
		v := guard("v", winoPlaces*tiles*Block)
		s.winograd.input(rows, cols, &x.s()[0], pitch*pixelBytes, &v.s()[0], tiles*pixelBytes)
		want := make([]float64, len(v.s()))
		for tile := range tiles {
			for lane := range Block {
				d := square(4, func(i, j int) float32 { return x.s()[((tile/cols*2+i)*pitch+tile%cols*2+j)*Block+lane] })
				for i, row := range times(times(transposed(winoB), d), winoB) {
					for j, e := range row {
						want[((4*i+j)*tiles+tile)*Block+lane] = signs[i] * e
					}
				}
			}
		}
		compare(t, "v", v.s(), want, 1e-6)
		x.check(t)
		v.check(t)
	})
}

// A plane as it lies gives what its padded copy gives, for all rows of tiles and for some of them.
func TestWinogradPlaneInput(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		if s.winograd.planeInput == nil {
			t.Skip("this level copies planes")
		}
		for _, in := range [][2]int{{2, 2}, {7, 7}, {8, 3}, {5, 12}} {
			for pads := range 16 {
				pad := func(side int) int { return pads >> side & 1 }
				c := Conv{N: 1, InC: 32, OutC: 32, In: [3]int{1, in[0] + 2 - pad(0) - pad(1), in[1] + 2 - pad(2) - pad(3)}, Kernel: [3]int{1, 3, 3},
					PadLo: [3]int{0, pad(0), pad(2)}, PadHi: [3]int{0, pad(1), pad(3)}}
				checkWinogradPlaneInput(t, s, c.norm())
			}
		}
	})
}

func checkWinogradPlaneInput(t *testing.T, s *simd, c Conv) {
	t.Helper()
	pass := &c.plan(s).forward[0]
	rows, cols := (pass.out[0]+1)/2, (pass.out[1]+1)/2
	x := guardedCopy("x", uniform(newRand(c.In, c.PadLo), volume(c.In)*Block))
	transform := func(planeInput bool, lo, hi int) []float32 {
		w, copying := *s.winograd, *s
		if copying.winograd = &w; !planeInput {
			w.planeInput = nil
		}
		tiles := (hi - lo) * cols
		v := guard("v", winoPlaces*tiles*Block)
		p := winoPass{directPass: pass, s: &copying, rows: rows, cols: cols, zeros: make([]float32, (2*cols+2)*Block)}
		p.transformInput(v.s(), tiles*Block, x.s(), lo, hi)
		v.check(t)
		return v.s()
	}
	for lo := range rows {
		for hi := lo + 1; hi <= rows; hi++ {
			compare(t, fmt.Sprintf("v of %v, padding %v %v, rows %d to %d", c.In, c.PadLo, c.PadHi, lo, hi), transform(true, lo, hi),
				float64s(transform(false, lo, hi)), 0)
		}
	}
}

func TestWinogradOutput(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		for _, size := range [][2]int{{4, 6}, {4, 5}, {1, 6}, {1, 5}} {
			checkWinogradOutput(t, s, size[0], size[1])
		}
	})
}

// checkWinogradOutput transforms to so many rows and columns: two rows of tiles, or one that has but one row of pixels.
func checkWinogradOutput(t *testing.T, s *simd, height, width int) {
	cols, rows, yrow := (width+1)/2, (height+1)/2, width*pixelBytes
	tiles := rows * cols
	if height == 1 {
		yrow = 0
	}
	r := newRand("output")
	products, bias := uniform(r, winoPlaces*tiles*Block), guardedCopy("bias", uniform(r, Block))
	want := make([]float64, height*width*Block)
	for tile := range tiles {
		for lane := range Block {
			e := square(4, func(i, j int) float32 { return products[((4*i+j)*tiles+tile)*Block+lane] })
			for i, row := range times(times(transposed(winoA), e), winoA) {
				for j, v := range row {
					if y, x := tile/cols*2+i, tile%cols*2+j; y < height && x < width {
						want[(y*width+x)*Block+lane] = v + float64(bias.s()[lane])
					}
				}
			}
		}
	}
	for place := 12; place < winoPlaces; place++ { // the last row has its sign changed
		for i := range products[place*tiles*Block:][:tiles*Block] {
			products[place*tiles*Block+i] *= -1
		}
	}
	if s.winograd.products[1][1] != nil {
		products = columnSums(products, tiles)
	}
	m, y, check := guardedCopy("m", products), guard("y", len(want)), guardedCopy("check", make([]float32, s.lanes))
	transform := func() {
		s.winograd.output(rows, cols, &m.s()[0], tiles*pixelBytes, &bias.s()[0], &y.s()[0], yrow, pixelBytes*(1-width%2), &check.s()[0])
	}
	transform()
	compare(t, fmt.Sprintf("y of %dx%d", height, width), y.s(), want, 1e-6)
	compare(t, "check", check.s(), make([]float64, s.lanes), 0)
	for _, g := range []guarded{m, bias, y, check} {
		g.check(t)
	}
	m.s()[5*tiles*Block+Block+3] = float32(math.Inf(1))
	transform()
	if c := check.s()[3]; c == c {
		t.Errorf("check is %v after an infinity, want NaN", c)
	}
}

// columnSums is what the products of AVX-512 make of those of all places.
func columnSums(m []float32, tiles int) []float32 {
	place := func(i int) []float32 { return m[4*i*tiles*Block:][:4*tiles*Block] }
	sums := make([]float32, 8*tiles*Block)
	for i := range 4 * tiles * Block {
		sums[i] = place(0)[i] + place(1)[i] + place(2)[i]
		sums[4*tiles*Block+i] = place(1)[i] - place(2)[i] + place(3)[i]
	}
	return sums
}

func TestWinogradProducts(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		for nb, byTiles := range s.winograd.products {
			for tiles, f := range byTiles {
				if f != nil {
					checkWinogradProducts(t, f, nb, tiles)
				}
			}
		}
	})
}

func checkWinogradProducts(t *testing.T, f winoProducts, nb, size int) {
	const groups, planes = 2, 2
	tiles, lanes := groups*size, nb*Block
	r := newRand(nb, size)
	vplane, mplace := tiles*Block, nb*tiles*Block
	v, u := guardedCopy("v", uniform(r, winoPlaces*planes*vplane)), guardedCopy("u", uniform(r, winoPlaces*planes*Block*lanes+winoGap))
	products := make([]float32, winoPlaces*mplace)
	for place := range winoPlaces {
		i, column := place/4, place%4
		for k := range planes * Block {
			weights := u.s()[column*winoGap/4+(((column*2+b2i(i%3 == 0))*planes*Block+k)*2+b2i(i > 1))*lanes:][:lanes]
			for lane, w := range weights {
				for tile := range tiles {
					x := v.s()[(place*planes+k/Block)*vplane+tile*Block+k%Block]
					products[place*mplace+(lane/Block*tiles+tile)*Block+lane%Block] += w * x
				}
			}
		}
	}
	m := guard("m", 8*mplace)
	f(groups, planes, &v.s()[0], planes*vplane*4, vplane*4, &u.s()[0], &m.s()[0], mplace*4, tiles*pixelBytes, nil, nil, nil, nil)
	compare(t, fmt.Sprintf("%d tiles, %d blocks", size, nb), m.s(), float64s(columnSums(products, nb*tiles)), sumTolerance(4*planes*Block))
	for _, g := range []guarded{v, u, m} {
		g.check(t)
	}
}

// Kernels that do all of it, from one block of channels to another, at all borders.
func TestWinogradBlocks(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		for size, f := range s.winograd.blocks {
			if f == nil {
				continue
			}
			for _, in := range [][2]int{{2, 2 * size}, {8, size}, {5, 7}, {15, 4}} {
				for pads := range 4 {
					lo, hi := pads&1, pads>>1
					c := Conv{N: 2, InC: 32, OutC: 32, Groups: 2, In: [3]int{1, in[0] + 2 - lo - hi, in[1] + 2 - lo - hi}, Kernel: [3]int{1, 3, 3},
						PadLo: [3]int{0, lo, lo}, PadHi: [3]int{0, hi, hi}}
					checkWinogradBlocks(t, s, c.norm())
				}
			}
		}
	})
}

func checkWinogradBlocks(t *testing.T, s *simd, c Conv) {
	t.Helper()
	p := c.plan(s).forward
	if !s.winograd.single(&p[0]) {
		t.Fatalf("%v is not for them", c.In)
	}
	r := newRand(c.In, c.PadLo)
	x, w, b := uniform(r, c.InLen()), uniform(r, c.WeightLen()), uniform(r, c.OutC)
	in, out := volume(c.In), volume(c.Out())
	bx, by, y := make([]float32, BlockedLen(c.N, c.InC, in)), guard("y", BlockedLen(c.N, c.OutC, out)), make([]float32, c.OutLen())
	ToBlocked(bx, x, c.N, c.InC, in)
	s.runWinograd(c.N, &p[0], nil, c.output(by.s(), false), c.input(bx, false), w, b)
	FromBlocked(y, by.s(), c.N, c.OutC, out)
	compare(t, fmt.Sprintf("%v, padding %v %v", c.In, c.PadLo, c.PadHi), y, reference.Conv(c).Forward(x, w, b), 1e-5)
	by.check(t)
}

func TestWinogradWeights(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		const n = 3
		lanes := s.lanes
		g := guardedCopy("w", uniform(newRand("weights"), n*9*lanes))
		for _, turned := range []bool{false, true} {
			u := guard("u", winoPlaces*n*Block+winoGap)
			first, tap := 0, lanes*4
			if turned {
				first, tap = 8*lanes, -tap
			}
			order := s.winograd.order(n, Block)
			s.winograd.weights(n, &g.s()[first], tap, 9*lanes*4, &u.s()[0], &order.rows[0], order.column, order.next, &oneHalf)
			for k := range n {
				for lane := range lanes {
					w := square(3, func(i, j int) float32 { return g.s()[k*9*lanes+first+(3*i+j)*tap/4+lane] })
					for i, row := range times(times(winoG, w), transposed(winoG)) {
						for j, want := range row {
							if got := u.s()[(order.rows[i]+j*order.column+k*order.next)/4+lane]; math.Abs(float64(got)-want) > 1e-6 {
								t.Fatalf("turned %v: place %d of channel %d is %v, want %v", turned, 4*i+j, k, got, want)
							}
						}
					}
				}
			}
			u.check(t)
		}
		g.check(t)
	})
}

// A tile whose transforms meet something infinite is computed as the definition says, so that nothing but what sees it is infinite.
func TestWinogradKeepsNaNAndInf(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		for stride := 1; stride <= 2; stride++ {
			c := conv2d(3, 64, 64, 1, 15, 15, 3, stride, 1)
			if stride == 2 {
				c = conv2d(3, 32, 32, 1, 30, 32, 3, stride, 1)
			}
			if forward, backward, _ := c.Kernels(true); s.lanes == Block && (forward != "conv.winograd" || backward != "conv.winograd") {
				t.Fatalf("the case runs on %s and %s", forward, backward)
			}
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), -3e38, 1e-41} {
				checkKeeps(t, c, bad)
			}
		}
		if s.winograd.lanes != nil {
			c := conv2d(3, 40, 40, 5, 28, 29, 3, 1, 1)
			if forward, backward, _ := c.Kernels(true); forward != "conv.lanes" || backward != "conv.lanes" {
				t.Fatalf("the case runs on %s and %s", forward, backward)
			}
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), -3e38, 1e-41} {
				checkKeeps(t, c, bad)
			}
		}
	})
}

// Tiles as lanes, at all borders of planes and of strips, and for any number of threads.
func TestWinogradLanes(t *testing.T) {
	defer SetThreads(0)
	eachWinograd(t, func(t *testing.T, s *simd) {
		if s.winograd.lanes == nil {
			t.Skip("this level does without")
		}
		for _, size := range [][2]int{{1, 16}, {2, 17}, {5, 28}, {6, 31}, {7, 32}, {3, 33}, {4, 61}, {2, 90}} {
			checkWinogradLanes(t, s, conv2d(2, 40, 40, 5, size[0], size[1], 3, 1, 1).norm())
		}
	})
}

func checkWinogradLanes(t *testing.T, s *simd, c Conv) {
	t.Helper()
	plan, pixels := c.plan(s), volume(c.In)
	r, ref := newRand(c), reference.Conv(c)
	x, w, b := uniform(r, c.InLen()), uniform(r, c.WeightLen()), uniform(r, c.OutC)
	bx, by := guard("x", BlockedLen(c.N, c.InC, pixels)), guard("y", BlockedLen(c.N, c.InC, pixels))
	ToBlocked(bx.s(), x, c.N, c.InC, pixels)
	run := func(p *directPass, b []float32, threads int) []float32 {
		SetThreads(threads)
		s.runLanes(c.N, &lanesPass{p, lanesStrips(c.In[2])}, nil, c.output(by.s(), false), c.input(bx.s(), false), w, b)
		bx.check(t)
		by.check(t)
		return plain(t, by.s(), c.N, c.InC, pixels)
	}
	y, dx := run(&plan.forward[0], b, 1), run(&plan.backward[0], nil, 1)
	compare(t, fmt.Sprintf("y of %v", c), y, ref.Forward(x, w, b), sumTolerance(9*lanesGroup))
	compare(t, fmt.Sprintf("dx of %v", c), dx, ref.BackwardData(x, w), sumTolerance(9*lanesGroup))
	sameBits(t, "y with three threads", run(&plan.forward[0], b, 3), y)
	sameBits(t, "dx with three threads", run(&plan.backward[0], nil, 3), dx)
}

// checkKeeps computes both directions with one bad value in the second image.
func checkKeeps(t *testing.T, c Conv, bad float32) {
	t.Helper()
	r := newRand(bad)
	x, dy, w := make([]float32, c.InLen()), make([]float32, c.OutLen()), uniform(r, c.WeightLen())
	in, out := volume(c.In), volume(c.norm().Out())
	x[c.InLen()/2+4*c.In[2]+4] = bad
	dy[c.OutLen()/2+4*c.norm().Out()[2]+4] = bad
	bx, by := make([]float32, BlockedLen(c.N, c.InC, in)), make([]float32, BlockedLen(c.N, c.OutC, out))
	y, dx, ref := make([]float32, c.OutLen()), make([]float32, c.InLen()), reference.Conv(c.norm())
	ToBlocked(bx, x, c.N, c.InC, in)
	c.ForwardBlocked(by, bx, w, nil)
	FromBlocked(y, by, c.N, c.OutC, out)
	compare(t, fmt.Sprintf("y for %v", bad), y, ref.Forward(x, w, nil), 1e-6)
	ToBlocked(by, dy, c.N, c.OutC, out)
	c.BackwardDataBlocked(bx, by, w)
	FromBlocked(dx, bx, c.N, c.InC, in)
	compare(t, fmt.Sprintf("dx for %v", bad), dx, ref.BackwardData(dy, w), 1e-6)
}

// Stride 2 and its gradient, at all borders.
func TestWinogradStride(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		if s.winograd.strided[0].input == nil {
			t.Skip("this level does without")
		}
		for _, channels := range [][2]int{{16, 16}, {32, 48}, {80, 64}} {
			for _, in := range [][2]int{{8, 8}, {7, 14}, {13, 19}, {5, 28}, {14, 6}, {14, 14}, {13, 14}, {8, 18}} {
				for hi := range 2 {
					c := Conv{N: 2, InC: 2 * channels[0], OutC: 2 * channels[1], Groups: 2, In: [3]int{1, in[0], in[1]}, Kernel: [3]int{1, 3, 3},
						Stride: [3]int{1, 2, 2}, PadLo: [3]int{0, 1, 1}, PadHi: [3]int{0, hi, hi}}
					checkWinogradStride(t, s, c.norm())
				}
			}
		}
	})
}

func checkWinogradStride(t *testing.T, s *simd, c Conv) {
	t.Helper()
	forward, backward := c.strideForward(s), c.strideBackward(s, c.plan(s).backward[0].weightOf)
	if forward == nil || backward == nil {
		t.Fatalf("%v is not for them", c.In)
	}
	again := func(int) { t.Errorf("%v: something is not finite", c) }
	r, ref := newRand(c), reference.Conv(c)
	x, dy, w, b := uniform(r, c.InLen()), uniform(r, c.OutLen()), uniform(r, c.WeightLen()), uniform(r, c.OutC)
	in, out := volume(c.In), volume(c.Out())
	bx, by, y, dx := guard("x", BlockedLen(c.N, c.InC, in)), guard("y", BlockedLen(c.N, c.OutC, out)), make([]float32, c.OutLen()), make([]float32, c.InLen())
	ToBlocked(bx.s(), x, c.N, c.InC, in)
	s.runStride(c.N, forward, nil, c.output(by.s(), false), c.input(bx.s(), false), w, b, again)
	FromBlocked(y, by.s(), c.N, c.OutC, out)
	compare(t, fmt.Sprintf("y of %v", c), y, ref.Forward(x, w, b), sumTolerance(9*c.InC/c.Groups))
	ToBlocked(by.s(), dy, c.N, c.OutC, out)
	s.runStride(c.N, backward, nil, c.input(bx.s(), false), c.output(by.s(), false), w, nil, again)
	FromBlocked(dx, bx.s(), c.N, c.InC, in)
	compare(t, fmt.Sprintf("dx of %v", c), dx, ref.BackwardData(dy, w), sumTolerance(9*c.OutC/c.Groups))
	bx.check(t)
	by.check(t)
}
