package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/groupnb/groupnb/kernels/internal/reference"
)

// conv2d is a square-kernel 2-D convolution with equal padding on all sides.
func conv2d(n, inC, outC, groups, h, w, k, stride, pad int) Conv {
	return Conv{N: n, InC: inC, OutC: outC, Groups: groups, In: [3]int{1, h, w}, Kernel: [3]int{1, k, k},
		Stride: [3]int{1, stride, stride}, PadLo: [3]int{0, pad, pad}, PadHi: [3]int{0, pad, pad}}
}

// oddConvs are shapes chosen to reach every tail and border of the implementations.
func oddConvs() []Conv {
	cs := []Conv{
		{N: 2, InC: 3, OutC: 5, In: [3]int{3, 4, 5}, Kernel: [3]int{2, 3, 2}, PadLo: [3]int{1, 0, 2}, PadHi: [3]int{0, 2, 1}},
		{N: 1, InC: 4, OutC: 6, Groups: 2, In: [3]int{5, 6, 7}, Kernel: [3]int{3, 2, 3}, Stride: [3]int{2, 1, 3}, Dilation: [3]int{1, 2, 2}, PadLo: [3]int{1, 1, 4}, PadHi: [3]int{2, 3, 0}},
		{N: 3, InC: 6, OutC: 6, Groups: 6, In: [3]int{1, 1, 37}, Kernel: [3]int{1, 1, 5}, Dilation: [3]int{1, 1, 3}, PadLo: [3]int{0, 0, 12}},
		conv2d(1, 1, 1, 1, 1, 1, 1, 1, 0),
		conv2d(0, 32, 32, 8, 13, 7, 3, 2, 1), // no images
		conv2d(0, 3, 5, 1, 4, 4, 1, 1, 0),
		conv2d(1, 2, 2, 1, 1, 1, 3, 1, 1),
		conv2d(2, 3, 16, 1, 13, 9, 7, 2, 3),
		conv2d(1, 8, 8, 1, 5, 7, 3, 2, 4), // padding above the kernel
		conv2d(3, 17, 19, 1, 5, 5, 1, 1, 0),
		conv2d(2, 33, 31, 1, 6, 7, 1, 2, 0),
		conv2d(1, 64, 70, 1, 9, 9, 1, 1, 0),
		conv2d(2, 560, 20, 1, 3, 5, 1, 1, 0), // more planes than are summed at once
		conv2d(1, 160, 300, 1, 4, 4, 1, 1, 0),
		conv2d(5, 16, 80, 1, 3, 3, 1, 1, 0),   // several images in a task
		conv2d(2, 40, 24, 1, 25, 27, 1, 2, 0), // several chunks in an image
		conv2d(1, 24, 40, 1, 47, 45, 1, 1, 0), // weights packed for all tasks
		conv2d(3, 272, 520, 1, 4, 5, 1, 1, 0), // weights beyond what stays in cache
		conv2d(2, 520, 272, 1, 3, 4, 1, 2, 0), // the same with gaps
		{N: 2, InC: 20, OutC: 33, In: [3]int{3, 5, 7}, Kernel: [3]int{1, 1, 1}, Stride: [3]int{2, 2, 3}},
		conv2d(2, 20, 28, 1, 9, 13, 3, 1, 1),
		conv2d(1, 60, 256, 4, 6, 6, 3, 1, 1),
		conv2d(2, 6, 18, 6, 9, 7, 5, 1, 2), // depthwise with multiplier 3
		conv2d(1, 16, 16, 16, 9, 9, 7, 2, 3),
		conv2d(2, 40, 40, 40, 8, 16, 3, 2, 1), // depthwise without a row or column too many
		conv2d(1, 16, 16, 16, 6, 28, 3, 2, 1),
		conv2d(3, 20, 20, 20, 2, 58, 3, 2, 1),
		conv2d(2, 33, 33, 33, 1, 15, 3, 1, 1),
		conv2d(1, 18, 18, 18, 5, 16, 3, 1, 1),
		conv2d(1, 16, 16, 16, 3, 40, 3, 1, 1),
		conv2d(2, 64, 96, 2, 8, 14, 3, 1, 0),
		conv2d(3, 40, 72, 1, 7, 7, 3, 1, 1),
		conv2d(1, 224, 16, 1, 10, 7, 3, 1, 2), // more planes than a product takes at once
		conv2d(2, 40, 40, 5, 10, 13, 3, 3, 1),
		conv2d(1, 16, 16, 2, 9, 15, 3, 3, 1), // a column that no output sees
		conv2d(1, 24, 24, 3, 17, 8, 3, 3, 1),
		conv2d(2, 24, 40, 2, 9, 11, 5, 2, 2),
		conv2d(1, 21, 15, 3, 8, 9, 5, 1, 2),
		conv2d(2, 24, 40, 1, 9, 12, 4, 2, 1),
		conv2d(1, 12, 14, 2, 11, 8, 4, 1, 2),
		conv2d(2, 18, 42, 3, 12, 13, 6, 2, 2), // no tiles
		{N: 2, InC: 40, OutC: 72, Groups: 2, In: [3]int{1, 9, 35}, Kernel: [3]int{1, 2, 3}, Stride: [3]int{1, 1, 3}, Dilation: [3]int{1, 3, 2}, PadLo: [3]int{0, 2, 1}, PadHi: [3]int{0, 0, 4}},
		{N: 1, InC: 21, OutC: 27, Groups: 3, In: [3]int{1, 5, 4}, Kernel: [3]int{1, 2, 2}, Stride: [3]int{1, 3, 3}, PadLo: [3]int{0, 4, 3}, PadHi: [3]int{0, 1, 2}}, // pixels that no output sees
		conv2d(2, 40, 40, 5, 19, 28, 3, 1, 1), // tiles as lanes
		conv2d(1, 16, 16, 2, 22, 57, 3, 1, 1),
		conv2d(2, 14, 34, 2, 12, 16, 3, 2, 1),
		conv2d(1, 3, 20, 1, 12, 11, 3, 1, 1), // stems
		conv2d(2, 3, 32, 1, 29, 30, 3, 1, 1), // the gradient of its input by way of blocks
		conv2d(2, 3, 40, 1, 21, 19, 7, 2, 3),
		conv2d(2, 3, 72, 1, 19, 37, 3, 2, 1),
		conv2d(1, 1, 33, 1, 20, 33, 7, 1, 3),
		conv2d(1, 5, 100, 1, 8, 18, 5, 1, 2),
		conv2d(1, 2, 16, 1, 2, 17, 7, 1, 3), // taller than the image
		{N: 2, InC: 2, OutC: 20, In: [3]int{1, 10, 50}, Kernel: [3]int{1, 5, 3}, Stride: [3]int{1, 2, 1}, PadLo: [3]int{0, 3, 0}, PadHi: [3]int{0, 0, 2}},
		conv2d(1, 32, 32, 4, 56, 54, 3, 2, 1), // whose gradient is as wide as tiles as lanes want
		conv2d(1, 96, 96, 2, 14, 40, 3, 2, 1), // tiles of many planes overlap
		conv2d(2, 64, 96, 2, 13, 24, 3, 2, 1),
		conv2d(2, 48, 48, 1, 1, 20, 3, 1, 1),
		{N: 2, InC: 32, OutC: 32, In: [3]int{1, 9, 12}, Kernel: [3]int{1, 3, 3}, PadLo: [3]int{0, 0, 2}, PadHi: [3]int{0, 2, 1}},
	}
	for _, width := range []int{1, 2, 7, 9, 13, 57} {
		for _, stride := range []int{1, 2} {
			for _, perGroup := range []int{1, 4, 8, 16, 32} {
				groups := max(2, 32/perGroup)
				cs = append(cs, conv2d(1+width%3, groups*perGroup, groups*perGroup, groups, min(width, 7)+2, width, 3, stride, 1))
			}
		}
	}
	return cs
}

func (c Conv) String() string {
	c = c.norm()
	return fmt.Sprintf("n%d_c%d-%d_g%d_in%v_k%v_s%v_d%v_p%v%v", c.N, c.InC, c.OutC, c.Groups, c.In, c.Kernel, c.Stride, c.Dilation, c.PadLo, c.PadHi)
}

func TestConvEqualsReferenceLoops(t *testing.T) {
	for _, c := range oddConvs() {
		t.Run(c.String(), func(t *testing.T) {
			k := newConvCase(c)
			eachLevel(t, k.check)
		})
	}
}

// convCase is a convolution with random operands and what the reference loops make of them.
type convCase struct {
	Conv
	x, w, b, dy             []float32
	y, unbiased, dx, dw, db []float64
}

func newConvCase(c Conv) *convCase {
	r := newRand(c)
	ref := reference.Conv(c.norm())
	k := &convCase{Conv: c, x: uniform(r, c.InLen()), w: uniform(r, c.WeightLen()), b: uniform(r, c.OutC), dy: uniform(r, c.OutLen())}
	k.unbiased = ref.Forward(k.x, k.w, nil)
	k.y = make([]float64, len(k.unbiased))
	for i, v := range k.unbiased {
		k.y[i] = v + float64(k.b[i/(len(k.y)/c.N/c.OutC)%c.OutC])
	}
	k.dx = ref.BackwardData(k.dy, k.w)
	k.dw, k.db = ref.BackwardWeights(k.x, k.dy)
	return k
}

func twice(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = 2 * v
	}
	return y
}

// check runs the three directions in both layouts and from one to the other, guarding every buffer.
func (k *convCase) check(t *testing.T) {
	c := k.Conv
	forward, data, weights := sumTolerance(c.WeightLen()/c.OutC), sumTolerance(c.WeightLen()/c.InC), sumTolerance(c.OutLen()/c.OutC)
	x, w, b, dy := guardedCopy("x", k.x), guardedCopy("w", k.w), guardedCopy("b", k.b), guardedCopy("dy", k.dy)
	y, dx := guard("y", c.OutLen()), guard("dx", c.InLen())
	dw, db := guard("dw", c.WeightLen()), guard("db", c.OutC)
	c.Forward(y.s(), x.s(), w.s(), b.s())
	compare(t, "y", y.s(), k.y, forward)
	c.Forward(y.s(), x.s(), w.s(), nil)
	compare(t, "y without bias", y.s(), k.unbiased, forward)
	c.BackwardData(dx.s(), dy.s(), w.s())
	compare(t, "dx", dx.s(), k.dx, data)
	c.BackwardWeights(dw.s(), db.s(), x.s(), dy.s())
	compare(t, "dw", dw.s(), k.dw, weights)
	compare(t, "db", db.s(), k.db, weights)

	in, out := volume(c.In), volume(c.Out())
	bx, bdy := guard("blocked x", BlockedLen(c.N, c.InC, in)), guard("blocked dy", BlockedLen(c.N, c.OutC, out))
	ToBlocked(bx.s(), k.x, c.N, c.InC, in)
	ToBlocked(bdy.s(), k.dy, c.N, c.OutC, out)
	by, bdx := guard("blocked y", len(bdy.s())), guard("blocked dx", len(bx.s()))
	c.ForwardBlocked(by.s(), bx.s(), w.s(), b.s())
	compare(t, "blocked y", plain(t, by.s(), c.N, c.OutC, out), k.y, forward)
	c.BackwardDataBlocked(bdx.s(), bdy.s(), w.s())
	compare(t, "blocked dx", plain(t, bdx.s(), c.N, c.InC, in), k.dx, data)
	if c.AddsGradient() {
		c.AddBackwardDataBlocked(bdx.s(), bdy.s(), w.s())
		compare(t, "blocked dx, added to itself", plain(t, bdx.s(), c.N, c.InC, in), twice(k.dx), 2*data)
	}
	c.BackwardWeightsBlocked(dw.s(), db.s(), bx.s(), bdy.s())
	compare(t, "dw from blocked", dw.s(), k.dw, weights)
	compare(t, "db from blocked", db.s(), k.db, weights)

	c.ForwardStem(by.s(), x.s(), w.s(), b.s())
	compare(t, "stem's y", plain(t, by.s(), c.N, c.OutC, out), k.y, forward)
	c.BackwardDataStem(dx.s(), bdy.s(), w.s())
	compare(t, "stem's dx", dx.s(), k.dx, data)
	c.BackwardWeightsStem(dw.s(), db.s(), x.s(), bdy.s())
	compare(t, "stem's dw", dw.s(), k.dw, weights)
	compare(t, "stem's db", db.s(), k.db, weights)
	residual, after := uniform(newRand("residual"), len(k.y)), make([]float64, len(k.y))
	for i, v := range k.y {
		after[i] = max(0, v+float64(residual[i]))
	}
	blockedResidual := make([]float32, len(by.s()))
	ToBlocked(blockedResidual, residual, c.N, c.OutC, out)
	prepared := c.Prepare(w.s(), b.s())
	for range 2 { // packing, and with what was packed
		prepared.ForwardBlocked(by.s(), bx.s(), Then{blockedResidual, true})
		compare(t, "prepared y", plain(t, by.s(), c.N, c.OutC, out), after, 2*forward)
		prepared.ForwardStem(by.s(), x.s(), Then{blockedResidual, true})
		compare(t, "prepared stem's y", plain(t, by.s(), c.N, c.OutC, out), after, 2*forward)
		prepared.Forward(y.s(), x.s(), Then{residual, true})
		compare(t, "prepared plain y", y.s(), after, 2*forward)
	}
	for _, g := range []guarded{x, w, b, dy, y, dx, dw, db, bx, bdy, by, bdx} {
		g.check(t)
	}
}

// plain converts a blocked tensor and fails the test unless the channels that do not exist are zero.
func plain(t *testing.T, blocked []float32, n, channels, spatial int) []float32 {
	t.Helper()
	dst, again := make([]float32, n*channels*spatial), make([]float32, len(blocked))
	FromBlocked(dst, blocked, n, channels, spatial)
	ToBlocked(again, dst, n, channels, spatial)
	sameBits(t, "blocked tensor with zeros for missing channels", again, blocked)
	return dst
}

func TestConvVectors(t *testing.T) {
	eachLevel(t, func(t *testing.T) { eachFile(t, "conv/c*.safetensors", 47, checkConvVectors) })
}

func checkConvVectors(t *testing.T, v vectors) {
	c, errs := convOf(t, v)
	tol := func(name string) float64 { return 8*errs[name] + 1e-6 }
	y := make([]float32, c.OutLen())
	c.Forward(y, v.f32("x"), v.f32("w"), v.f32("b"))
	compare(t, "y", y, v.f64(t, "y"), tol("y"))
	dx := make([]float32, c.InLen())
	c.BackwardData(dx, v.f32("dy"), v.f32("w"))
	compare(t, "dx", dx, v.f64(t, "dx"), tol("dx"))
	dw := make([]float32, c.WeightLen())
	var db []float32
	if v.f32("b") != nil {
		db = make([]float32, c.OutC)
	}
	c.BackwardWeights(dw, db, v.f32("x"), v.f32("dy"))
	compare(t, "dw", dw, v.f64(t, "dw"), tol("dw"))
	if db != nil {
		compare(t, "db", db, v.f64(t, "db"), tol("db"))
	}
}

// convOf reads the configuration from a file's metadata, with the float32 errors that PyTorch itself makes.
func convOf(t *testing.T, v vectors) (Conv, map[string]float64) {
	t.Helper()
	c := Conv{In: [3]int{1, 1, 1}, Kernel: [3]int{1, 1, 1}}
	var nd int
	var spatial, kernel, stride, dilation []int
	var pads [][2]int
	var errs map[string]float64
	for name, to := range map[string]any{"nd": &nd, "N": &c.N, "cin": &c.InC, "cout": &c.OutC, "groups": &c.Groups, "spatial": &spatial,
		"kernel": &kernel, "stride": &stride, "dilation": &dilation, "pads_lo_hi": &pads, "torch_f32_maxabs_err": &errs} {
		v.decode(t, name, to)
	}
	for i := range nd {
		d := 3 - nd + i
		c.In[d], c.Kernel[d], c.Stride[d], c.Dilation[d] = spatial[i], kernel[i], stride[i], dilation[i]
		c.PadLo[d], c.PadHi[d] = pads[i][0], pads[i][1]
	}
	return c, errs
}

func TestConvRejects(t *testing.T) {
	for _, c := range []Conv{
		conv2d(1, 6, 8, 4, 3, 3, 3, 1, 1),
		conv2d(1, 8, 6, 4, 3, 3, 3, 1, 1),
		conv2d(1, 8, 8, -1, 3, 3, 3, 1, 1),
		conv2d(1, 60, 256, 8, 3, 3, 3, 1, 1),
		conv2d(1, 4, 4, 8, 3, 3, 3, 1, 1),
		conv2d(1, 4, 4, 1, 3, 3, 5, 1, 0),
		conv2d(1, 4, 4, 1, 3, 3, 3, -1, 1),
		conv2d(1, 4, 4, 1, 3, 3, 3, 1, -1),
		conv2d(1, 0, 4, 1, 3, 3, 3, 1, 1),
		conv2d(1, 4, 4, 1, 0, 3, 3, 1, 1),
		conv2d(-1, 4, 4, 1, 3, 3, 3, 1, 1),
	} {
		if err := c.Check(); err == nil {
			t.Errorf("%v: accepted", c)
		}
		wantShapeError(t, c.String(), func() { c.Forward(nil, nil, nil, nil) })
	}
	if got, want := conv2d(1, 60, 256, 8, 3, 3, 3, 1, 1).Check().Error(), "kernels: Conv: 60 input channels are not divisible by 8 groups"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	c := conv2d(1, 4, 4, 1, 3, 3, 3, 1, 1)
	y, x, w, b := make([]float32, 36), make([]float32, 36), make([]float32, 144), make([]float32, 4)
	wantShapeError(t, "short y", func() { c.Forward(y[1:], x, w, b) })
	wantShapeError(t, "short x", func() { c.Forward(y, x[1:], w, b) })
	wantShapeError(t, "short w", func() { c.BackwardData(x, y, w[1:]) })
	wantShapeError(t, "short b", func() { c.BackwardWeights(w, b[1:], x, y) })
	bx, by := make([]float32, BlockedLen(c.N, c.InC, volume(c.In))), make([]float32, BlockedLen(c.N, c.OutC, volume(c.Out())))
	wantShapeError(t, "adding what no kernel adds", func() { c.AddBackwardDataBlocked(bx, by, w) })
}

func TestConvKeepsNaNAndInf(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, groups := range []int{1, 8, 32} {
			c := conv2d(1, 32, 32, groups, 9, 9, 3, 1, 1)
			r := newRand(groups)
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
				x, w := uniform(r, c.InLen()), make([]float32, c.WeightLen()) // zero weights: Inf*0 is NaN too
				x[4*9+4] = bad
				y := make([]float32, c.OutLen())
				c.Forward(y, x, w, nil)
				compare(t, fmt.Sprintf("y for %v, %d groups", bad, groups), y, reference.Conv(c.norm()).Forward(x, w, nil), 0)
			}
		}
	})
}

// Denormals are numbers like others: nothing flushes them to zero, in no layout.
func TestConvKeepsDenormals(t *testing.T) {
	const smallest = 0x1p-149
	eachLevel(t, func(t *testing.T) {
		for _, groups := range []int{1, 2, 4, 8, 32} {
			c := conv2d(1, 32, 32, groups, 9, 9, 3, 1, 1)
			x, w := make([]float32, c.InLen()), make([]float32, c.WeightLen())
			for i := range x {
				x[i] = smallest * float32(1000+i%7)
			}
			for i := range w {
				w[i] = 1
			}
			want := reference.Conv(c.norm()).Forward(x, w, nil)
			y, by, bx := make([]float32, c.OutLen()), make([]float32, 32*81), make([]float32, 32*81)
			c.Forward(y, x, w, nil)
			ToBlocked(bx, x, 1, 32, 81)
			c.ForwardBlocked(by, bx, w, nil)
			for i, got := range [][]float32{y, plain(t, by, 1, 32, 81)} {
				for k, v := range got {
					if d := math.Abs(float64(v) - want[k]); d > 1e-3*want[k] {
						t.Fatalf("%d groups, blocked %v: y[%d] is %g, want %g", groups, i == 1, k, v, want[k])
					}
				}
			}
		}
	})
}

func TestConvIndependentOfThreads(t *testing.T) {
	defer SetThreads(0)
	eachLevel(t, func(t *testing.T) {
		for _, c := range append(oddConvs(), conv2d(3, 64, 64, 16, 30, 31, 3, 1, 1), conv2d(2, 64, 128, 1, 20, 20, 1, 1, 0), conv2d(2, 80, 64, 1, 26, 28, 3, 2, 1)) {
			r := newRand(c)
			x, w, dy := uniform(r, c.InLen()), uniform(r, c.WeightLen()), uniform(r, c.OutLen())
			bx, bdy := make([]float32, BlockedLen(c.N, c.InC, volume(c.In))), make([]float32, BlockedLen(c.N, c.OutC, volume(c.Out())))
			ToBlocked(bx, x, c.N, c.InC, volume(c.In))
			ToBlocked(bdy, dy, c.N, c.OutC, volume(c.Out()))
			run := func(threads int) (results [11][]float32) {
				SetThreads(threads)
				for i, n := range []int{len(dy), len(x), len(w), c.OutC, len(bdy), len(bx), len(w), c.OutC, len(bdy), len(x), len(w)} {
					results[i] = make([]float32, n)
				}
				c.Forward(results[0], x, w, nil)
				c.BackwardData(results[1], dy, w)
				c.BackwardWeights(results[2], results[3], x, dy)
				c.ForwardBlocked(results[4], bx, w, nil)
				c.BackwardDataBlocked(results[5], bdy, w)
				c.BackwardWeightsBlocked(results[6], results[7], bx, bdy)
				c.ForwardStem(results[8], x, w, nil)
				c.BackwardDataStem(results[9], bdy, w)
				c.BackwardWeightsStem(results[10], nil, x, bdy)
				return results
			}
			want := run(1)
			for _, threads := range []int{2, 3, 8} {
				for i, got := range run(threads) {
					sameBits(t, fmt.Sprintf("%v with %d threads: result %d", c, threads, i), got, want[i])
				}
			}
		}
	})
}

func FuzzConv(f *testing.F) {
	f.Add(uint8(1), uint8(1), uint8(1), uint8(1), uint8(9), uint8(9), uint8(3), uint8(1), uint8(1), uint8(1))
	f.Add(uint8(2), uint8(4), uint8(4), uint8(8), uint8(13), uint8(7), uint8(3), uint8(2), uint8(1), uint8(1))
	f.Add(uint8(1), uint8(16), uint8(16), uint8(2), uint8(7), uint8(7), uint8(3), uint8(1), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, n, icg, ocg, groups, h, w, k, stride, pad, dilation uint8) {
		c := conv2d(int(n%4), int(icg%40)*int(groups%9), int(ocg%40)*int(groups%9), int(groups%9), int(h%20), int(w%60), int(k%6), int(stride%4), int(pad%6))
		c.Dilation = [3]int{1, int(dilation % 4), int(dilation % 4)}
		c.PadHi[2] = int(pad / 6 % 4)
		if c.Check() != nil || c.MACs() > 2e6 {
			t.Skip()
		}
		eachLevel(t, newConvCase(c).check)
	})
}
