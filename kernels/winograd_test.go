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
		const tiles, pitch = 3, 9
		x := guardedCopy("x", uniform(newRand("input"), 4*pitch*Block))
		v := guard("v", winoPlaces*tiles*Block)
		s.winograd.input(tiles, &x.s()[0], pitch*pixelBytes, &v.s()[0], tiles*pixelBytes)
		want := make([]float64, len(v.s()))
		for tile := range tiles {
			for lane := range Block {
				d := square(4, func(i, j int) float32 { return x.s()[(i*pitch+2*tile+j)*Block+lane] })
				for i, row := range times(times(transposed(winoB), d), winoB) {
					for j, e := range row {
						want[((4*i+j)*tiles+tile)*Block+lane] = e
					}
				}
			}
		}
		compare(t, "v", v.s(), want, 1e-6)
		x.check(t)
		v.check(t)
	})
}

func TestWinogradOutput(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		const tiles, width = 3, 6
		r := newRand("output")
		m, bias := guardedCopy("m", uniform(r, winoPlaces*tiles*Block)), guardedCopy("bias", uniform(r, Block))
		y, check := guard("y", 2*width*Block), guardedCopy("check", make([]float32, 8))
		s.winograd.output(tiles, &m.s()[0], tiles*pixelBytes, &bias.s()[0], &y.s()[0], width*pixelBytes, &check.s()[0])
		want := make([]float64, len(y.s()))
		for tile := range tiles {
			for lane := range Block {
				e := square(4, func(i, j int) float32 { return m.s()[((4*i+j)*tiles+tile)*Block+lane] })
				for i, row := range times(times(transposed(winoA), e), winoA) {
					for j, v := range row {
						want[(i*width+2*tile+j)*Block+lane] = v + float64(bias.s()[lane])
					}
				}
			}
		}
		compare(t, "y", y.s(), want, 1e-6)
		compare(t, "check", check.s(), make([]float64, 8), 0)
		for _, g := range []guarded{m, bias, y, check} {
			g.check(t)
		}
		m.s()[5*tiles*Block+Block+3] = float32(math.Inf(1))
		s.winograd.output(tiles, &m.s()[0], tiles*pixelBytes, &bias.s()[0], &y.s()[0], width*pixelBytes, &check.s()[0])
		if c := check.s()[3]; c == c {
			t.Errorf("check is %v after an infinity, want NaN", c)
		}
	})
}

func TestWinogradWeights(t *testing.T) {
	eachWinograd(t, func(t *testing.T, s *simd) {
		const n, lanes = 3, 8
		g := guardedCopy("w", uniform(newRand("weights"), n*9*lanes))
		half := float32(0.5)
		for _, turned := range []bool{false, true} {
			u := guard("u", winoPlaces*n*Block)
			first, tap := 0, lanes*4
			if turned {
				first, tap = 8*lanes, -tap
			}
			s.winograd.weights(n, &g.s()[first], tap, 9*lanes*4, &u.s()[0], n*pixelBytes, &half)
			for k := range n {
				for lane := range lanes {
					w := square(3, func(i, j int) float32 { return g.s()[k*9*lanes+first+(3*i+j)*tap/4+lane] })
					for i, row := range times(times(winoG, w), transposed(winoG)) {
						for j, want := range row {
							if got := u.s()[((4*i+j)*n+k)*Block+lane]; math.Abs(float64(got)-want) > 1e-6 {
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
		c := conv2d(3, 32, 32, 2, 9, 9, 3, 1, 1)
		if forward, _, _ := c.Kernels(true); forward != "conv.winograd" {
			t.Fatalf("the case runs on %s", forward)
		}
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), -3e38, 1e-41} {
			r := newRand(bad)
			x, w := make([]float32, c.InLen()), uniform(r, c.WeightLen())
			x[c.InLen()/2+4*9+4] = bad
			bx, by := make([]float32, BlockedLen(c.N, c.InC, 81)), make([]float32, BlockedLen(c.N, c.OutC, 81))
			ToBlocked(bx, x, c.N, c.InC, 81)
			c.ForwardBlocked(by, bx, w, nil)
			y := make([]float32, c.OutLen())
			FromBlocked(y, by, c.N, c.OutC, 81)
			want := reference.Conv(c.norm()).Forward(x, w, nil)
			compare(t, fmt.Sprintf("y for %v", bad), y, want, 1e-6)
		}
	})
}
