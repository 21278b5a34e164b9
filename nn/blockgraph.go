package nn

import "fmt"

// Graph implements Layer.
func (b *Block) Graph(g *Graph, x Value) Value {
	if b.config.preact {
		return b.preactivated(g, x)
	}
	y := b.transform(g, x)
	if b.bn3 != nil {
		y = g.Layer("bn3", b.bn3, y)
	}
	if b.squeeze != nil {
		y = g.Layer("se", b.squeeze, y)
	}
	if b.shortcut != nil {
		x = g.Layer("downsample", b.shortcut, x)
	}
	return g.Layer("relu3", ReLU(), g.Sum("add", y, x))
}

// transform is everything from the input to the last convolution.
func (b *Block) transform(g *Graph, x Value) Value {
	switch b.Form {
	case SplitSum:
		var y []Value
		for i, p := range b.paths {
			v := p.graph(g, fmt.Sprint(i, "."), x)
			y = append(y, g.Layer(fmt.Sprint(i, ".conv3"), p.conv3, v))
		}
		return g.Sum("sum", y...)
	case SplitConcat:
		var y []Value
		for i, p := range b.paths {
			y = append(y, p.graph(g, fmt.Sprint(i, "."), x))
		}
		return g.Layer("conv3", b.conv3, g.Concat("concat", y...))
	}
	return g.Layer("conv3", b.conv3, b.paths[0].graph(g, "", x))
}

// graph adds the path's first two convolutions under names with a prefix.
func (p *path) graph(g *Graph, prefix string, x Value) Value {
	y := g.Layer(prefix+"conv1", p.conv1, x)
	y = normRelu(g, prefix, "1", p.bn1, y)
	y = g.Layer(prefix+"conv2", p.conv2, y)
	return normRelu(g, prefix, "2", p.bn2, y)
}

func normRelu(g *Graph, prefix, n string, bn *BatchNorm, x Value) Value {
	if bn != nil {
		x = g.Layer(prefix+"bn"+n, bn, x)
	}
	return g.Layer(prefix+"relu"+n, ReLU(), x)
}

// preactivated is the block with normalisation and ReLU before each convolution. A projection starts behind the first.
func (b *Block) preactivated(g *Graph, x Value) Value {
	p := b.paths[0]
	y := normRelu(g, "", "1", p.bn1, x)
	if b.shortcut != nil {
		x = g.Layer("downsample", b.shortcut, y)
	}
	y = normRelu(g, "", "2", p.bn2, g.Layer("conv1", p.conv1, y))
	y = normRelu(g, "", "3", b.bn3, g.Layer("conv2", p.conv2, y))
	y = g.Layer("conv3", b.conv3, y)
	if b.squeeze != nil {
		y = g.Layer("se", b.squeeze, y)
	}
	return g.Sum("add", y, x)
}

// To returns a new block in another form that computes the same function: weights and running statistics are cut up or
// joined. Path i owns rows i·d to (i+1)·d of conv1 and conv2 and these columns of conv3.
func (b *Block) To(form Form) *Block {
	c := *b
	c.Form, c.config.form, c.paths, c.conv3 = form, form, nil, nil
	if b.config.preact && form != Grouped {
		refuse("Block.To", "a pre-activated block has the grouped form only")
	}
	c.makePaths()
	c.makeShortcut()
	if b.squeeze != nil {
		c.squeeze = SqueezeExcite(b.Out, b.config.squeeze)
	}
	Sequential(b).prepare()
	Sequential(&c).prepare()
	d := b.config.baseWidth
	for i := range b.Cardinality {
		from, to := b.group(i), c.group(i)
		for k := range from {
			copyRows(to[k], from[k], d)
		}
		copyColumns(c.mixer(i), b.mixer(i), d)
	}
	copyState(&c, b)
	return &c
}

// rows is a tensor of which a group owns d rows from lo on.
type rows struct {
	t  *Tensor
	lo int
}

// group lists what belongs to path i: the filters of its first two convolutions and its normalisations.
func (b *Block) group(i int) []rows {
	p, lo := b.paths[0], i*b.config.baseWidth
	if b.Form != Grouped {
		p, lo = b.paths[i], 0
	}
	all := []rows{{p.conv1.Weight.Value, lo}, {p.conv2.Weight.Value, lo}}
	for _, n := range []*BatchNorm{p.bn1, p.bn2} {
		if n != nil {
			all = append(all, rows{n.Weight.Value, lo}, rows{n.Bias.Value, lo}, rows{n.RunningMean.Value, lo}, rows{n.RunningVar.Value, lo})
		}
	}
	return all
}

// mixer is the last convolution of path i, of which it owns columns.
func (b *Block) mixer(i int) rows {
	if b.Form == SplitSum {
		return rows{b.paths[i].conv3.Weight.Value, 0}
	}
	return rows{b.conv3.Weight.Value, i * b.config.baseWidth}
}

func copyRows(to, from rows, d int) {
	row := len(from.t.Data) / from.t.Shape[0]
	copy(to.t.Data[to.lo*row:(to.lo+d)*row], from.t.Data[from.lo*row:])
}

func copyColumns(to, from rows, d int) {
	for o := range from.t.Shape[0] {
		copy(to.t.Data[o*to.t.Shape[1]+to.lo:][:d], from.t.Data[o*from.t.Shape[1]+from.lo:])
	}
}

// copyState copies what is the same in all forms: the last normalisation, the shortcut and squeeze-excite.
func copyState(to, from *Block) {
	parts := func(b *Block) *Model {
		var layers []Layer
		if b.bn3 != nil {
			layers = append(layers, b.bn3)
		}
		for _, l := range []Layer{b.shortcut, b.squeeze} {
			if l != nil {
				layers = append(layers, l)
			}
		}
		return Sequential(layers...)
	}
	a, b := parts(to), parts(from)
	for i, p := range b.Params() {
		a.Params()[i].SetValue(p.Value)
	}
	for i, s := range b.Buffers() {
		copy(a.Buffers()[i].Value.Data, s.Value.Data)
	}
}
