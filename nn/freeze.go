package nn

import (
	"math"
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// A Frozen model predicts faster than the model it was made from: batch normalisations are folded into the convolutions
// before them, weights are arranged for the processor once, and ReLU and residual sums happen where a convolution's
// output is still in cache. It is for one goroutine at a time.
type Frozen struct {
	model   *Model
	watched []watched
}

// watched is a tensor that is not copied, as it was.
type watched struct {
	name   string
	tensor *Tensor
	was    []float32
}

// Freeze returns the model as it is now, for evaluation. What it computes differs from [Model.Forward] without training by
// rounding: a folded weight is weight·gamma/√(var+eps), computed in float64 and rounded to float32 once.
// Weights of convolutions and fully connected layers are copied, so a later change of the model does not show.
func (m *Model) Freeze() *Frozen {
	m.prepare()
	m.name()
	f := &Frozen{}
	g := &Graph{nodes: fold(m.graph.nodes, m.output), values: m.graph.values}
	for _, n := range g.nodes {
		switch o := n.op.(type) {
		case *LinearLayer:
			n.op = newFoldedLinear(o)
		case *foldedConv:
		default:
			f.watch(o)
		}
	}
	f.model = &Model{graph: g, output: m.output, plans: map[request]*plan{}, ready: true}
	return f
}

// watch notes what an operation computes with.
func (f *Frozen) watch(o op) {
	for _, p := range o.params() {
		f.watched = append(f.watched, watched{p.Name, p.Value, slices.Clone(p.Value.Data)})
	}
	for _, b := range o.buffers() {
		f.watched = append(f.watched, watched{b.Name, b.Value, slices.Clone(b.Value.Data)})
	}
}

// Forward computes the output for x as [Model.Forward] does without training. It panics with a ShapeError if x does not
// fit, and with a ConfigError if weights that are not copied (of normalisations that could not be folded, transposed
// convolutions, layers of one's own) have changed since Freeze.
func (f *Frozen) Forward(x *Tensor) *Tensor {
	for _, w := range f.watched {
		if !slices.EqualFunc(w.tensor.Data, w.was, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			refuse("Frozen.Forward", "%s has changed since Freeze; freeze the model again", w.name)
		}
	}
	return f.model.Forward(x, false)
}

// fold replaces convolutions, with the normalisations that alone read them, by foldedConvs.
func fold(nodes []*node, output int) []*node {
	nodes = fuse(nodes, []int{output})
	readers := map[int][]*node{}
	for _, n := range nodes {
		for _, v := range n.in {
			readers[v] = append(readers[v], n)
		}
	}
	before := map[*node]*node{} // the convolution of a normalisation
	for _, n := range nodes {
		if _, ok := n.op.(*Conv); ok && n.out != output && len(readers[n.out]) == 1 {
			if next := readers[n.out][0]; next.in[0] == n.out && normOf(next.op).bn != nil {
				before[next] = n
			}
		}
	}
	var out []*node
	for _, n := range nodes {
		c, isConv := n.op.(*Conv)
		conv := before[n]
		switch {
		case conv != nil:
			in := append(slices.Clone(conv.in), n.in[1:]...)
			out = append(out, &node{name: n.name, op: newFoldedConv(conv.op.(*Conv), normOf(n.op)), in: in, out: n.out})
		case isConv && len(readers[n.out]) == 1 && before[readers[n.out][0]] == n: // gone
		case isConv:
			out = append(out, &node{name: n.name, op: newFoldedConv(c, normAct{}), in: n.in, out: n.out})
		default:
			out = append(out, &node{name: n.name, op: n.op, in: n.in, out: n.out})
		}
	}
	return out
}

// normOf is a normalisation as what it may be fused to; without bn if o is none.
func normOf(o op) normAct {
	switch o := o.(type) {
	case *BatchNorm:
		return normAct{bn: o}
	case *normAct:
		return *o
	}
	return normAct{}
}

// foldedConv is relu(conv(x) + residual) with weights that stay.
type foldedConv struct {
	Conv
	weight, bias   []float32
	residual, relu bool
	ready          map[[4]int]*kernels.Prepared // for each size of the input
}

func newFoldedConv(c *Conv, next normAct) *foldedConv {
	f := &foldedConv{Conv: *c, weight: slices.Clone(c.Weight.Value.Data), bias: make([]float32, c.Out),
		residual: next.residual, relu: next.relu, ready: map[[4]int]*kernels.Prepared{}}
	if c.Bias != nil {
		copy(f.bias, c.Bias.Value.Data)
	}
	if next.bn != nil {
		next.bn.foldInto(f.weight, f.bias)
	}
	return f
}

// foldInto scales the weights and bias of the convolution before b.
func (b *BatchNorm) foldInto(weight, bias []float32) {
	each := len(weight) / b.Channels
	for c := range b.Channels {
		scale, shift := b.scaleShift(c)
		for i, w := range weight[c*each:][:each] {
			weight[c*each+i] = float32(float64(w) * scale)
		}
		bias[c] = float32(float64(bias[c])*scale + shift)
	}
}

// scaleShift is what evaluation does to channel c: x·scale + shift.
func (b *BatchNorm) scaleShift(c int) (scale, shift float64) {
	scale = 1 / math.Sqrt(float64(b.RunningVar.Value.Data[c])+float64(float32(b.eps)))
	if b.Weight != nil {
		scale *= float64(b.Weight.Value.Data[c])
		shift = float64(b.Bias.Value.Data[c])
	}
	return scale, shift - float64(b.RunningMean.Value.Data[c])*scale
}

func (f *foldedConv) params() []*Param { return nil }

func (f *foldedConv) shape(x [][]int) []int { return f.Conv.shape(x[:1]) }

func (f *foldedConv) blocksOutput(x [][]int) bool { return !f.residual && f.Conv.blocksOutput(x) }

func (f *foldedConv) forward(k *call) {
	var size [4]int
	copy(size[:], k.x[0].Shape)
	size[1] = k.x[0].Shape[len(k.x[0].Shape)-1] // instead of the channels
	p := f.ready[size]
	if p == nil {
		p = f.kernels(k.x[0].Shape).Prepare(f.weight, f.bias)
		f.ready[size] = p
	}
	then := kernels.Then{ReLU: f.relu}
	if f.residual {
		then.Residual = k.x[1].Data
	}
	y, x := k.y.Data, k.x[0].Data
	switch {
	case k.blocked:
		p.ForwardBlocked(y, x, then)
	case k.stem:
		p.ForwardStem(y, x, then)
	default:
		p.Forward(y, x, then)
	}
}

// foldedLinear is a fully connected layer with weights that stay: a 1x1 convolution of images of one pixel.
type foldedLinear struct {
	foldedConv
	layer *LinearLayer
}

func newFoldedLinear(l *LinearLayer) *foldedLinear {
	one := [3]int{1, 1, 1}
	c := &Conv{In: l.In, Out: l.Out, Groups: 1, Weight: l.Weight, Bias: l.Bias, kernel: one, stride: one, dilation: one}
	return &foldedLinear{*newFoldedConv(c, normAct{}), l}
}

func (f *foldedLinear) kind() string                      { return f.layer.kind() }
func (f *foldedLinear) String() string                    { return f.layer.String() }
func (f *foldedLinear) shape(x [][]int) []int             { return f.layer.shape(x) }
func (f *foldedLinear) blocked([][]int) (wants, can bool) { return true, true }

func (f *foldedLinear) forward(k *call) {
	if !k.blocked {
		f.layer.kernel(k.y.Shape[0]).Forward(k.y.Data, k.x[0].Data, f.weight, f.bias)
		return
	}
	f.foldedConv.forward(k)
}
