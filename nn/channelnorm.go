package nn

import (
	"fmt"
	"math"

	"github.com/groupnb/groupnb/kernels"
)

// A ChannelNormLayer normalises the channels at each position; see [ChannelNorm].
type ChannelNormLayer struct {
	Channels     int
	Weight, Bias *Param // nil with NoAffine

	eps          float64
	mean, invstd []float64 // of each position
}

// ChannelNorm normalises the channels at each position of (N, channels, ...) by themselves, with a weight and a bias for
// each channel: the LayerNormalization of Keras and of ConvNeXt (Liu et al. 2022), where [LayerNorm] takes channels and
// positions together. Options: Eps (1e-6), NoAffine.
func ChannelNorm(channels int, opts ...Option) *ChannelNormLayer {
	const op = "ChannelNorm"
	o := configure(op, layerConfig{eps: 1e-6, affine: true}, opts, "Eps", "NoAffine")
	checkPositive(op, "the number of channels", channels)
	l := &ChannelNormLayer{Channels: channels, eps: o.eps}
	if o.affine {
		l.Weight, l.Bias = newParam("weight", Ones(), 1, 1, channels), newParam("bias", Zeros(), 1, 1, channels)
	}
	return l
}

// Graph implements Layer.
func (l *ChannelNormLayer) Graph(g *Graph, x Value) Value { return g.add(l, x) }

func (*ChannelNormLayer) stem() string       { return "norm" }
func (*ChannelNormLayer) kind() string       { return "ChannelNorm" }
func (*ChannelNormLayer) traits() traits     { return traits{needX: true} }
func (*ChannelNormLayer) buffers() []*Buffer { return nil }

// String shows the configuration.
func (l *ChannelNormLayer) String() string { return fmt.Sprintf("ChannelNorm(%d)", l.Channels) }

func (l *ChannelNormLayer) params() []*Param {
	if l.Weight == nil {
		return nil
	}
	return []*Param{l.Weight, l.Bias}
}

func (l *ChannelNormLayer) shape(x [][]int) []int {
	if len(x[0]) < 2 || x[0][1] != l.Channels {
		panic(ShapeError{Op: "ChannelNorm", Want: fmt.Sprintf("(N, %d, ...)", l.Channels), Got: x[0]})
	}
	return x[0]
}

// images calls f for every image, with the place of its first number and that of its positions among all.
func (l *ChannelNormLayer) images(shape []int, f func(at, position, plane int)) {
	plane := size(shape[2:])
	kernels.Parallel(shape[0], func(lo, hi int) {
		for n := lo; n < hi; n++ {
			f(n*l.Channels*plane, n*plane, plane)
		}
	})
}

func (l *ChannelNormLayer) gain(c int) (weight, bias float64) {
	if l.Weight == nil {
		return 1, 0
	}
	return float64(l.Weight.Value.Data[c]), float64(l.Bias.Value.Data[c])
}

func (l *ChannelNormLayer) forward(c *call) {
	if n := c.y.Shape[0] * size(c.y.Shape[2:]); len(l.mean) < n {
		l.mean, l.invstd = make([]float64, n), make([]float64, n)
	}
	l.images(c.y.Shape, func(at, position, plane int) {
		x, y := c.x[0].Data[at:], c.y.Data[at:]
		mean, inv := l.mean[position:][:plane], l.invstd[position:][:plane]
		l.moments(x, mean, inv)
		for ch := range l.Channels {
			weight, bias := l.gain(ch)
			for p := range plane {
				y[ch*plane+p] = float32((float64(x[ch*plane+p])-mean[p])*inv[p]*weight + bias)
			}
		}
	})
}

// moments finds mean and 1/deviation of each position of one image.
func (l *ChannelNormLayer) moments(x []float32, mean, inv []float64) {
	plane, n := len(mean), float64(l.Channels)
	clear(mean)
	clear(inv)
	for i, v := range x[:l.Channels*plane] {
		mean[i%plane] += float64(v) / n
	}
	for i, v := range x[:l.Channels*plane] {
		d := float64(v) - mean[i%plane]
		inv[i%plane] += d * d / n
	}
	for p, v := range inv {
		inv[p] = 1 / math.Sqrt(v+l.eps)
	}
}

func (l *ChannelNormLayer) backward(c *call) {
	if l.Weight != nil {
		l.gradients(c)
	}
	if c.dx[0] == nil {
		return
	}
	n := float64(l.Channels)
	l.images(c.y.Shape, func(at, position, plane int) {
		x, dy, dx := c.x[0].Data[at:], c.dy.Data[at:], c.dx[0].Data[at:]
		for p := range plane {
			mean, inv := l.mean[position+p], l.invstd[position+p]
			var sum, dot float64 // of the gradient with respect to the normalised x, and its product with that
			for ch := range l.Channels {
				weight, _ := l.gain(ch)
				g := float64(dy[ch*plane+p]) * weight
				sum += g
				dot += g * (float64(x[ch*plane+p]) - mean) * inv
			}
			for ch := range l.Channels {
				weight, _ := l.gain(ch)
				normal := (float64(x[ch*plane+p]) - mean) * inv
				dx[ch*plane+p] = float32(inv * (float64(dy[ch*plane+p])*weight - sum/n - normal*dot/n))
			}
		}
	})
}

// gradients sets those of weight and bias.
func (l *ChannelNormLayer) gradients(c *call) {
	plane := size(c.y.Shape[2:])
	kernels.Parallel(l.Channels, func(lo, hi int) {
		for ch := lo; ch < hi; ch++ {
			var dw, db float64
			for n := range c.y.Shape[0] {
				at := (n*l.Channels + ch) * plane
				for p := range plane {
					d := float64(c.dy.Data[at+p])
					dw += d * (float64(c.x[0].Data[at+p]) - l.mean[n*plane+p]) * l.invstd[n*plane+p]
					db += d
				}
			}
			l.Weight.Grad.Data[ch], l.Bias.Grad.Data[ch] = float32(dw), float32(db)
		}
	})
}
