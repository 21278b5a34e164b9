package nn

import (
	"fmt"
	"math"

	"github.com/groupnb/groupnb/kernels"
)

// A GroupNormLayer normalises groups of channels of each example by themselves; see [GroupNorm].
type GroupNormLayer struct {
	Groups, Channels int
	Weight, Bias     *Param // nil with NoAffine

	name         string
	eps          float64
	mean, invstd []float64
}

// GroupNorm normalises each example's channels in groups, with mean and variance over channels and positions of a group
// (Wu and He 2018). These groups have nothing to do with the groups of a convolution. Options: Eps (1e-5), NoAffine.
// It panics with a ConfigError unless the channels are divisible by the groups.
func GroupNorm(groups, channels int, opts ...Option) *GroupNormLayer {
	return newGroupNorm("GroupNorm", groups, channels, opts)
}

// InstanceNorm normalises every channel of every example by itself: GroupNorm with a group for each channel.
func InstanceNorm(channels int, opts ...Option) *GroupNormLayer {
	return newGroupNorm("InstanceNorm", channels, channels, opts)
}

// LayerNorm normalises each example as a whole, (N, features) or (N, features, ...), with a weight for each feature:
// GroupNorm with a single group (Ba et al. 2016).
func LayerNorm(features int, opts ...Option) *GroupNormLayer {
	return newGroupNorm("LayerNorm", 1, features, opts)
}

func newGroupNorm(op string, groups, channels int, opts []Option) *GroupNormLayer {
	o := configure(op, layerConfig{eps: 1e-5, affine: true}, opts, "Eps", "NoAffine")
	if groups < 1 || channels < 1 || channels%groups != 0 {
		refuse(op, "%d channels are not divisible by %d groups", channels, groups)
	}
	g := &GroupNormLayer{Groups: groups, Channels: channels, name: op, eps: o.eps}
	if o.affine {
		g.Weight, g.Bias = newParam("weight", Ones(), 1, 1, channels), newParam("bias", Zeros(), 1, 1, channels)
	}
	return g
}

// Graph implements Layer.
func (l *GroupNormLayer) Graph(g *Graph, x Value) Value { return g.add(l, x) }

func (l *GroupNormLayer) stem() string       { return "norm" }
func (l *GroupNormLayer) kind() string       { return l.name }
func (l *GroupNormLayer) traits() traits     { return traits{needX: true} }
func (l *GroupNormLayer) buffers() []*Buffer { return nil }

func (l *GroupNormLayer) params() []*Param {
	if l.Weight == nil {
		return nil
	}
	return []*Param{l.Weight, l.Bias}
}

// String shows the configuration.
func (l *GroupNormLayer) String() string {
	return fmt.Sprintf("%s(%d, groups %d)", l.name, l.Channels, l.Groups)
}

func (l *GroupNormLayer) shape(x [][]int) []int {
	if s := x[0]; len(s) < 2 || s[1] != l.Channels {
		panic(ShapeError{Op: l.name, Want: fmt.Sprintf("(N, %d, ...)", l.Channels), Got: s})
	}
	return x[0]
}

// gain is weight[c] and bias[c], or 1 and 0.
func (l *GroupNormLayer) gain(c int) (weight, bias float64) {
	if l.Weight == nil {
		return 1, 0
	}
	return float64(l.Weight.Value.Data[c]), float64(l.Bias.Value.Data[c])
}

// each calls f for every group of every example with its index, first channel and position in memory.
func (l *GroupNormLayer) each(shape []int, f func(i, channel, lo, hi int)) {
	n := size(shape[1:]) / l.Groups
	kernels.Parallel(shape[0]*l.Groups, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			f(i, i%l.Groups*(l.Channels/l.Groups), i*n, (i+1)*n)
		}
	})
}

func (l *GroupNormLayer) forward(c *call) {
	groups := c.y.Shape[0] * l.Groups
	if len(l.mean) < groups {
		l.mean, l.invstd = make([]float64, groups), make([]float64, groups)
	}
	plane := size(c.y.Shape[2:])
	l.each(c.y.Shape, func(i, channel, lo, hi int) {
		x, y := c.x[0].Data[lo:hi], c.y.Data[lo:hi]
		mean, variance := moments(x)
		inv := 1 / math.Sqrt(variance+l.eps)
		l.mean[i], l.invstd[i] = mean, inv
		for j, v := range x {
			weight, bias := l.gain(channel + j/plane)
			y[j] = float32((float64(v)-mean)*inv*weight + bias)
		}
	})
}

// moments is the mean and the biased variance.
func moments(x []float32) (mean, variance float64) {
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, variance / float64(len(x))
}

func (l *GroupNormLayer) backward(c *call) {
	plane := size(c.y.Shape[2:])
	if l.Weight != nil {
		l.gradients(c, plane)
	}
	if c.dx[0] == nil {
		return
	}
	l.each(c.y.Shape, func(i, channel, lo, hi int) {
		x, dy, dx := c.x[0].Data[lo:hi], c.dy.Data[lo:hi], c.dx[0].Data[lo:hi]
		mean, inv, n := l.mean[i], l.invstd[i], float64(hi-lo)
		var sum, dot float64 // of the gradient with respect to the normalised x, and its product with that
		for j, d := range dy {
			weight, _ := l.gain(channel + j/plane)
			g := float64(d) * weight
			sum += g
			dot += g * (float64(x[j]) - mean) * inv
		}
		for j, d := range dy {
			weight, _ := l.gain(channel + j/plane)
			dx[j] = float32(inv * (float64(d)*weight - sum/n - (float64(x[j])-mean)*inv*dot/n))
		}
	})
}

// gradients sets those of weight and bias.
func (l *GroupNormLayer) gradients(c *call, plane int) {
	perGroup := l.Channels / l.Groups
	kernels.Parallel(l.Channels, func(lo, hi int) {
		for ch := lo; ch < hi; ch++ {
			var dw, db float64
			for n := range c.y.Shape[0] {
				i := n*l.Groups + ch/perGroup
				at := (n*l.Channels + ch) * plane
				for j, d := range c.dy.Data[at : at+plane] {
					dw += float64(d) * (float64(c.x[0].Data[at+j]) - l.mean[i]) * l.invstd[i]
					db += float64(d)
				}
			}
			l.Weight.Grad.Data[ch], l.Bias.Grad.Data[ch] = float32(dw), float32(db)
		}
	})
}
