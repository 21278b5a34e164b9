package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/groupnb/groupnb/kernels/internal/reference"
)

// eachWinoGradient runs f with the assembly of every level that has the gradient of weights.
func eachWinoGradient(t *testing.T, f func(t *testing.T, s *simd)) {
	t.Helper()
	eachWinograd(t, func(t *testing.T, s *simd) {
		if s.winograd.sums == nil {
			t.Skip("this level does without")
		}
		f(t, s)
	})
}

func TestWinogradSums(t *testing.T) {
	eachWinoGradient(t, func(t *testing.T, s *simd) {
		for _, size := range [][2]int{{4, 6}, {3, 6}, {4, 5}, {1, 1}} {
			checkWinogradSums(t, s.winograd.sums[wide], Block, size[0], size[1])
			checkWinogradSums(t, s.winograd.sums[perm], Block/2, size[0], size[1])
		}
	})
}

// checkWinogradSums adds up two images of so many rows and columns, for groups of so many lanes, and makes taps of the sums.
func checkWinogradSums(t *testing.T, k *winoSums, lanes, height, width int) {
	const images, gap = 2, 3 // pixels between them
	rows, cols := (height+1)/2, (width+1)/2
	tiles := images * rows * cols
	place, image := (tiles+1)*Block, (height*width+gap)*Block
	r := newRand(lanes, height, width)
	v, dy := guardedCopy("v", uniform(r, winoPlaces*place)), guardedCopy("dy", uniform(r, images*image-gap*Block))
	zeros, sums := guardedCopy("zeros", make([]float32, 2*cols*Block)), guard("sums", k.floats)
	want := make([]float64, Block*9*lanes/Block*Block) // [channel][tap][lane]
	for ch := range Block {
		for lane := range Block {
			if ch/lanes != lane/lanes && lanes < Block {
				continue
			}
			places := make([][]float64, 4)
			for i := range places {
				places[i] = make([]float64, 4)
			}
			for tile := range tiles {
				d := square(2, func(i, j int) float32 {
					row, col := tile/cols%rows*2+i, tile%cols*2+j
					if row >= height || col >= width {
						return 0
					}
					return dy.s()[tile/cols/rows*image+(row*width+col)*Block+lane]
				})
				e := times(times(winoA, d), transposed(winoA))
				for i := range places {
					for j := range places[i] {
						places[i][j] += signs[i] * float64(v.s()[(4*i+j)*place+tile*Block+ch]) * e[i][j]
					}
				}
			}
			for i, row := range times(times(transposed(winoG), places), winoG) {
				for j, tap := range row {
					want[(ch%lanes*9+3*i+j)*Block+lane] = tap
				}
			}
		}
	}
	add := func(kept bool) {
		k.add(images, rows, cols, &v.s()[0], place*4, &dy.s()[0], width*pixelBytes, (image-2*rows*width*Block)*4, &zeros.s()[0], height%2,
			laneMask(width%2 == 0), laneMask(kept), &sums.s()[0], &dy.s()[0], &dy.s()[0])
	}
	dw, check := guard("dw", len(want)), guardedCopy("check", make([]float32, Block))
	taps := func() { k.taps(&sums.s()[0], &dw.s()[0], &oneHalf, &check.s()[0]) }
	for times := range 2 { // the second adds to the first
		add(times == 1)
		taps()
		what := fmt.Sprintf("%d lanes, %dx%d, %d times", lanes, height, width, times+1)
		compare(t, what, dw.s(), want, 2*sumTolerance(16*tiles))
		compare(t, "check of "+what, check.s(), make([]float64, Block), 0)
		want = twice(want)
	}
	sums.s()[k.floats-1] = float32(math.Inf(1))
	taps()
	if c := check.s()[lanes-1]; c == c {
		t.Errorf("check is %v after an infinity, want NaN", c)
	}
	for _, g := range []guarded{v, dy, zeros, sums, dw, check} {
		g.check(t)
	}
}

// winoGradients are shapes that reach all borders, and parts of an image as of several.
func winoGradients() (all []Conv) {
	for _, groups := range []int{2, 4} {
		for size := 3; size < 8; size++ {
			all = append(all, conv2d(3, 32, 32, groups, size, 10-size, 3, 1, 1), conv2d(2, 32, 32, groups, size, 10-size, 3, 1, 0))
		}
		c := conv2d(2, 32, 32, groups, 6, 7, 3, 1, 1)
		c.PadHi = [3]int{}
		all = append(all, c, conv2d(1, 32, 32, groups, 2, 150, 3, 1, 1), conv2d(2, 32, 32, groups, 33, 29, 3, 1, 1), conv2d(21, 32, 32, groups, 4, 4, 3, 1, 1))
	}
	return append(all, conv2d(2, 20, 90, 1, 9, 9, 3, 1, 1), conv2d(1, 64, 96, 2, 8, 8, 3, 1, 1))
}

func TestWinogradGradient(t *testing.T) {
	defer SetThreads(0)
	eachWinoGradient(t, func(t *testing.T, s *simd) {
		for _, c := range winoGradients() {
			r := newRand(c)
			x, dy := uniform(r, c.InLen()), uniform(r, c.OutLen())
			want, _ := reference.Conv(c.norm()).BackwardWeights(x, dy)
			var first []float32
			for threads := 1; threads < 4; threads++ {
				SetThreads(threads)
				dw := winoGradientOf(t, s, c, x, dy)
				compare(t, fmt.Sprint(c), dw, want, 2*sumTolerance(c.OutLen()/c.OutC))
				if first == nil {
					first = dw
				}
				sameBits(t, fmt.Sprintf("%v with %d threads", c, threads), dw, first)
			}
		}
	})
}

// winoGradientOf computes the gradient of c's weights in this way, whether it pays or not.
func winoGradientOf(t *testing.T, s *simd, c Conv, x, dy []float32) []float32 {
	t.Helper()
	c = c.norm()
	in, out := volume(c.In), volume(c.Out())
	bx, bdy := guard("x", BlockedLen(c.N, c.InC, in)), guard("dy", BlockedLen(c.N, c.OutC, out))
	ToBlocked(bx.s(), x, c.N, c.InC, in)
	ToBlocked(bdy.s(), dy, c.N, c.OutC, out)
	dw, p := guard("dw", c.WeightLen()), c.plan(s).grad
	if p.winoSums(s) == nil {
		t.Fatalf("%v has no such gradient", c)
	}
	s.runWinoGrad(gradRun{p, s, c.N, dw.s(), c.input(bx.s(), false), c.output(bdy.s(), false)})
	dw.check(t)
	return dw.s()
}

// Weights that meet something infinite, or sums too large, are computed as the definition says; the others are as they would be without.
func TestWinogradGradientKeepsNaNAndInf(t *testing.T) {
	eachWinoGradient(t, func(t *testing.T, s *simd) {
		for _, groups := range []int{1, 4} {
			c := conv2d(3, 32, 32, groups, 15, 15, 3, 1, 1)
			if _, _, weights := c.Kernels(true); weights != "conv.winograd" {
				t.Fatalf("the case runs on %s", weights)
			}
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), -3e38, 1e-41} {
				r := newRand(bad)
				x, dy := make([]float32, c.InLen()), uniform(r, c.OutLen())
				x[c.InLen()/2+4*15+4] = bad
				want, _ := reference.Conv(c.norm()).BackwardWeights(x, dy)
				compare(t, fmt.Sprintf("dw for %v in %d groups", bad, groups), winoGradientOf(t, s, c, x, dy), want, 1e-6)
			}
		}
	})
}

// Among values of like size the transforms err no more than a plain sum does.
func TestWinogradGradientError(t *testing.T) {
	eachWinoGradient(t, func(t *testing.T, s *simd) {
		for _, size := range []int{7, 14} {
			c := conv2d(8, 16, 16, 1, size, size, 3, 1, 1)
			r := newRand(size)
			x, dy := uniform(r, c.InLen()), uniform(r, c.OutLen())
			want, _ := reference.Conv(c.norm()).BackwardWeights(x, dy)
			ours, plain := rms(winoGradientOf(t, s, c, x, dy), want), rms(plainWeights(c, x, dy), want)
			t.Logf("%dx%d: error %.2g, of a plain sum %.2g: %.2f", size, size, ours, plain, ours/plain)
			if ours > plain {
				t.Errorf("%dx%d: error %.2g, of a plain sum %.2g", size, size, ours, plain)
			}
		}
	})
}

// plainWeights adds up the gradient of 3x3 weights, with a pixel of padding, one product after the other.
func plainWeights(c Conv, x, dy []float32) (dw []float32) {
	height, width, icg, ocg := c.In[1], c.In[2], c.InC/c.Groups, c.OutC/c.Groups
	for i := range c.WeightLen() {
		o, k, row, col := i/9/icg, i/9%icg, i/3%3-1, i%3-1
		var sum float32
		for n := range c.N {
			dyPlane, xPlane := dy[(n*c.OutC+o)*height*width:], x[(n*c.InC+o/ocg*icg+k)*height*width:]
			for h := max(0, -row); h < min(height, height-row); h++ {
				for w := max(0, -col); w < min(width, width-col); w++ {
					sum += dyPlane[h*width+w] * xPlane[(h+row)*width+w+col]
				}
			}
		}
		dw = append(dw, sum)
	}
	return dw
}

// rms is the root of the mean square of what x differs by from what it should be.
func rms(x []float32, want []float64) float64 {
	var sum float64
	for i, w := range want {
		sum += (float64(x[i]) - w) * (float64(x[i]) - w)
	}
	return math.Sqrt(sum / float64(len(x)))
}
