package kernels

// 1x1 convolution in the blocked layout: a product of pixels with weights that needs no packing of the pixels.

type pointKernel func(planes, k int, x *float32, xplane int, w, bias, y *float32, yplane int, ahead *float32, lines, step int)

type pointRunKernel func(tiles, planes, k int, x *float32, xplane int, w, bias, y *float32)

// planesOfPoint is input planes whose weights for one block stay in the first-level cache.
const planesOfPoint = 12

// pointCut is how many input planes are summed at once at most, and how many pixels a task has. Runs of tiles read weights from the
// first-level cache; wide tiles do so from the second, which also holds the input of this and the next task.
func (s *simd) pointCut() (planes, pixels int) {
	if s.pointRun[rowsOfTile] != nil {
		return planesOfPoint, 240
	}
	return 32, 120
}

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
	source, target     grid // where in the planes of x and y the pixels lie; at most one of them has gaps
	weight             matrix
	keep               *Prepared // holds the packed weights, if not nil
	then               Then      // without gaps in target
}

// k is the number of channels of a plane that the kernels read.
func (p *pointPass) k() int { return min(Block, p.in) }

// planesAtOnce is how many input planes are summed before the next ones.
func (p *pointPass) planesAtOnce(s *simd) int {
	planes := blocks(p.in)
	most, _ := s.pointCut()
	parts := (planes + most - 1) / most
	return (planes + parts - 1) / parts
}

// pack packs the weights: [block of planes][panel][plane][k][lane of the panel].
func (p *pointPass) pack(s *simd) *[]float32 {
	outs, panel := blocks(p.out), s.pointPanel()
	packed := borrow(blocks(p.in) * p.k() * outs * Block)
	pointPacks.run((outs+panel-1)/panel, pointPacking{*p, s, *packed})
	return packed
}

// pointPacking packs the weights of a panel at a time.
type pointPacking struct {
	pointPass
	s      *simd
	packed []float32
}

var pointPacks = newLoop(func(p *pointPacking, i int) {
	panel, planes, outs, atOnce := p.s.pointPanel(), blocks(p.in), blocks(p.out), p.planesAtOnce(p.s)
	first := i * panel
	wide := min(panel, outs-first) * Block
	for b := 0; b < planes; b += atOnce {
		depth := min(atOnce, planes-b)
		dst := p.packed[(b*outs+first*depth)*p.k()*Block:][:depth*p.k()*wide]
		rows, cols := min(wide, p.out-first*Block), min(depth*Block, p.in-b*Block)
		if rows < wide || cols < depth*p.k() {
			clear(dst)
		}
		p.s.packTransposed(dst, wide, p.weight.at(first*Block, b*Block), rows, cols)
	}
})

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
func (p pointPass) run(s *simd, y, x, bias []float32) {
	outs, panel := blocks(p.out), s.pointPanel()
	packed := p.keep.kept(forPoint, func() *[]float32 { return p.pack(s) })
	defer p.keep.drop(packed)
	padded := borrow(outs * Block)
	defer release(padded)
	clear(*padded)
	copy(*padded, bias)
	_, pixels := s.pointCut()
	w := pointWork{pointPass: p, s: s, y: y, x: x, packed: *packed, bias: *padded, chunks: p.chunksOf(pixels), columns: 1}
	together := min(p.n, max(1, (pixels+p.pixels/2)/p.pixels)) // small images, so that weights are read once for them
	if p.n*w.chunks < 4*Threads() {
		together = max(1, min(together, p.n/Threads()))
	}
	w.groups = (p.n + together - 1) / together
	if want := 4 * Threads(); Threads() > 1 {
		panels := (outs + panel - 1) / panel
		w.columns = min(panels, (want+w.groups*w.chunks-1)/(w.groups*w.chunks))
	}
	pointTasks.run(w.groups*w.chunks*w.columns, w)
}

// pointWork is a pass cut into tasks: groups of images times chunks of pixels times columns of output channels.
type pointWork struct {
	pointPass
	s                       *simd
	y, x, packed, bias      []float32
	groups, chunks, columns int
}

var pointTasks = newLoop(func(w *pointWork, i int) {
	column, chunk, group := i%w.columns, i/w.columns%w.chunks, i/w.columns/w.chunks
	t := pointTask{pointWork: w, last: blocks(w.out), image: w.n * group / w.groups, imageEnd: w.n * (group + 1) / w.groups}
	t.from, t.to = w.chunk(chunk, w.chunks)
	if panel := w.s.pointPanel(); w.columns > 1 {
		panels := (t.last + panel - 1) / panel
		t.first, t.last = panels*column/w.columns*panel, min(t.last, panels*(column+1)/w.columns*panel)
	}
	t.run()
})

// chunksOf is into how many chunks of about so many pixels an image falls, chunk which pixels are one of them: whole rows where either
// grid has gaps.
func (p *pointPass) chunksOf(size int) int { return max(1, min(p.rows(), (p.pixels+size-1)/size)) }

func (p *pointPass) chunk(i, chunks int) (from, to int) {
	rows := p.rows()
	width := p.pixels / rows
	return rows * i / chunks * width, rows * (i + 1) / chunks * width
}

// rows is how many pieces of an image must stay whole.
func (p *pointPass) rows() int {
	for _, g := range []*grid{&p.source, &p.target} {
		if !g.gapless() {
			return g.out[0] * g.out[1]
		}
	}
	return p.pixels
}

// pointTask is pixels [from, to) of images [image, imageEnd) of output blocks [first, last).
type pointTask struct {
	*pointWork
	first, last     int
	image, imageEnd int
	from, to        int
}

func (t *pointTask) run() {
	planes, atOnce, images, pixels := blocks(t.in), t.planesAtOnce(t.s), t.imageEnd-t.image, t.to-t.from
	read := t.source.reader(t.s, t.x, planes, t.image, t.from, t.to, images*min(planes, atOnce))
	defer read.done()
	write := t.target.writer(t.s, t.y, blocks(t.out), t.image, images, t.first, t.last-t.first, t.from, t.to)
	defer write.done()
	panels := (t.last - t.first + t.s.pointPanel() - 1) / t.s.pointPanel()
	ahead := t.following(tiles(pixels) * images * panels * ((planes + atOnce - 1) / atOnce))
	for b := 0; b < planes; b += atOnce {
		depth := min(atOnce, planes-b)
		for image := range images {
			read.take(image, b, depth)
		}
		for panel := range panels {
			for image := range images {
				t.product(&read, &write, &ahead, image, b, depth, t.first+panel*t.s.pointPanel())
			}
		}
	}
	for image := range images {
		write.put(image)
	}
}

// product adds the products of depth input blocks from b on to a panel of output blocks that begins with o. The first one sets them to
// the bias before, the last one does what follows.
func (t *pointTask) product(read *gridReader, write *gridWriter, ahead *lookahead, image, b, depth, o int) {
	outs, pixels := blocks(t.out), t.to-t.from
	nb := min(t.s.pointPanel(), t.last-o)
	w := t.packed[(b*outs+o*depth)*t.k()*Block:]
	var bias *float32
	if b == 0 {
		bias = &t.bias[o*Block]
	}
	x, xplane := read.at(image, b)
	y, yplane := write.at(image, o)
	last := b+depth == blocks(t.in)
	var residual lookahead
	if last && t.then.Residual != nil {
		first := (t.image+image)*outs + o
		residual = t.target.lookahead(t.then.Residual, first, first+nb, t.from, t.to, (tiles(pixels)+1)/2)
	}
	t.s.pointsAhead(pixels, nb, depth, t.k(), x, xplane, w, bias, y, yplane, ahead, &residual)
	for k := 0; last && k < nb; k++ {
		t.then.applyTo(t.s, t.y, (((t.image+image)*outs+o+k)*t.pixels+t.from)*Block, pixels)
	}
}

// following is the input of the next task, to be fetched in the course of so many calls.
func (t *pointTask) following(calls int) lookahead {
	planes := blocks(t.in)
	switch {
	case t.last-t.first < blocks(t.out): // which is the same input
		return lookahead{}
	case t.to < t.pixels:
		return t.source.lookahead(t.x, t.image*planes, t.imageEnd*planes, t.to, min(t.pixels, 2*t.to-t.from), calls)
	}
	return t.source.lookahead(t.x, t.imageEnd*planes, min(t.n, 2*t.imageEnd-t.image)*planes, 0, t.to-t.from, calls)
}

// points computes nb blocks of output channels of some pixels from planes of k channels; without bias it adds to y.
func (s *simd) points(pixels, nb, planes, k int, x []float32, xplane int, w []float32, bias *float32, y []float32, yplane int) {
	s.pointsAhead(pixels, nb, planes, k, x, xplane, w, bias, y, yplane, &lookahead{}, &lookahead{})
}

// pointsAhead is points with something to prefetch for the next task, and in every other tile what follows this call.
func (s *simd) pointsAhead(pixels, nb, planes, k int, x []float32, xplane int, w []float32, bias *float32, y []float32, yplane int,
	next, soon *lookahead) {
	if s.pointRun[rowsOfTile] == nil {
		for t := range tiles(pixels) {
			at, rows := tile(pixels, t)
			what := next
			if t%2 == 0 && soon.lines > 0 {
				what = soon
			}
			ahead, lines, step := what.piece()
			s.point[rows][nb](planes, k, &x[at*Block], xplane, &w[0], bias, &y[at*Block], yplane, ahead, lines, step)
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
