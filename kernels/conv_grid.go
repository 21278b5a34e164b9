package kernels

// grid is how the pixels that a 1x1 convolution sees, or its gradient writes, lie in a plane: every stride-th in each dimension.
type grid struct{ in, out, stride [3]int }

// dense is the grid of a plane of which all pixels count.
func dense(pixels int) grid { return grid{[3]int{1, 1, pixels}, [3]int{1, 1, pixels}, [3]int{1, 1, 1}} }

func (g *grid) gapless() bool { return g.stride == [3]int{1, 1, 1} }

// row is the pixel of the plane where row r of the grid begins, for the row after the last one the end of the plane.
func (g *grid) row(r int) int {
	d, h := r/g.out[1], r%g.out[1]
	if d == g.out[0] {
		return volume(g.in)
	}
	return (d*g.stride[0]*g.in[1] + h*g.stride[1]) * g.in[2]
}

// pixel is where pixel p of the grid lies in the plane.
func (g *grid) pixel(p int) int { return g.row(p/g.out[2]) + p%g.out[2]*g.stride[2] }

// apart is the distance in bytes of neighbouring pixels of a row.
func (g *grid) apart() int { return g.stride[2] * pixelBytes }

// copy writes the grid's pixels of so many planes side by side.
func (g *grid) copy(s *simd, dst, x []float32, planes int) {
	gridCopies.run(planes, gridCopy{*g, s, dst, x})
}

type gridCopy struct {
	grid
	s      *simd
	dst, x []float32
}

var gridCopies = newLoop(func(c *gridCopy, plane int) {
	pixels := volume(c.out)
	c.copyRows(c.s, c.dst[plane*pixels*Block:], c.x[plane*volume(c.in)*Block:], 0, pixels)
})

// copyRows writes pixels [from, to) of a plane, which are whole rows, side by side.
func (g *grid) copyRows(s *simd, dst, plane []float32, from, to int) {
	for p := from; p < to; p += g.out[2] {
		first, next := g.pixel(p), g.pixel(p+g.out[2])
		s.sample(g.out[2], &dst[(p-from)*Block], &plane[first*Block], g.apart(), (next-first)*pixelBytes)
	}
}

// gridReader gives pixels [from, to) of planes of several images as if they lay side by side.
type gridReader struct {
	*grid
	s        *simd
	x        []float32
	planes   int // of an image
	image    int // the first one
	from, to int
	copied   *[]float32 // of the planes that take took, if the grid has gaps
	first    int        // the first of them of each image
	depth    int
}

// reader reads pixels [from, to) from image on, up to so many planes at a time.
func (g *grid) reader(s *simd, x []float32, planes, image, from, to, atOnce int) gridReader {
	r := gridReader{grid: g, s: s, x: x, planes: planes, image: image, from: from, to: to}
	if !g.gapless() {
		r.copied = borrow(atOnce * (to - from) * Block)
	}
	return r
}

func (r *gridReader) done() {
	if r.copied != nil {
		release(r.copied)
	}
}

// take makes depth planes of an image from plane first on ready for at.
func (r *gridReader) take(image, first, depth int) {
	r.first, r.depth = first, depth
	if r.copied == nil {
		return
	}
	for plane := range depth {
		x := r.x[((r.image+image)*r.planes+first+plane)*volume(r.in)*Block:]
		to, _ := r.at(image, first+plane)
		r.copyRows(r.s, to, x, r.from, r.to)
	}
}

// at returns the pixels of a plane of an image, and how many bytes further those of the next plane are.
func (r *gridReader) at(image, plane int) (x []float32, distance int) {
	if r.copied == nil {
		return r.x[(((r.image+image)*r.planes+plane)*volume(r.in)+r.from)*Block:], volume(r.in) * pixelBytes
	}
	size := (r.to - r.from) * Block
	return (*r.copied)[(image*r.depth+plane-r.first)*size:], size * 4
}

// gridWriter takes pixels [from, to) of planes of several images side by side and brings them where they belong, with zeros in the gaps.
type gridWriter struct {
	*grid
	s        *simd
	y        []float32
	planes   int
	image    int
	first    int // the first plane of each image
	count    int // and how many there are
	from, to int
	lent     *[]float32
}

func (g *grid) writer(s *simd, y []float32, planes, image, images, first, count, from, to int) gridWriter {
	w := gridWriter{grid: g, s: s, y: y, planes: planes, image: image, first: first, count: count, from: from, to: to}
	if !g.gapless() {
		w.lent = borrow(images * count * (to - from) * Block)
	}
	return w
}

func (w *gridWriter) done() {
	if w.lent != nil {
		release(w.lent)
	}
}

// at returns where the pixels of a plane of an image go, and how many bytes further those of the next plane.
func (w *gridWriter) at(image, plane int) (y []float32, distance int) {
	if w.lent == nil {
		return w.y[(((w.image+image)*w.planes+plane)*volume(w.in)+w.from)*Block:], volume(w.in) * pixelBytes
	}
	size := (w.to - w.from) * Block
	return (*w.lent)[(image*w.count+plane-w.first)*size:], size * 4
}

// put writes all planes of an image.
func (w *gridWriter) put(image int) {
	if w.lent == nil {
		return
	}
	spread := w.s.spread[b2i(storeFlag(w.y, len(w.y) >= largeTensor) == pastCache)]
	width := w.out[2]
	for plane := w.first; plane < w.first+w.count; plane++ {
		from, _ := w.at(image, plane)
		to := w.y[((w.image+image)*w.planes+plane)*volume(w.in)*Block:]
		for p := w.from; p < w.to; p += width {
			first, next := w.row(p/width), w.row(p/width+1)
			spread(width, &to[first*Block], &from[(p-w.from)*Block], w.stride[2]-1, next-first-(width-1)*w.stride[2]-1)
		}
	}
}

// lookahead spreads the prefetching of pixels [from, to) of some planes, of one image after the other, over the calls of kernels that come
// before their use.
type lookahead struct {
	*grid
	x           []float32
	from, to    int
	next        int // pixel of the first plane of x
	lines, done int
	call, calls int
}

// lookahead is for planes [first, last) of x, counted through all images.
func (g *grid) lookahead(x []float32, first, last, from, to, calls int) lookahead {
	return lookahead{grid: g, x: x[first*volume(g.in)*Block:], from: from, to: to, next: from, lines: (last - first) * (to - from), calls: calls}
}

// piece is the part of the next call: so many lines, step bytes apart. There is always one line, if only one in cache.
func (l *lookahead) piece() (x *float32, lines, step int) {
	const least = 8 // lines worth a turn
	l.call++
	if l.done == l.lines || l.done*l.calls >= l.lines*l.call {
		return &nothingAhead, 1, 0
	}
	n := min(max(least, (l.lines+l.calls-1)/l.calls), l.to-l.next, l.out[2]-l.next%l.out[2])
	x, step = &l.x[l.pixel(l.next)*Block], l.apart()
	l.done += n
	if l.next += n; l.next == l.to {
		l.next = l.from
		l.x = l.x[volume(l.in)*Block:]
	}
	return x, n, step
}

// nothingAhead is what to prefetch when there is nothing.
var nothingAhead float32
