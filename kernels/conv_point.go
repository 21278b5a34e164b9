package kernels

// 1x1 convolution in the blocked layout: a product of pixels with weights that needs no packing of the pixels.

type pointKernel func(planes, k int, x *float32, xplane int, w, bias, y *float32, yplane int)

type pointRunKernel func(tiles, planes, k int, x *float32, xplane int, w, bias, y *float32)

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
	keep               *Prepared // holds the packed weights, if not nil
	then               Then
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
	packed := p.keep.kept(forPoint, func() *[]float32 { return p.pack(s) })
	defer p.keep.drop(packed)
	padded := borrow(outs * Block)
	defer release(padded)
	clear(*padded)
	copy(*padded, bias)
	chunks := (p.pixels + pixelsOfPoint - 1) / pixelsOfPoint
	together := min(p.n, max(1, (pixelsOfPoint+p.pixels/2)/p.pixels)) // small images, so that weights are read once for them
	if p.n*chunks < 4*Threads() {
		together = max(1, min(together, p.n/Threads()))
	}
	groups := (p.n + together - 1) / together
	columns := 1 // into how many tasks the output channels are cut
	if groups*chunks < 4*Threads() {
		columns = (outs + panel - 1) / panel
	}
	tasks(groups*chunks*columns, func(i int) {
		column, chunk, group := i%columns, i/columns%chunks, i/columns/chunks
		t := pointTask{p, y, x, *packed, *padded, 0, outs, p.n * group / groups, p.n * (group + 1) / groups}
		if columns > 1 {
			t.first, t.last = column*panel, min(outs, (column+1)*panel)
		}
		t.run(s, p.pixels*chunk/chunks, p.pixels*(chunk+1)/chunks)
	})
}

// pointTask is output blocks [first, last) of images [image, imageEnd).
type pointTask struct {
	*pointPass
	y, x, packed, bias []float32
	first, last        int
	image, imageEnd    int
}

// run computes pixels [p0, p1) of every image.
func (t *pointTask) run(s *simd, p0, p1 int) {
	planes, outs, panel := blocks(t.in), blocks(t.out), s.pointPanel()
	plane := t.pixels * pixelBytes
	for b := 0; b < planes; b += planesOfPoint {
		depth := min(planesOfPoint, planes-b)
		for o := t.first; o < t.last; o += panel {
			nb := min(panel, outs-o)
			w := t.packed[(b*outs+o*depth)*t.k()*Block:]
			var from *float32
			if b == 0 {
				from = &t.bias[o*Block]
			}
			for i := t.image; i < t.imageEnd; i++ {
				x, y := t.x[((i*planes+b)*t.pixels+p0)*Block:], t.y[((i*outs+o)*t.pixels+p0)*Block:]
				s.points(p1-p0, nb, depth, t.k(), x, plane, w, from, y, plane)
				for k := 0; b+depth == planes && k < nb; k++ {
					t.then.applyTo(s, t.y, ((i*outs+o+k)*t.pixels+p0)*Block, p1-p0)
				}
			}
		}
	}
}

// points computes nb blocks of output channels of some pixels from planes of k channels; without bias it adds to y.
func (s *simd) points(pixels, nb, planes, k int, x []float32, xplane int, w []float32, bias *float32, y []float32, yplane int) {
	if s.pointRun[rowsOfTile] == nil {
		for t := range tiles(pixels) {
			at, rows := tile(pixels, t)
			s.point[rows][nb](planes, k, &x[at*Block], xplane, &w[0], bias, &y[at*Block], yplane)
		}
		return
	}
	count := tiles(pixels)
	rows, big := pixels/count, pixels%count // the first tiles have a pixel more
	if big > 0 {
		s.pointRun[rows+1](big, planes, k, &x[0], xplane, &w[0], bias, &y[0])
	}
	if at := big * (rows + 1) * Block; big < count {
		s.pointRun[rows](count-big, planes, k, &x[at], xplane, &w[0], bias, &y[at])
	}
}

// runGrad computes dw (out x in) from x and dy. A task owns the weights between some output blocks and some input blocks: as many as let
// pixels be read seldom, yet occupy the threads.
func (p *pointPass) runGrad(s *simd, dw, x, dy []float32) {
	const group, most = 8, 4 // input and output blocks
	planes, outs, panel := blocks(p.in), blocks(p.out), s.pointPanel()
	groups, panels := (planes+group-1)/group, (outs+panel-1)/panel
	together := max(1, min(most/panel, groups*panels/(4*Threads())))
	parts := (panels + together - 1) / together
	tasks(groups*parts, func(i int) {
		b, o := i%groups*group, i/groups*together*panel
		p.runGradTask(s, dw, x, dy, b, min(group, planes-b), o, min(together*panel, outs-o))
	})
}

// runGradTask computes the weights between depth input blocks from b on and width output blocks from o on.
func (p *pointPass) runGradTask(s *simd, dw, x, dy []float32, b, depth, o, width int) {
	const chunk = 112 // pixels that stay in cache while the blocks pass
	planes, outs, panel := blocks(p.in), blocks(p.out), s.pointPanel()
	sums := borrow(depth * Block * width * Block)
	defer release(sums)
	clear(*sums)
	part := func(q int) []float32 { return (*sums)[q*depth*Block*Block:] } // of a panel that begins with block o+q
	for image := range p.n {
		xi := x[(image*planes+b)*p.pixels*Block:]
		dyi := dy[(image*outs+o)*p.pixels*Block:]
		for at := 0; at < p.pixels; at += chunk {
			n := min(chunk, p.pixels-at)
			for q := 0; q < width; q += panel {
				nb := min(panel, width-q)
				for plane := range depth {
					p.addGrad(s, part(q)[plane*Block*nb*Block:], xi[(plane*p.pixels+at)*Block:], dyi[(q*p.pixels+at)*Block:], n, nb)
				}
			}
		}
	}
	for q := 0; q < width; q += panel {
		ld := min(panel, width-q) * Block
		first := (o + q) * Block
		s.transposeInto(dw[first*p.in+b*Block:], p.in, part(q), ld, min(depth*Block, p.in-b*Block), min(ld, p.out-first))
	}
}

// addGrad adds the products of n pixels of one plane, 6+5+5 channels at a time.
func (p *pointPass) addGrad(s *simd, sums, x, dy []float32, n, nb int) {
	ld := nb * Block
	for l, rows := 0, 6; l < Block; l, rows = l+rows, 5 {
		s.pointGrad[rows][nb](n, &x[l], &dy[0], p.pixels*pixelBytes, &sums[l*ld], ld*4)
	}
}
