package kernels

// The weights of a 1x1 convolution in the order in which its kernels read them.

// pack packs all weights.
func (p *pointPass) pack(s *simd) *[]float32 {
	outs, panel := blocks(p.out), s.pointPanel()
	packed := borrow(p.packedLen(outs))
	pointPacks.run((outs+panel-1)/panel, pointPacking{*p, s, pointWeights{*packed, 0, outs}})
	return packed
}

// packedLen is how many packed weights lead to so many output blocks.
func (p *pointPass) packedLen(outs int) int { return blocks(p.in) * p.k() * outs * Block }

// pointWeights is the packed weights of count output blocks from first on: [block of planes][panel][plane][k][lane of the panel].
type pointWeights struct {
	packed       []float32
	first, count int
}

// at is where the weights from depth planes from b on to output block o begin, of planes of k channels.
func (w *pointWeights) at(b, depth, o, k int) []float32 {
	return w.packed[(b*w.count+(o-w.first)*depth)*k*Block:]
}

// pointPacking packs the weights of a panel at a time.
type pointPacking struct {
	pointPass
	s  *simd
	to pointWeights
}

var pointPacks = newLoop(func(p *pointPacking, i int) {
	panel := p.s.pointPanel()
	p.packPanel(p.s, &p.to, i*panel, min(panel, p.to.count-i*panel))
})

// packPanel packs the weights that lead to nb output blocks from o on.
func (p *pointPass) packPanel(s *simd, to *pointWeights, o, nb int) {
	planes, atOnce := blocks(p.in), p.planesAtOnce(s)
	wide := nb * Block
	for b := 0; b < planes; b += atOnce {
		depth := min(atOnce, planes-b)
		dst := to.at(b, depth, o, p.k())[:depth*p.k()*wide]
		rows, cols := min(wide, p.out-o*Block), min(depth*Block, p.in-b*Block)
		if rows < wide || cols < depth*p.k() {
			clear(dst)
		}
		s.packTransposed(dst, wide, p.weight.at(o*Block, b*Block), rows, cols)
	}
}

// packTransposed: dst[j*ld+i] = m[i][j].
func (s *simd) packTransposed(dst []float32, ld int, m matrix, rows, cols int) {
	if m.col == 1 {
		s.transposeInto(dst, ld, m.data, m.row, rows, cols)
		return
	}
	if rows%Block == 0 {
		s.copyRows(cols, rows/Block, &dst[0], ld*4, &m.data[0], m.col*4)
		return
	}
	for j := range cols {
		copy(dst[j*ld:][:rows], m.data[j*m.col:])
	}
}
