package kernels

import (
	"math"
	"testing"
)

// Pooling in the blocked layout does, channel by channel, exactly what it does in the plain one.
func TestPoolingBlocked(t *testing.T) {
	for _, p := range []Pool{
		{N: 2, C: 20, In: [3]int{1, 9, 11}, Kernel: [3]int{1, 3, 3}, Stride: [3]int{1, 2, 2}, PadLo: [3]int{0, 1, 1}, PadHi: [3]int{0, 1, 1}},
		{N: 1, C: 16, In: [3]int{3, 4, 5}, Kernel: [3]int{2, 2, 2}, Ceil: true},
		{N: 3, C: 3, In: [3]int{1, 7, 7}, Kernel: [3]int{1, 2, 3}, Stride: [3]int{1, 1, 2}, Dilation: [3]int{1, 2, 1}},
	} {
		b := p
		b.Blocked = true
		in, out := volume(p.In), volume(p.Out())
		r := newRand(p)
		x, dy := uniform(r, p.InLen()), uniform(r, p.OutLen())
		for i := range x { // equals, and what is not a number
			switch i % 7 {
			case 2, 3:
				x[i] = 0.5
			case 5:
				x[i] = float32(math.NaN())
			}
		}
		block := func(x []float32, pixels int) []float32 {
			y := make([]float32, BlockedLen(p.N, p.C, pixels))
			ToBlocked(y, x, p.N, p.C, pixels)
			return y
		}
		y, dx := make([]float32, len(dy)), make([]float32, len(x))
		by, bdx := guard("y", b.OutLen()), guard("dx", b.InLen())
		argmax, bargmax := make([]int32, len(y)), make([]int32, b.OutLen())

		MaxPool{p}.Forward(y, x, argmax)
		MaxPool{b}.Forward(by.s(), block(x, in), bargmax)
		sameBits(t, "max y", plain(t, by.s(), p.N, p.C, out), y)
		MaxPool{p}.Backward(dx, dy, argmax)
		MaxPool{b}.Backward(bdx.s(), block(dy, out), bargmax)
		sameBits(t, "max dx", plain(t, bdx.s(), p.N, p.C, in), dx)

		AvgPool{p, true}.Forward(y, x)
		AvgPool{b, true}.Forward(by.s(), block(x, in))
		sameBits(t, "mean y", plain(t, by.s(), p.N, p.C, out), y)
		AvgPool{p, true}.Backward(dx, dy)
		AvgPool{b, true}.Backward(bdx.s(), block(dy, out))
		sameBits(t, "mean dx", plain(t, bdx.s(), p.N, p.C, in), dx)
		by.check(t)
		bdx.check(t)
	}
}

func TestGlobalAvgPoolBlocked(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		p := GlobalAvgPool{N: 2, C: 20, Spatial: 49}
		b := p
		b.Blocked = true
		r := newRand("global")
		x, dy := uniform(r, 2*20*49), uniform(r, 2*20)
		bx := make([]float32, BlockedLen(2, 20, 49))
		ToBlocked(bx, x, 2, 20, 49)
		y, by, dx := make([]float32, 40), guard("y", 40), make([]float32, len(x))
		p.Forward(y, x)
		b.Forward(by.s(), bx)
		want := make([]float64, 40)
		for i := range want {
			want[i] = float64(y[i])
		}
		compare(t, "y", by.s(), want, opTolerance)
		by.check(t)
		p.Backward(dx, dy)
		b.Backward(bx, dy)
		sameBits(t, "dx", plain(t, bx, 2, 20, 49), dx)
	})
}
