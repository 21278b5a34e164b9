package nn

import "fmt"

// channelScale multiplies every channel by a number that it learns: ConvNeXt's layer scale.
type channelScale struct {
	channels int
	weight   *Param
}

func newChannelScale(channels int, start float64) *channelScale {
	return &channelScale{channels, newParam("layer_scale", Constant(start), 1, 1, channels, 1, 1)}
}

// Graph implements Layer.
func (a *channelScale) Graph(g *Graph, x Value) Value { return g.add(a, x) }

func (*channelScale) kind() string       { return "ChannelScale" }
func (*channelScale) traits() traits     { return traits{needX: true} }
func (a *channelScale) params() []*Param { return []*Param{a.weight} }
func (*channelScale) buffers() []*Buffer { return nil }

func (a *channelScale) shape(x [][]int) []int {
	if len(x[0]) < 2 || x[0][1] != a.channels {
		panic(ShapeError{Op: "ChannelScale", Want: fmt.Sprintf("(N, %d, ...)", a.channels), Got: x[0]})
	}
	return x[0]
}

func (a *channelScale) forward(c *call) {
	eachPlane(c.y.Shape, func(ch, lo, hi int) {
		for i := lo; i < hi; i++ {
			c.y.Data[i] = a.weight.Value.Data[ch] * c.x[0].Data[i]
		}
	})
}

func (a *channelScale) backward(c *call) {
	dw := make([]float64, a.channels)
	eachPlane(c.dy.Shape, func(ch, lo, hi int) {
		for i := lo; i < hi; i++ {
			dw[ch] += float64(c.dy.Data[i]) * float64(c.x[0].Data[i])
			if c.dx[0] != nil {
				c.dx[0].Data[i] = c.dy.Data[i] * a.weight.Value.Data[ch]
			}
		}
	})
	for ch, v := range dw {
		a.weight.Grad.Data[ch] = float32(v)
	}
}

// channelAffine is weight·x + bias with a number of each for every channel: the end of a normalisation that another
// program has taken apart.
type channelAffine struct {
	channels     int
	weight, bias *Param
}

func newChannelAffine(channels int) *channelAffine {
	return &channelAffine{channels, newParam("weight", Ones(), 1, 1, channels), newParam("bias", Zeros(), 1, 1, channels)}
}

// Graph implements Layer.
func (a *channelAffine) Graph(g *Graph, x Value) Value { return g.add(a, x) }

func (*channelAffine) stem() string       { return "affine" }
func (*channelAffine) kind() string       { return "Affine" }
func (*channelAffine) traits() traits     { return traits{needX: true} }
func (a *channelAffine) params() []*Param { return []*Param{a.weight, a.bias} }
func (*channelAffine) buffers() []*Buffer { return nil }

func (a *channelAffine) shape(x [][]int) []int {
	if len(x[0]) < 2 || x[0][1] != a.channels {
		panic(ShapeError{Op: "Affine", Want: fmt.Sprintf("(N, %d, ...)", a.channels), Got: x[0]})
	}
	return x[0]
}

// eachPlane calls f with the channel and the place of every plane of (N, C, ...).
func eachPlane(shape []int, f func(channel, lo, hi int)) {
	p := size(shape[2:])
	for i := range shape[0] * shape[1] {
		f(i%shape[1], i*p, (i+1)*p)
	}
}

func (a *channelAffine) forward(c *call) {
	w, b := a.weight.Value.Data, a.bias.Value.Data
	eachPlane(c.y.Shape, func(ch, lo, hi int) {
		for i := lo; i < hi; i++ {
			c.y.Data[i] = w[ch]*c.x[0].Data[i] + b[ch]
		}
	})
}

func (a *channelAffine) backward(c *call) {
	dw := make([]float64, a.channels)
	eachPlane(c.dy.Shape, func(ch, lo, hi int) {
		for i := lo; i < hi; i++ {
			dw[ch] += float64(c.dy.Data[i]) * float64(c.x[0].Data[i])
			if c.dx[0] != nil {
				c.dx[0].Data[i] = c.dy.Data[i] * a.weight.Value.Data[ch]
			}
		}
	})
	for ch, v := range dw {
		a.weight.Grad.Data[ch] = float32(v)
	}
	sumPerChannel(a.bias.Grad.Data, c.dy)
}
