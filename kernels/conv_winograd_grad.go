package kernels

// The weight gradient of a 3x3 convolution by Winograd's F(3x3, 2x2), the transpose of F(2x2, 3x3): the products of transformed tiles of
// input and of the output's gradient are added up at 16 places, of which 9 taps are made in the end.

// winoSums is the sums, which transform the gradient as they go, and the transform to taps.
type winoSums struct {
	floats int // of the sums between two blocks
	add    func(images, rows, cols int, v *float32, vplace int, dy *float32, dyrow, dynext int, zeros *float32, odd int, second, add uint16, sums, nextdy, nextx *float32)
	taps   func(sums, dw, half, check *float32)
}

// winoSums is the kernels for the channels of p, or nil.
func (p *gradPass) winoSums(s *simd) *winoSums {
	if s.winograd != nil && (p.lookup == perm || p.lookup == wide && p.k == Block) {
		return s.winograd.sums[p.lookup]
	}
	return nil
}

// takesWinograd reports whether tiles save more than it takes to transform them.
func (p *gradPass) takesWinograd(s *simd, n int, x, dy tensor) bool {
	if p.winoSums(s) == nil || x.plain || dy.plain || p.kh != 3 || p.kw != 3 || p.stride != 1 {
		return false
	}
	for d := 1; d < 3; d++ {
		if p.conv.PadLo[d] > 1 || p.conv.PadHi[d] > 1 {
			return false
		}
	}
	tile, weights := 19, 48 // in products of two blocks, with the input's transform
	if p.lookup == perm {   // which are half of these, but wait for loads
		tile = 26
	}
	tiles := (p.out[0] + 1) / 2 * ((p.out[1] + 1) / 2)
	return n*p.inside(1)*p.inside(2) > n*tile*tiles+weights
}

// inside is how many taps of all rows, or columns, of output see input.
func (p *gradPass) inside(d int) int { return 3*p.conv.Out()[d] - p.conv.PadLo[d] - p.conv.PadHi[d] }

// winoGradRun is a gradPass on its way over n images. A task owns the weights between one block of input channels and a group of blocks of
// output channels, for which it transforms the input once.
type winoGradRun struct {
	gradRun
	gradTasks
	sums       *winoSums
	rows, cols int // of tiles of an image
	together   int // images that are transformed together
	bands      int // parts that their rows fall into
	zeros      *float32
}

// runWinoGrad cuts the images into parts whose transformed input stays in the second-level cache.
func (s *simd) runWinoGrad(r gradRun) {
	const tiles = 64
	w := winoGradRun{gradRun: r, gradTasks: r.tasks(), sums: r.winoSums(s), rows: (r.out[0] + 1) / 2, cols: (r.out[1] + 1) / 2}
	w.bands = min(w.rows, (w.rows*w.cols+tiles-1)/tiles)
	parts := (r.n*w.rows*w.cols + tiles - 1) / tiles
	w.together = max(1, (r.n+parts-1)/parts)
	zeros := borrow((2*w.cols + 2) * Block)
	defer release(zeros)
	clear(*zeros)
	w.zeros = &(*zeros)[0]
	winoGradRuns.run(w.count, w)
}

// winoGradPart is some rows of tiles of some images.
type winoGradPart struct{ image, images, lo, hi int }

// parts is how many there are.
func (r *winoGradRun) parts() int { return (r.n + r.together - 1) / r.together * r.bands }

func (r *winoGradRun) part(i int) winoGradPart {
	image, band := i/r.bands*r.together, i%r.bands
	return winoGradPart{image, min(r.together, r.n-image), r.rows * band / r.bands, r.rows * (band + 1) / r.bands}
}

var winoGradRuns = newLoop(func(r *winoGradRun, task int) {
	in, first, count := r.blocks(task)
	most := r.together * ((r.rows + r.bands - 1) / r.bands) * r.cols // tiles of a part
	place := most*Block | Block                                      // an odd number of cache lines, lest places share a set of the cache
	buf := borrow(count*r.sums.floats + winoPlaces*place)
	defer release(buf)
	sums, v := (*buf)[:count*r.sums.floats], (*buf)[count*r.sums.floats:]
	for i := range r.parts() {
		part := r.part(i)
		r.transform(v, place, in, part)
		for b := range count {
			dy := r.gradient(part, first+b)
			next, nextX := dy, dy
			switch {
			case b+1 < count:
				next = r.gradient(part, first+b+1)
			case i+1 < r.parts():
				next, nextX = r.gradient(r.part(i+1), first), r.input(r.part(i+1), in)
			case task+1 < r.count:
				in, first, _ := r.blocks(task + 1)
				next, nextX = r.gradient(r.part(0), first), r.input(r.part(0), in)
			}
			r.add(sums[b*r.sums.floats:], i > 0, v, place, part, dy, next, nextX)
		}
	}
	for b := range count {
		r.finish(sums[b*r.sums.floats:], first+b, in)
	}
})

// gradient is a block of dy from a part on.
func (r *winoGradRun) gradient(p winoGradPart, block int) *float32 {
	return &r.dy.block(p.image, block)[2*p.lo*r.out[1]*Block]
}

// input is a block of x from a part on, as if it had no padding.
func (r *winoGradRun) input(p winoGradPart, block int) *float32 {
	return &r.x.block(p.image, block)[2*p.lo*r.in[1]*Block]
}

// transform transforms a part of a block of input.
func (r *winoGradRun) transform(v []float32, place, block int, p winoGradPart) {
	b := winoBordersOf(r.in, [2]int{r.conv.PadLo[1], r.conv.PadLo[2]}, r.cols, p.lo, p.hi)
	for i := range p.images {
		r.s.winograd.planeInput(p.hi-p.lo, r.cols, &r.x.block(p.image+i, block)[0], b.from, b.xrow, b.above, b.below, b.first, b.third, b.fourth,
			r.zeros, &v[i*(p.hi-p.lo)*r.cols*Block], place*4)
	}
}

// add adds a part's products to the sums between two blocks, if there are any yet.
func (r *winoGradRun) add(sums []float32, any bool, v []float32, place int, p winoGradPart, dy, next, nextX *float32) {
	row := r.out[1] * pixelBytes
	image := blocks(r.conv.OutC) * r.dy.pixels * pixelBytes
	r.sums.add(p.images, p.hi-p.lo, r.cols, &v[0], place*4, dy, row, image-2*row*(p.hi-p.lo), r.zeros, b2i(2*p.hi > r.out[0]),
		laneMask(r.out[1]%2 == 0), laneMask(any), &sums[0], next, nextX)
}

// finish stores the weights between two blocks. What is not finite it computes again with the direct kernels, because the transforms
// spread an infinity over all taps and may overflow where the sums do not.
func (r *winoGradRun) finish(sums []float32, ob, in int) {
	const weights = 9 * Block * Block
	buf := borrow(weights + Block)
	defer release(buf)
	check := (*buf)[weights:]
	clear(check)
	r.sums.taps(&sums[0], &(*buf)[0], &oneHalf, &check[0])
	plane := in % r.planes
	if [Block]float32(check) == [Block]float32{} {
		r.store(r.s, r.dw, *buf, ob, plane)
	} else {
		r.weights(ob, plane)
	}
}
