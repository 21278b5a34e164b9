package kernels

import "slices"

// Winograd's transform for groups of eight channels, between blocked tensors. A call computes a strip of a plane, at most 16 tiles wide,
// which are the lanes of its vectors.

// winoLanesKernel computes a strip of one group; its loop is in the comment of the kernel.
type winoLanesKernel func(rows int, x *float32, from, xrow int, last *float32, above, inside int, exist uint32, scratch, u, bias, y *float32, yrow, lastrow, begin, endEven, endOdd int, check *float32)

const (
	lanesGroup   = 8                                              // channels
	lanesTiles   = 16                                             // of a strip
	lanesPixels  = 2 * lanesTiles                                 // of a row that kernels read
	lanesScratch = (6*(4*lanesGroup+1) + 4*2*lanesGroup) * Block  // floats that they need
	lanesPlace   = lanesGroup * 4                                 // bytes of the weights of a place from one input channel
	lanesWeights = 2*lanesGroup*lanesPlace + Block*4 - lanesPlace // of two places from all, and what is written beyond
	lanesInner   = lanesTiles - 2                                 // tiles of a strip that see neither neighbour's pixels
)

// lanesPass is a convolution, or the gradient of its input, for these kernels.
type lanesPass struct {
	*directPass
	strips int
}

// lanesOrder is how transformed weights lie: [column][inner rows, outer rows][channel][row][lane].
var lanesOrder = winoOrder{[4]int{lanesWeights, 0, lanesPlace, lanesWeights + lanesPlace}, 2 * lanesWeights, 2 * lanesPlace}

// lanesPass is p for these kernels, or nil. What is not finite goes by bands of rows, so there must be that way too.
func (s *simd) lanesPass(p *directPass) *lanesPass {
	if p.sweep == nil || p.lookup != perm || s.winograd == nil || s.winograd.lanes == nil {
		return nil
	}
	if p.kh != 3 || p.kw != 3 || p.stride != 1 || p.half || p.outPixel != 1 { // a gradient with a stride has a pass for each residue
		return nil
	}
	const row, begin = 40, 40 // a row of a strip, and to begin one, in pixels by bands of rows
	rows, strips := (p.out[0]+1)/2, lanesStrips(p.out[1])
	if p.out[1] < lanesPixels/2 || strips*(row*rows+begin) > p.out[0]*p.out[1] {
		return nil
	}
	return &lanesPass{p, strips}
}

// takes reports whether n images go this way. Outputs that stay in no cache do not: a call stores half of each line, for one of its two groups,
// and bands of rows whole lines (with 32 images of g32c256@28 these are 1.08 to 1.15 times as fast on Zen 4).
func (p *lanesPass) takes(n int) bool {
	return p != nil && n*p.sets*p.out[0]*p.out[1]*Block < largeTensor
}

// lanesStrips is into how many strips planes of a width fall. Those inside do not store their first and their last tile, which see pixels
// of the strips beside them.
func lanesStrips(width int) int {
	tiles := (width + 1) / 2
	return max(1, (tiles-2+lanesInner-1)/lanesInner)
}

// runLanes runs p over n images from x to y, which are blocked. bias holds one value per output channel, or is nil.
func (s *simd) runLanes(n int, p *lanesPass, keep *Prepared, y, x tensor, w, bias []float32) {
	padded := borrow(p.sets * Block)
	defer release(padded)
	p.spread(*padded, bias)
	packed := keep.kept(forWinograd, func() *[]float32 { return s.packLanes(p, w) })
	defer keep.drop(packed)
	r := lanesRun{lanesPass: p, kernel: s.winograd.lanes, weights: *packed, bias: *padded, y: y, x: x, parts: 1}
	if t := Threads(); t > 1 {
		each := n * p.sets * p.strips
		r.parts = min((p.out[0]+1)/2, (4*t+each-1)/each)
	}
	finite := borrow(n * p.sets * p.strips * r.parts)
	defer release(finite)
	r.finite = *finite
	lanesRuns.run(len(*finite), r)
	each := len(*finite) / n
	for image := range n {
		if slices.Contains((*finite)[image*each:][:each], 0) {
			s.runSweep(1, p.sweep, nil, y.image(image), x.image(image), w, bias)
		}
	}
}

// lanesRun is a lanesPass on its way: tasks are parts of the strips of a block of an image.
type lanesRun struct {
	*lanesPass
	kernel        winoLanesKernel
	weights, bias []float32
	y, x          tensor
	parts         int
	finite        []float32 // for each task whether its results are
}

var lanesRuns = newLoop(func(r *lanesRun, i int) {
	strip, part := i%r.strips, i/r.strips%r.parts
	plane := i / r.strips / r.parts
	r.finite[i] = float32(b2i(r.strip(plane/r.sets, plane%r.sets, part, strip)))
})

// strip computes a part of a strip and reports whether all results are finite.
func (r *lanesRun) strip(image, block, part, strip int) bool {
	buf := borrow(lanesScratch + (lanesPixels+1)*Block)
	defer release(buf)
	scratch, check, copied := (*buf)[:lanesScratch], (*buf)[lanesScratch:][:Block], (*buf)[lanesScratch+Block:]
	clear(check)
	height, width, rows := r.out[0], r.out[1], (r.out[0]+1)/2
	from, to := rows*part/r.parts, rows*(part+1)/r.parts
	first := 2 * lanesInner * strip // pixel of a row: that of the tile before those that the strip stores, if there is one
	evens, odds := min(lanesTiles, (width-first+1)/2), min(lanesTiles, (width-first)/2)
	end := evens
	if strip < r.strips-1 {
		end = lanesTiles - 1
	}
	x, y := r.x.data[(image*r.sets+block)*r.x.pixels*Block:], r.y.block(image, block)[(2*from*width+first)*Block:]
	above, below := 2*from-1, min(2*to, height-1) // rows of input that it sees
	last := x[(below*width+first)*Block:]
	if len(last) < lanesPixels*Block { // kernels read beyond the row
		copy(copied, last[:(width-first)*Block])
		last = copied
	}
	row := width * pixelBytes
	for c := 0; c < Block; c += lanesGroup {
		r.kernel(to-from, &x[c], above*row+first*pixelBytes, row, &last[c], b2i(from == 0), below-above+1, 1<<evens-1|(1<<odds-1)<<16, &scratch[0],
			&r.weights[(block*Block+c)/lanesGroup*lanesFloats], &r.bias[block*Block+c], &y[c], row, row*b2i(2*to <= height), b2i(strip > 0), end, min(end, odds), &check[0])
	}
	return !slices.ContainsFunc(check, func(sum float32) bool { return sum-sum != 0 })
}

// lanesFloats is the transformed weights of a group.
const lanesFloats = 8 * lanesWeights / 4

// packLanes transforms the weights of every group.
func (s *simd) packLanes(p *lanesPass, w []float32) *[]float32 {
	packed := borrow(p.sets * Block / lanesGroup * lanesFloats)
	lanesPacks.run(p.sets, lanesPacking{p, s, *packed, w})
	return packed
}

type lanesPacking struct {
	*lanesPass
	s         *simd
	packed, w []float32
}

var lanesPacks = newLoop(func(p *lanesPacking, block int) {
	taps := p.weightOf.all
	buf := borrow((lanesGroup*taps + Block) * Block)
	defer release(buf)
	first, tap := p.taps[0]*Block, (p.taps[1]-p.taps[0])*Block
	for c := 0; c < Block; c += lanesGroup {
		// The other half of a vector is written over by what comes next.
		at := first + p.gather(*buf, block*Block, c)
		p.s.winograd.weights(lanesGroup, &(*buf)[at], tap*4, taps*pixelBytes, &p.packed[(block*Block+c)/lanesGroup*lanesFloats],
			&lanesOrder.rows[0], lanesOrder.column, lanesOrder.next, &oneHalf)
	}
})

// gather makes the weights [input channel][tap][lane] of the group that begins at channel c of those of a block, and returns where its
// lanes begin. Where output channels lie side by side it does so for the group alone, 16 rows of taps at a time, otherwise for both.
func (p *lanesPacking) gather(dst []float32, block, c int) (at int) {
	x, out := &p.weightOf, block+c
	if x.distance == x.all && out < x.outs {
		if from := x.base(out); from+(lanesGroup-1)*x.step+Block*x.all+Block <= len(p.w) {
			p.s.transpose(lanesGroup, &dst[0], pixelBytes, x.all*pixelBytes, &p.w[from], x.all*4, x.step*4)
			return 0
		}
	}
	if c == 0 || x.distance == x.all {
		x.lanes(p.s, dst, p.w, block, lanesGroup)
	}
	return c
}
