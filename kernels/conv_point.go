package kernels

// 1x1 convolution in the blocked layout: a product of pixels with weights that needs no packing of the pixels.

type pointKernel func(planes, k int, x *float32, xplane int, w, bias, y *float32, yplane int)

type pointGradKernel func(pixels int, x, dy *float32, dyplane int, dw *float32, dwrow int)

const (
	planesOfPoint = 12  // input planes whose weights stay in cache
	pixelsOfPoint = 240 // pixels of a task
)

// pointPanel is how many blocks of output channels a point kernel computes at once.
func (s *simd) pointPanel() int {
	n := 1
	for n < 4 && s.point[rowsOfTile][n+1] != nil {
		n++
	}
	return n
}

// pointPass is a 1x1 convolution of n blocked images with so many pixels from in to out channels; weight is (out x in).
type pointPass struct {
	n, in, out, pixels int
	weight             matrix
}

// k is the number of channels of a plane that the kernels read.
func (p *pointPass) k() int { return min(Block, p.in) }

// pack packs the weights: [block of planes][panel][plane][k][lane of the panel].
func (p *pointPass) pack(s *simd) *[]float32 {
	panel, planes, outs := s.pointPanel(), blocks(p.in), blocks(p.out)
	packed := borrow(planes * p.k() * outs * Block)
	panels := (outs + panel - 1) / panel
	tasks(panels, func(i int) {
		first := i * panel
		wide := min(panel, outs-first) * Block
		for b := 0; b < planes; b += planesOfPoint {
			depth := min(planesOfPoint, planes-b)
			dst := (*packed)[(b*outs+first*depth)*p.k()*Block:][:depth*p.k()*wide]
			rows, cols := min(wide, p.out-first*Block), min(depth*Block, p.in-b*Block)
			if rows < wide || cols < depth*p.k() {
				clear(dst)
			}
			s.packTransposed(dst, wide, p.weight.at(first*Block, b*Block), rows, cols)
		}
	})
	return packed
}

// packTransposed: dst[j*ld+i] = m[i][j].
func (s *simd) packTransposed(dst []float32, ld int, m matrix, rows, cols int) {
	if m.col == 1 {
		s.transposeInto(dst, ld, m.data, m.row, rows, cols)
		return
	}
	for j := range cols {
		copy(dst[j*ld:][:rows], m.data[j*m.col:])
	}
}

// run computes y from x; bias may be nil.
func (p *pointPass) run(s *simd, y, x, bias []float32) {
	outs, panel := blocks(p.out), s.pointPanel()
	packed := p.pack(s)
	defer release(packed)
	padded := borrow(outs * Block)
	defer release(padded)
	clear(*padded)
	copy(*padded, bias)
	chunks := (p.pixels + pixelsOfPoint - 1) / pixelsOfPoint
	columns := 1 // into how many tasks the output channels are cut
	if p.n*chunks < 4*Threads() {
		columns = (outs + panel - 1) / panel
	}
	tasks(p.n*chunks*columns, func(i int) {
		column, chunk, image := i%columns, i/columns%chunks, i/columns/chunks
		p0, p1 := p.pixels*chunk/chunks, p.pixels*(chunk+1)/chunks
		first, last := 0, outs
		if columns > 1 {
			first, last = column*panel, min(outs, (column+1)*panel)
		}
		p.runChunk(s, y[image*outs*p.pixels*Block:], x[image*blocks(p.in)*p.pixels*Block:], *packed, *padded, p0, p1, first, last)
	})
}

// runChunk computes output blocks [first, last) of pixels [p0, p1) of one image.
func (p *pointPass) runChunk(s *simd, y, x, packed, bias []float32, p0, p1, first, last int) {
	planes, outs, panel := blocks(p.in), blocks(p.out), s.pointPanel()
	plane := p.pixels * pixelBytes
	for b := 0; b < planes; b += planesOfPoint {
		depth := min(planesOfPoint, planes-b)
		for o := first; o < last; o += panel {
			nb := min(panel, outs-o)
			w := &packed[(b*outs+o*depth)*p.k()*Block]
			var from *float32
			if b == 0 {
				from = &bias[o*Block]
			}
			for t := range tiles(p1 - p0) {
				at, rows := tile(p1-p0, t)
				at = (at + p0) * Block
				s.point[rows][nb](depth, p.k(), &x[b*p.pixels*Block+at], plane, w, from, &y[o*p.pixels*Block+at], plane)
			}
		}
	}
}

// runGrad computes dw (out x in) from x and dy. A task owns the weights between a panel of output blocks and some input blocks.
func (p *pointPass) runGrad(s *simd, dw, x, dy []float32) {
	const group, chunk = 8, 112 // input planes, and pixels that stay in cache while the planes pass
	planes, outs, panel := blocks(p.in), blocks(p.out), s.pointPanel()
	groups, panels := (planes+group-1)/group, (outs+panel-1)/panel
	tasks(groups*panels, func(i int) {
		b, o := i%groups*group, i/groups*panel
		depth, nb := min(group, planes-b), min(panel, outs-o)
		ld := nb * Block
		sums := borrow(depth * Block * ld)
		defer release(sums)
		clear(*sums)
		for image := range p.n {
			xi := x[(image*planes+b)*p.pixels*Block:]
			dyi := dy[(image*outs+o)*p.pixels*Block:]
			for at := 0; at < p.pixels; at += chunk {
				n := min(chunk, p.pixels-at)
				for plane := range depth {
					p.addGrad(s, (*sums)[plane*Block*ld:], xi[(plane*p.pixels+at)*Block:], dyi[at*Block:], n, nb)
				}
			}
		}
		s.transposeInto(dw[o*Block*p.in+b*Block:], p.in, *sums, ld, min(depth*Block, p.in-b*Block), min(ld, p.out-o*Block))
	})
}

// addGrad adds the products of n pixels of one plane, 6+5+5 channels at a time.
func (p *pointPass) addGrad(s *simd, sums, x, dy []float32, n, nb int) {
	ld := nb * Block
	for l, rows := 0, 6; l < Block; l, rows = l+rows, 5 {
		s.pointGrad[rows][nb](n, &x[l], &dy[0], p.pixels*pixelBytes, &sums[l*ld], ld*4)
	}
}
