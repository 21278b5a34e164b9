package nn

import (
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// A program is a graph made ready for one input shape: operations that belong together are fused, and stacks of
// convolutions run in the blocked layout of package kernels, with conversions at their ends.
type program struct {
	nodes  []*node
	shapes [][]int // of each value
	form   []format
	kept   map[int]int // values that are read after the pass -> values in the plain layout
	// segments are the layers whose inside may be forgotten.
	segments []string
}

// A format is the order of a tensor's numbers in memory.
type format int

const (
	plainFormat format = iota
	blockedFormat
)

// room is how many numbers a value takes.
func (p *program) room(v int) int {
	s := p.shapes[v]
	if p.form[v] == plainFormat {
		return size(s)
	}
	return kernels.BlockedLen(s[0], s[1], size(s[2:]))
}

// compile infers shapes, which panics if they don't fit, fuses and chooses layouts. Values in keep stay visible.
func compile(g *Graph, shape []int, keep []int) *program {
	p := &program{shapes: make([][]int, g.values), kept: map[int]int{}, segments: g.inner}
	p.shapes[0] = slices.Clone(shape)
	for _, n := range g.nodes {
		in := make([][]int, len(n.in))
		for i, v := range n.in {
			in[i] = p.shapes[v]
		}
		p.shapes[n.out] = named(n.name, func() []int { return n.op.shape(in) })
	}
	p.nodes = fuse(g.nodes, keep)
	p.layout(keep)
	return p
}

// named adds the layer's name to what its operation refuses.
func named(name string, f func() []int) []int {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case ShapeError:
			r.Op += " " + name
			panic(r)
		case ConfigError:
			r.Op += " " + name
			panic(r)
		default:
			panic(r)
		}
	}()
	return f()
}

// blockable is an operation that works in the blocked layout too.
type blockable interface {
	// blocked says whether it would rather, or at least can if its input already is.
	blocked(x [][]int) (wants, can bool)
	// unblocks says that the output is plain all the same.
	unblocks() bool
}

// stem is an operation that can make a blocked output of a plain input.
type stem interface {
	blocksOutput(x [][]int) bool
}

// An operation with a method restIsPlain takes its first input blocked and the others plain.

// fastLayout says whether the machine gains by the blocked layout; a variable for tests.
var fastLayout = func() bool { return kernels.Level() != "generic" }

// layout chooses a format for every value and puts conversions where they change.
func (p *program) layout(keep []int) {
	p.form = make([]format, len(p.shapes))
	l := &layouts{program: p, other: map[int]int{}}
	fast := fastLayout()
	for _, n := range p.nodes {
		l.place(n, fast)
	}
	for _, v := range keep {
		p.kept[v] = l.as(v, plainFormat, "output")
	}
	p.nodes = l.out
}

// layouts is the work of layout: nodes so far, and the twin of each value in the other format.
type layouts struct {
	*program
	out   []*node
	other map[int]int
}

func (l *layouts) place(n *node, fast bool) {
	to := plainFormat
	b, ok := n.op.(blockable)
	if ok && fast {
		to = l.choose(b, n)
	}
	m := &node{name: n.name, op: n.op, out: n.out}
	_, rest := n.op.(interface{ restIsPlain() })
	for i, v := range n.in {
		if rest && i > 0 {
			m.in = append(m.in, l.as(v, plainFormat, n.name))
			continue
		}
		m.in = append(m.in, l.as(v, to, n.name))
	}
	l.out = append(l.out, m)
	if to == blockedFormat && !b.unblocks() || to == plainFormat && fast && l.startsBlocks(n) {
		l.form[n.out] = blockedFormat
	}
}

// startsBlocks reports whether n goes from the plain to the blocked layout.
func (l *layouts) startsBlocks(n *node) bool {
	s, ok := n.op.(stem)
	return ok && s.blocksOutput(l.inputs(n))
}

func (l *layouts) inputs(n *node) (shapes [][]int) {
	for _, v := range n.in {
		shapes = append(shapes, l.shapes[v])
	}
	return shapes
}

func (l *layouts) choose(b blockable, n *node) format {
	ready := false
	_, rest := n.op.(interface{ restIsPlain() })
	for i, v := range n.in {
		ready = ready || l.form[v] == blockedFormat && (i == 0 || !rest)
	}
	if wants, can := b.blocked(l.inputs(n)); wants || can && ready {
		return blockedFormat
	}
	return plainFormat
}

// as returns value v in a format, adding a conversion if nobody has needed it before.
func (l *layouts) as(v int, to format, reader string) int {
	if l.form[v] == to {
		return v
	}
	if twin, ok := l.other[v]; ok {
		return twin
	}
	twin := len(l.shapes)
	l.shapes = append(l.shapes, l.shapes[v])
	l.form = append(l.form, to)
	l.out = append(l.out, &node{name: reader + " layout", op: convert{to}, in: []int{v}, out: twin})
	l.other[v], l.other[twin] = twin, v
	return twin
}

// convert changes the format.
type convert struct{ to format }

func (convert) params() []*Param      { return nil }
func (convert) buffers() []*Buffer    { return nil }
func (convert) kind() string          { return "Layout" }
func (convert) shape(x [][]int) []int { return x[0] }
func (convert) traits() traits        { return traits{} }

func (c convert) forward(k *call) { c.copy(k.y, k.x[0], c.to) }

func (c convert) backward(k *call) {
	if k.dx[0] != nil {
		c.copy(k.dx[0], k.dy, 1-c.to)
	}
}

func (convert) copy(dst, src *Tensor, to format) {
	s := src.Shape
	if to == blockedFormat {
		kernels.ToBlocked(dst.Data, src.Data, s[0], s[1], size(s[2:]))
	} else {
		kernels.FromBlocked(dst.Data, src.Data, s[0], s[1], size(s[2:]))
	}
}
