package kernels

import "sync"

// 1x1 convolution in the blocked layout: a product of pixels with weights that needs no packing of the pixels.

type pointKernel func(tiles, planes, k int, x *float32, xplane int, w, bias, y *float32, yplane int, ahead *uintptr)

// planesOfPoint is input planes whose weights for one block stay in the first-level cache.
const planesOfPoint = 12

// weightsOfColumn is the bytes of packed weights that stay in the second-level cache beside the pixels that pass by, and fewPixels is for how
// many pixels packing weights takes enough of the time that each thread should do it for itself, while they go to its own cache.
const (
	weightsOfColumn = 512 << 10
	fewPixels       = 2048
)

// pointCut is how many input planes are summed at once at most, and how many pixels a chunk has. Panels of one block read weights from the
// first-level cache; wide ones do so from the second, which also holds the input of this and the next chunk.
func (s *simd) pointCut() (planes, pixels int) {
	if s.lanes < Block {
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
	add                bool      // to what is in y, without gaps in target
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

// run computes y from x; bias may be nil.
func (p pointPass) run(s *simd, y, x, bias []float32) {
	outs := blocks(p.out)
	padded := borrow(outs * Block)
	defer release(padded)
	clear(*padded)
	copy(*padded, bias)
	w := pointWork{pointPass: p, s: s, y: y, x: x, bias: *padded}
	w.cut()
	if w.columns > 1 && !p.source.gapless() { // tasks share the copy
		copied := p.compact(s, x)
		defer release(copied)
		p.run(s, y, *copied, bias)
		return
	}
	if w.pieces > 1 || p.keep != nil {
		packed := p.keep.kept(forPoint, func() *[]float32 { return p.pack(s) })
		defer p.keep.drop(packed)
		w.weights = pointWeights{*packed, 0, outs}
	}
	pointTasks.run(w.columns*w.pieces, w)
}

// compact returns a copy of x without the gaps and makes it the source of p.
func (p *pointPass) compact(s *simd, x []float32) *[]float32 {
	copied := borrow(BlockedLen(p.n, p.in, p.pixels))
	p.source.copy(s, *copied, x, p.n*blocks(p.in))
	p.source = dense(p.pixels)
	return copied
}

// pointWork is a pass cut into tasks: columns of output channels times pieces, runs of steps. A step is the pixels of a chunk in a group of
// images.
type pointWork struct {
	pointPass
	s              *simd
	y, x, bias     []float32
	weights        pointWeights // none if each task packs its own
	groups, chunks int
	columns        int
	pieces         int
}

func (w *pointWork) steps() int { return w.groups * w.chunks }

// cut decides on the tasks. The weights of a column stay in the second-level cache while all pixels, or those of a piece, pass by. A task that
// is alone with its weights packs them itself.
func (w *pointWork) cut() {
	panels := (blocks(w.out) + w.s.pointPanel() - 1) / w.s.pointPanel()
	_, pixels := w.s.pointCut()
	w.chunks = w.chunksOf(pixels)
	together := min(w.n, max(1, (pixels+w.pixels/2)/w.pixels)) // small images
	w.groups = (w.n + together - 1) / together
	w.columns = min(panels, (4*w.packedLen(blocks(w.out))+weightsOfColumn-1)/weightsOfColumn)
	w.pieces = 1
	threads := Threads()
	if threads == 1 {
		return
	}
	want := 4 * threads
	if w.n*w.pixels <= fewPixels && panels >= 2*threads {
		w.columns = max(w.columns, min(panels, want))
		return
	}
	if w.steps()*w.columns < want {
		w.groups = max(w.groups, min(w.n, (want+w.columns-1)/w.columns))
	}
	w.pieces = w.steps()
	w.columns = max(w.columns, min(panels, (want+w.pieces-1)/w.pieces))
}

var pointTasks = newLoop(func(w *pointWork, i int) {
	panel, outs := w.s.pointPanel(), blocks(w.out)
	panels := (outs + panel - 1) / panel
	column, piece := i/w.pieces, i%w.pieces
	t := pointTask{pointWork: w, first: panels * column / w.columns * panel, last: min(outs, panels*(column+1)/w.columns*panel), weights: w.weights}
	if t.weights.packed == nil {
		lent := borrow(w.packedLen(t.last - t.first))
		defer release(lent)
		t.weights = pointWeights{*lent, t.first, t.last - t.first}
		for o := t.first; o < t.last; o += panel {
			w.packPanel(w.s, &t.weights, o, min(panel, t.last-o))
		}
	}
	t.ahead = pointAheads.Get().(*pointAhead)
	defer pointAheads.Put(t.ahead)
	for step := w.steps() * piece / w.pieces; step < w.steps()*(piece+1)/w.pieces; step++ {
		t.enter(step)
		t.run()
	}
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
	weights         pointWeights
	first, last     int
	step            int
	image, imageEnd int
	from, to        int
	ahead           *pointAhead
}

// pointAhead is what the kernels of a task prefetch: the input of the next step and what is added to the output.
type pointAhead struct{ input, residual fetch }

var pointAheads = sync.Pool{New: func() any { return new(pointAhead) }}

// enter begins a step.
func (t *pointTask) enter(step int) {
	group := step / t.chunks
	t.step, t.image, t.imageEnd = step, t.n*group/t.groups, t.n*(group+1)/t.groups
	t.from, t.to = t.chunk(step%t.chunks, t.chunks)
}

func (t *pointTask) run() {
	planes, atOnce, images := blocks(t.in), t.planesAtOnce(t.s), t.imageEnd-t.image
	read := t.source.reader(t.s, t.x, planes, t.image, t.from, t.to, images*min(planes, atOnce))
	defer read.done()
	write := t.target.writer(t.s, t.y, blocks(t.out), t.image, images, t.first, t.last-t.first, t.from, t.to)
	defer write.done()
	panels := (t.last - t.first + t.s.pointPanel() - 1) / t.s.pointPanel()
	t.ahead.input = t.following()
	for b := 0; b < planes; b += atOnce {
		depth := min(atOnce, planes-b)
		for image := range images {
			read.take(image, b, depth)
		}
		for panel := range panels {
			for image := range images {
				t.product(&read, &write, image, b, depth, t.first+panel*t.s.pointPanel())
			}
		}
	}
	for image := range images {
		write.put(image)
	}
}

// product adds the products of depth input blocks from b on to a panel of output blocks that begins with o. The first one sets them to
// the bias before, unless they are to be added to, the last one does what follows.
func (t *pointTask) product(read *gridReader, write *gridWriter, image, b, depth, o int) {
	outs, pixels := blocks(t.out), t.to-t.from
	nb := min(t.s.pointPanel(), t.last-o)
	w := t.weights.at(b, depth, o, t.k())
	var bias *float32
	if b == 0 && !t.add {
		bias = &t.bias[o*Block]
	}
	x, xplane := read.at(image, b)
	y, yplane := write.at(image, o)
	last := b+depth == blocks(t.in)
	tiles, soon := tiles(pixels), 0 // tiles that fetch the residual
	if last && t.then.Residual != nil {
		first := ((t.image+image)*outs+o)*t.pixels + t.from
		t.ahead.residual = newFetch(t.then.Residual[first*Block:], nb, pixels, t.pixels)
		soon = (tiles + 1) / 2
		t.s.points(0, soon, pixels, nb, depth, t.k(), x, xplane, w, bias, y, yplane, &t.ahead.residual)
	}
	t.s.points(soon, tiles, pixels, nb, depth, t.k(), x, xplane, w, bias, y, yplane, &t.ahead.input)
	for k := 0; last && k < nb; k++ {
		t.then.applyTo(t.s, t.y, (((t.image+image)*outs+o+k)*t.pixels+t.from)*Block, pixels)
	}
}

// following is the input of the next step.
func (t *pointTask) following() fetch {
	next := *t
	switch {
	case !t.source.gapless():
		return fetch{}
	case t.step+1 < t.steps():
		next.enter(t.step + 1)
	case t.last < blocks(t.out): // the next column begins at the first pixels
		next.enter(0)
	default:
		return fetch{}
	}
	planes := blocks(t.in)
	return newFetch(t.x[(next.image*planes*t.pixels+next.from)*Block:], (next.imageEnd-next.image)*planes, next.to-next.from, t.pixels)
}

// points computes tiles [first, last) of nb blocks of output channels of some pixels, from planes of k channels; without bias it adds to y.
func (s *simd) points(first, last, pixels, nb, planes, k int, x []float32, xplane int, w []float32, bias *float32, y []float32, yplane int,
	ahead *fetch) {
	for first < last {
		at, rows := tile(pixels, first)
		next := last
		if big := pixels % tiles(pixels); first < big { // the first tiles have a pixel more
			next = min(last, big)
		}
		s.point[rows][nb](next-first, planes, k, &x[at*Block], xplane, &w[0], bias, &y[at*Block], yplane, &ahead.at)
		first = next
	}
}
