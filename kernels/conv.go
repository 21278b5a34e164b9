package kernels

import "fmt"

// Conv describes a grouped convolution (cross-correlation, as in every deep-learning library) over up to three spatial
// dimensions in the order depth, height, width; a 2-D convolution uses depth 1 and a 1-D one depth and height 1.
// Zero Groups, Stride and Dilation mean 1. Group g of the outputs sees only group g of the inputs:
// channels [g*InC/Groups, (g+1)*InC/Groups). Groups == InC is a depthwise convolution.
//
// Layouts: x is (N, InC, In...), y is (N, OutC, Out...), w is (OutC, InC/Groups, Kernel...), b is (OutC).
type Conv struct {
	N, InC, OutC, Groups                       int
	In, Kernel, Stride, Dilation, PadLo, PadHi [3]int
}

// norm is c with the zero values replaced by what they stand for.
func (c Conv) norm() Conv {
	if c.Groups == 0 {
		c.Groups = 1
	}
	for d := range 3 {
		if c.Stride[d] == 0 {
			c.Stride[d] = 1
		}
		if c.Dilation[d] == 0 {
			c.Dilation[d] = 1
		}
	}
	return c
}

// Check reports what is impossible about the configuration as a ShapeError, or nil.
func (c Conv) Check() error {
	if p := c.norm().problem(); p != "" {
		return ShapeError{"Conv", p}
	}
	return nil
}

var dimName = [3]string{"depth", "height", "width"}

func (c Conv) problem() string {
	switch {
	case c.N < 0:
		return fmt.Sprintf("batch of %d images", c.N)
	case c.Groups < 1:
		return fmt.Sprintf("%d groups", c.Groups)
	case c.InC < 1 || c.OutC < 1:
		return fmt.Sprintf("%d input channels and %d output channels, both must be positive", c.InC, c.OutC)
	case c.InC%c.Groups != 0:
		return fmt.Sprintf("%d input channels are not divisible by %d groups", c.InC, c.Groups)
	case c.OutC%c.Groups != 0:
		return fmt.Sprintf("%d output channels are not divisible by %d groups", c.OutC, c.Groups)
	}
	for d, name := range dimName {
		span := c.Dilation[d]*(c.Kernel[d]-1) + 1
		padded := c.In[d] + c.PadLo[d] + c.PadHi[d]
		switch {
		case c.In[d] < 1:
			return fmt.Sprintf("input %s is %d", name, c.In[d])
		case c.Kernel[d] < 1:
			return fmt.Sprintf("kernel %s is %d", name, c.Kernel[d])
		case c.Stride[d] < 1 || c.Dilation[d] < 1:
			return fmt.Sprintf("%s has stride %d and dilation %d, both must be positive", name, c.Stride[d], c.Dilation[d])
		case c.PadLo[d] < 0 || c.PadHi[d] < 0:
			return fmt.Sprintf("%s has negative padding (%d, %d)", name, c.PadLo[d], c.PadHi[d])
		case span > padded:
			return fmt.Sprintf("kernel spans %d in %s but the padded input has only %d", span, name, padded)
		}
	}
	return ""
}

// Out is the output size (depth, height, width).
func (c Conv) Out() [3]int {
	c = c.norm()
	var o [3]int
	for d := range 3 {
		o[d] = (c.In[d]+c.PadLo[d]+c.PadHi[d]-c.Dilation[d]*(c.Kernel[d]-1)-1)/c.Stride[d] + 1
	}
	return o
}

// InLen is the length of x, OutLen of y, WeightLen of w.
func (c Conv) InLen() int     { return c.N * c.InC * volume(c.In) }
func (c Conv) OutLen() int    { return c.N * c.OutC * volume(c.Out()) }
func (c Conv) WeightLen() int { return c.OutC * (c.InC / c.norm().Groups) * volume(c.Kernel) }

// MACs is the number of multiply-adds of one forward pass over the whole batch, padding included.
func (c Conv) MACs() int64 { return int64(c.OutLen()) * int64(c.WeightLen()/c.OutC) }

func volume(s [3]int) int { return s[0] * s[1] * s[2] }

// prepare normalises c, panics if it is impossible, and checks the lengths of the three main operands.
func (c Conv) prepare(op string, x, y, w int) Conv {
	c = c.norm()
	if p := c.problem(); p != "" {
		panic(ShapeError{op, p})
	}
	checkLen(op, "input", x, c.InLen())
	checkLen(op, "output", y, c.OutLen())
	checkLen(op, "weights", w, c.WeightLen())
	return c
}

// Forward computes y = conv(x, w) + b; b may be nil.
func (c Conv) Forward(y, x, w, b []float32) {
	c = c.prepare("Conv.Forward", len(x), len(y), len(w))
	checkOptional("Conv.Forward", "bias", b, c.OutC)
	if c.N > 0 {
		c.forward(y, x, w, b)
	}
}

// BackwardData computes dx, the gradient of the loss with respect to x, from dy. It overwrites dx.
func (c Conv) BackwardData(dx, dy, w []float32) {
	c = c.prepare("Conv.BackwardData", len(dx), len(dy), len(w))
	if c.N > 0 {
		c.backwardData(dx, dy, w)
	}
}

// BackwardWeights computes dw and db, the gradients with respect to w and b, from x and dy. It overwrites them; db may be nil.
func (c Conv) BackwardWeights(dw, db, x, dy []float32) {
	c = c.prepare("Conv.BackwardWeights", len(x), len(dy), len(dw))
	checkOptional("Conv.BackwardWeights", "bias gradient", db, c.OutC)
	if c.N > 0 {
		c.backwardWeights(dw, x, dy)
	} else {
		clear(dw)
	}
	if db != nil {
		channelSums(db, dy, c.N, c.OutC, volume(c.Out()))
	}
}

// channelSums sets sums[c] to the sum of x (N, C, spatial) over images and pixels.
func channelSums(sums, x []float32, n, channels, spatial int) {
	plainSums.run(channels, channelSum{sums, x, n, channels, spatial})
}

type channelSum struct {
	sums, x              []float32
	n, channels, spatial int
}

var plainSums = newLoop(func(c *channelSum, ch int) {
	var s float64
	for i := range c.n {
		for _, v := range c.x[(i*c.channels+ch)*c.spatial:][:c.spatial] {
			s += float64(v)
		}
	}
	c.sums[ch] = float32(s)
})
