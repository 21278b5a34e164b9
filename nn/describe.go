package nn

import (
	"fmt"
	"strings"
)

// String lists the model's layers, one a line.
func (m *Model) String() string {
	var b strings.Builder
	params := 0
	for _, n := range m.graph.nodes {
		for _, p := range n.op.params() {
			params += p.Len()
		}
	}
	fmt.Fprintf(&b, "Model of %d layers, %s parameters", len(m.layers), thousands(int64(params)))
	count := map[string]int{}
	for i, l := range m.layers {
		name := m.nameOf(i, l, count)
		if n, ok := l.(namedLayer); ok {
			l = n.Layer
		}
		fmt.Fprintf(&b, "\n  %-10s %s", name, oneLine(l))
	}
	return b.String()
}

// oneLine describes a layer; of a model inside, only its size.
func oneLine(l Layer) string {
	if m, ok := l.(*Model); ok {
		first, _, _ := strings.Cut(m.String(), "\n")
		return first
	}
	if s, ok := l.(fmt.Stringer); ok {
		return s.String()
	}
	if s, ok := l.(stemmer); ok {
		return s.stem()
	}
	return fmt.Sprintf("%T", l)
}

// What follows shows layers that are told by their kind, as the value of a cell, say.

func (o *relu) String() string          { return o.kind() }
func (o *activation) String() string    { return o.kind() }
func (o *channelAffine) String() string { return o.kind() }
func (o *dropout) String() string       { return o.kind() }
func (o *flatten) String() string       { return o.kind() }
func (o *function) String() string      { return o.kind() }
func (o *globalAvgPool) String() string { return o.kind() }
func (o *globalMaxPool) String() string { return o.kind() }
func (o *reshape) String() string       { return o.kind() }
func (o *softmax) String() string       { return o.kind() }
func (o *swap) String() string          { return o.kind() }
func (o *upsample) String() string      { return o.kind() }

func (residual) String() string          { return "Residual" }
func (branches) String() string          { return "Branches" }
func (*squeezeExcite) String() string    { return "SqueezeExcite" }
func (separable) String() string         { return "SeparableConv2D" }
func (*basicBlock) String() string       { return "BasicBlock" }
func (*invertedResidual) String() string { return "InvertedResidual" }
func (*convNeXtBlock) String() string    { return "ConvNeXtBlock" }
func (*regBlock) String() string         { return "RegNetBlock" }
func (shuffleUnit) String() string       { return "ShuffleUnit" }
func (splitUnit) String() string         { return "ShuffleSplitUnit" }
func (l namedLayer) String() string      { return l.name + ": " + oneLine(l.Layer) }

// String shows the configuration: Block(64, 128, 8x4d, stride 2).
func (b *Block) String() string {
	s := fmt.Sprintf("Block(%d, %d, %dx%dd", b.In, b.Out, b.Cardinality, b.Width/b.Cardinality)
	if b.stride[0] > 1 || b.stride[1] > 1 {
		s += ", stride " + oneOrAll(b.stride)
	}
	if b.Form != Grouped {
		s += ", " + b.Form.String()
	}
	return s + ")"
}

// String says what the parameter is: block1.conv2.weight (64, 8, 3, 3).
func (p *Param) String() string { return p.Name + " " + shapeString(p.Shape) }

// String says what the statistics are of.
func (c *Correlation) String() string {
	return fmt.Sprintf("correlation of %s (%d channels) and %s (%d channels) over %d pixels", c.From, c.a, c.To, c.b, c.Samples)
}

// String shows the spec as the name that papers use: ResNeXt-50 (32x4d).
func (s ResNeXtSpec) String() string {
	d := s.withDefaults()
	depth := 2
	for _, n := range d.Blocks {
		if d.Basic {
			depth += 2 * n
		} else {
			depth += 3 * n
		}
	}
	if d.Cardinality == 1 {
		return fmt.Sprintf("ResNet-%d", depth)
	}
	return fmt.Sprintf("ResNeXt-%d (%dx%dd)", depth, d.Cardinality, d.BaseWidth)
}
