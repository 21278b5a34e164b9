package nn

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Dropout sets each element to 0 with probability p in training and scales the rest by 1/(1-p) (Srivastava et al. 2014).
// It panics with a ConfigError unless 0 <= p < 1.
func Dropout(p float64) Layer { return newDropout("Dropout", p, elements) }

// Dropout2D does the same to whole channels of (N, C, ...).
func Dropout2D(p float64) Layer { return newDropout("Dropout2D", p, planes) }

// StochasticDepth does the same to whole examples: put at the end of a residual branch, it leaves out that branch at random
// for each example (Huang et al. 2016).
func StochasticDepth(p float64) Layer { return newDropout("StochasticDepth", p, examples) }

// What dropout takes out as one.
const (
	elements = iota
	planes
	examples
)

func newDropout(op string, p float64, unit int) Layer {
	checkRange(op, "probability", p, 0, 1)
	return &dropout{name: op, p: p, unit: unit, source: rand.NewPCG(1, 1)}
}

type dropout struct {
	name   string
	p      float64
	unit   int
	source *rand.PCG
	mask   []float32 // factor of each element or channel
}

// Graph implements Layer.
func (d *dropout) Graph(g *Graph, x Value) Value { return g.add(d, x) }

func (*dropout) params() []*Param      { return nil }
func (*dropout) buffers() []*Buffer    { return nil }
func (*dropout) stem() string          { return "drop" }
func (d *dropout) kind() string        { return fmt.Sprintf("%s(%g)", d.name, d.p) }
func (*dropout) shape(x [][]int) []int { return x[0] }
func (*dropout) traits() traits        { return traits{inPlace: true} }
func (d *dropout) reseed(a, b uint64)  { d.source.Seed(a, b) }

// width is how many elements share a factor.
func (d *dropout) width(shape []int) int {
	switch {
	case d.unit == planes && len(shape) > 2:
		return size(shape[2:])
	case d.unit == examples:
		return size(shape[1:])
	}
	return 1
}

func (d *dropout) forward(c *call) {
	if !c.train {
		copy(c.y.Data, c.x[0].Data)
		return
	}
	width := d.width(c.y.Shape)
	if c.again {
		d.apply(c.y.Data, c.x[0].Data, width)
		return
	}
	n := len(c.y.Data) / width
	d.mask = slices.Grow(d.mask[:0], n)[:n]
	keep := float32(1 / (1 - d.p))
	limit := uint64(d.p * (1 << 53))
	for i := range d.mask {
		d.mask[i] = keep
		if d.source.Uint64()>>11 < limit {
			d.mask[i] = 0
		}
	}
	d.apply(c.y.Data, c.x[0].Data, width)
}

func (d *dropout) apply(y, x []float32, width int) {
	for i, f := range d.mask {
		for j := i * width; j < (i+1)*width; j++ {
			y[j] = x[j] * f
		}
	}
}

func (d *dropout) backward(c *call) {
	if c.dx[0] != nil {
		d.apply(c.dx[0].Data, c.dy.Data, d.width(c.dy.Shape))
	}
}

// reseed makes the random numbers of an epoch depend on the seed, the epoch and the layer's name alone.
func (m *Model) reseed(seed uint64, epoch int) {
	for _, n := range m.graph.nodes {
		if r, ok := n.op.(interface{ reseed(a, b uint64) }); ok {
			r.reseed(seed, stream(uint64(epoch), n.name).Uint64())
		}
	}
}
