package kernels

import "math"

// A 3x3 convolution of stride 2 and the gradient of its input, with Winograd's F(2, 2) for the rows and columns that see two taps: 25
// products make 2x2 outputs of 5x5 inputs, or 4x4 gradients of 3x3, where there were 36.

// strideTransform is one of the two, from blocks of channels to blocks of channels.
type strideTransform struct {
	seen, step int     // pixels that a tile sees in a row, and from one tile to the next
	made       int     // pixels that a tile makes in a row
	places     int     // of a transformed tile
	loops      [][]int // of the products: the transformed weights that each of them reads, by row and column
	input      func(tiles, planes int, x *float32, from, xplane int, rows *int, zeros *float32, first int, last *int, v *float32, vplace, vplane int)
	weights    func(planes int, w, u *float32, order *int)
	products   [8]strideProducts // by the tiles they do at once
	halves     [2]strideProducts // of the first and the last two rows of 4x4 tiles of which the last ones of rows and columns are halves
	half       int               // multiplications of vectors, in places, for all tiles of these
}

// strideProducts multiplies transformed tiles with the weights for an output block, and stores what they make.
type strideProducts func(planes int, v, u, bias, y *float32, tiles *int, check, ahead *float32, aheadplane, lines int)

// strideWeights is how many transformed weights there are for nine. The rows and columns of weights are those of the three taps, and the
// sum of the first and the last.
const strideWeights = 16

var strideForwardLoops = [][]int{{15}, {3, 7, 11}, {12, 13, 14}, {0, 1, 2, 4, 5, 6, 8, 9, 10}}

var strideGradLoops = [][]int{{15}, {11, 3}, {14, 12}, {10, 8, 2, 0}, {13}, {9, 1}, {7}, {6, 4}, {5}}

// strideNoRow is in the place of a row of padding.
const strideNoRow = math.MinInt

// stridePass is one of the two for a shape.
type stridePass struct {
	*strideTransform
	channelSets
	weightOf   weightIndex
	in, out    [2]int
	rows, cols int         // of tiles of an image
	windows    [][5]int    // for each row of tiles, the distances in bytes of the rows that they see
	first      int         // mask of column 0 of the first tile of a row
	last       [5]int      // masks of the columns of the last one
	outputs    []strideOut // of all tiles of an image
	halved     bool        // whether to take halves
	most, unit int         // tiles at once, and rows of tiles that are not divided
	order      strideOrder // of transformed weights
	saved      int         // multiplications of vectors, for an image and a block on both sides
}

// strideOut is where a tile's outputs are in a plane: the distances in bytes of its first one, and from there to the other rows and columns.
// What does not exist lies on what does.
type strideOut struct {
	first      int
	rows, cols [3]int
}

// strideForward and strideBackward are the passes of c, or nil where it is not for them.
func (c Conv) strideForward(s *simd) *stridePass {
	cs, ok := s.channelSets(c.Groups, c.InC/c.Groups, c.OutC/c.Groups)
	if !ok || s.winograd == nil {
		return nil
	}
	p := stridePass{strideTransform: &s.winograd.strided[0], channelSets: cs, weightOf: c.forwardPass(s).weightOf}
	return p.complete(c, c.PadLo, c.In, c.Out())
}

func (c Conv) strideBackward(s *simd, weightOf weightIndex) *stridePass {
	cs, ok := s.channelSets(c.Groups, c.OutC/c.Groups, c.InC/c.Groups)
	if !ok || s.winograd == nil {
		return nil
	}
	p := stridePass{strideTransform: &s.winograd.strided[1], channelSets: cs, weightOf: weightOf}
	return p.complete(c, [3]int{}, c.Out(), c.In)
}

// complete makes the pass, with so much padding of what it sees, if it can do c.
func (p *stridePass) complete(c Conv, pad, in, out [3]int) *stridePass {
	whole := p.lookup == wide && p.k == Block && p.outC == 0
	if p.input == nil || !whole || c.Kernel != [3]int{1, 3, 3} || c.Stride[2] != 2 {
		return nil
	}
	p.in, p.out = [2]int{in[1], in[2]}, [2]int{out[1], out[2]}
	p.rows, p.cols = p.tiles(0), p.tiles(1)
	if p.rows*p.cols < fewestTiles {
		return nil
	}
	for d := 1; d < 3; d++ {
		if beyond := 2*c.Out()[d] + 1 - c.PadLo[d] - c.In[d]; c.PadLo[d] != 1 || beyond > 1 {
			return nil
		}
	}
	for r := range p.rows {
		p.windows = append(p.windows, p.window(r, pad))
	}
	column := func(i int) int { return -b2i(0 <= i && i < p.in[1]) & 0xffff }
	p.first = column(-pad[2])
	for i := range p.seen {
		p.last[i] = column((p.cols-1)*p.step + i - pad[2])
	}
	if p.last[0] == 0 { // the tile before would have columns of padding, too
		return nil
	}
	for t := range p.rows * p.cols {
		p.outputs = append(p.outputs, p.output(t/p.cols*p.made, t%p.cols*p.made))
	}
	p.most, p.unit = mostTiles, (fewestTiles+p.cols-1)/p.cols
	if p.halved = p.halvedIn(0) && p.halvedIn(1); p.halved {
		p.most, p.unit = 8, 2
	}
	p.order, p.saved = p.orderOf(p.planes), p.multiplications(c)
	return p
}

// multiplications is how many vectors fewer are multiplied than by kernels that leave out the taps on padding, for an image and a block on
// both sides, less what it takes to transform tiles.
func (p *stridePass) multiplications(c Conv) int {
	const output = 20
	seen := Block
	for d := 1; d < 3; d++ {
		out := c.Out()[d]
		seen *= 3*out - c.PadLo[d] - max(0, 2*out+1-c.PadLo[d]-c.In[d])
	}
	tiles := p.rows * p.cols
	products := 25 * tiles
	if p.halved {
		products = p.half
	}
	return seen - products*Block*winoCosts.strideProducts/100 - tiles*(winoCosts.strideInput/p.channelSets.out+output/p.planes)
}

// halvedIn says that there are four tiles in a dimension, of which the last one has at most the first half of its outputs.
func (p *stridePass) halvedIn(d int) bool { return p.tiles(d) == 4 && p.out[d]-3*p.made <= p.made/2 }

// takes reports whether n images are worth the transform of the weights, and do not wait for memory anyway: gradients of groups of one block that
// stay in no cache do (with 32 images of g32c512@28s2 the kernels that take planes as they lie are 1.2 times as fast on Zen 4).
func (p *stridePass) takes(n int) bool {
	const transform = 900 // in multiplications, for a block on both sides
	waits := p.made > 2 && p.planes == 1 && n*p.sets*p.out[0]*p.out[1]*Block >= largeTensor
	return n*p.saved >= transform && !waits
}

// tiles is how many of them lie side by side in a dimension.
func (p *stridePass) tiles(d int) int { return (p.out[d] + p.made - 1) / p.made }

// window is the rows that row r of tiles sees.
func (p *stridePass) window(r int, pad [3]int) (rows [5]int) {
	for i := range p.seen {
		rows[i] = strideNoRow
		if at := r*p.step + i - pad[1]; 0 <= at && at < p.in[0] {
			rows[i] = (at*p.in[1] - pad[2]) * pixelBytes
		}
	}
	return rows
}

// output is where the tile is that begins with output row r and column c. Of the rows and columns beyond the end, even ones lie on the
// first and odd ones on the second, if there is one.
func (p *stridePass) output(r, c int) (o strideOut) {
	o.first = (r*p.out[1] + c) * pixelBytes
	for i := range o.rows {
		o.rows[i] = strideExists(i+1, p.out[0]-r) * p.out[1] * pixelBytes
		o.cols[i] = strideExists(i+1, p.out[1]-c) * pixelBytes
	}
	return o
}

// strideExists is where row or column i of a tile lies of which so many exist.
func strideExists(i, exist int) int {
	if i < exist {
		return i
	}
	return min(i%2, exist-1)
}

// orderOf is where transformed weights lie: loop after loop, each by planes, pairs of channels, eight apart, weights and lanes.
func (t *strideTransform) orderOf(planes int) (o strideOrder) {
	from := 0
	for _, weights := range t.loops {
		for i, w := range weights {
			o.at[w] = from + 2*i*pixelBytes
			o.step[w] = 2 * len(weights) * pixelBytes
		}
		from += planes * Block * len(weights) * pixelBytes
	}
	return o
}

// strideOrder is the distances in bytes of transformed weights, and from those of a channel to those of the next one.
type strideOrder struct{ at, step [strideWeights]int }

// weightsOfBlock is how many transformed weights lead to a block of output channels.
func (p *stridePass) weightsOfBlock() int { return p.planes * strideWeights * Block * Block }

// pack transforms weights for every output block.
func (p *stridePass) pack(s *simd, w []float32) *[]float32 {
	blocks := p.sets * p.channelSets.out
	packed := borrow(blocks * p.weightsOfBlock())
	stridePacks.run(blocks, stridePacking{p, s, *packed, w})
	return packed
}

type stridePacking struct {
	*stridePass
	s         *simd
	packed, w []float32
}

var stridePacks = newLoop(func(p *stridePacking, block int) {
	p.packBlock(p.s, p.packed[block*p.weightsOfBlock():], p.w, block)
})

// packBlock transforms the weights for an output block.
func (p *stridePass) packBlock(s *simd, packed, w []float32, block int) {
	ins := p.planes * Block
	buf := borrow((ins*p.weightOf.all + Block) * Block)
	defer release(buf)
	p.weightOf.lanes(s, *buf, w, block*Block, ins)
	p.weights(p.planes, &(*buf)[0], &packed[0], &p.order.at[0])
}

// strideRun is a pass on its way over n images. A task does a part of the output blocks of a set, and a band of rows of tiles of so many images.
type strideRun struct {
	*stridePass
	s            *simd
	packed, w    []float32 // transformed weights, or nil if tasks transform their own ones
	bias, zeros  []float32
	y, x         tensor
	n, each      int
	parts, bands int
	finite       []float32 // for each set, part, image and band whether the results are
}

// runStride runs the pass over n images from x to y, which are blocked, and calls again for every image whose results are not all finite.
func (s *simd) runStride(n int, p *stridePass, keep *Prepared, y, x tensor, w, bias []float32, again func(image int)) {
	lanes := p.sets * p.channelSets.out * Block
	padded := borrow(lanes + (p.cols*p.step+p.seen)*Block)
	defer release(padded)
	clear(*padded)
	copy(*padded, bias)
	r := strideRun{stridePass: p, s: s, w: w, bias: *padded, zeros: (*padded)[lanes:], y: y, x: x, n: n}
	if r.cut(keep != nil) {
		packed := keep.kept(forWinograd, func() *[]float32 { return p.pack(s, w) })
		defer keep.drop(packed)
		r.packed = *packed
	}
	finite := borrow(p.sets * r.parts * n * r.bands)
	defer release(finite)
	r.finite = *finite
	strideRuns.run(len(*finite)/r.each, r)
	for image := range n {
		for i, ok := range *finite {
			if ok == 0 && i/r.bands%n == image {
				again(image)
				break
			}
		}
	}
}

// cut chooses tasks and reports whether they share transformed weights: those that are there already, or where there are too few tasks
// otherwise. Results do not depend on it.
func (r *strideRun) cut(packed bool) (share bool) {
	const few = 4 // output blocks for which it pays to transform the input
	r.parts, r.each, r.bands = 1, r.n, 1
	want := 4 * Threads()
	if Threads() > 1 {
		r.parts = max(1, min(r.channelSets.out/few, (want+r.sets-1)/r.sets))
	}
	if share = packed || Threads() > 1 && r.sets*r.parts < want; share {
		r.parts, r.each = 1, 1
		if Threads() > 1 {
			r.bands = max(1, min(r.rows/r.unit, (want+r.n*r.sets-1)/(r.n*r.sets)))
		}
	}
	return share
}

var strideRuns = newLoop(func(r *strideRun, i int) {
	t := r.task(i * r.each)
	u, lent := r.weightsOf(&t)
	defer giveBack(lent)
	for j := i * r.each; j < (i+1)*r.each; j++ {
		next := r.task((j + 1) % len(r.finite))
		r.finite[j] = float32(b2i(r.run(&t, &next, u)))
		t = next
	}
})

// strideTask is some tiles of an image, cut into groups of at most two sizes, for blocks [block, end) of the output of a set.
type strideTask struct {
	set, block, end, image int
	first                  int
	groups, size, larger   int // larger groups, by a tile, come first
}

func (r *strideRun) task(i int) strideTask {
	band, image, part, set := i%r.bands, i/r.bands%r.n, i/r.bands/r.n%r.parts, i/r.bands/r.n/r.parts
	outs, row, end := r.channelSets.out, r.rows*band/r.bands, r.rows*(band+1)/r.bands
	t := strideTask{set: set, block: set*outs + outs*part/r.parts, end: set*outs + outs*(part+1)/r.parts, image: image, first: row * r.cols}
	tiles := (end - row) * r.cols
	t.groups = (tiles + r.most - 1) / r.most
	t.size, t.larger = tiles/t.groups, tiles%t.groups
	return t
}

// tile is the first tile of a group, and the end of the one before it.
func (t *strideTask) tile(group int) int { return t.first + group*t.size + min(group, t.larger) }

// weightsOf is the transformed weights of a task, and what was lent for them.
func (r *strideRun) weightsOf(t *strideTask) (u []float32, lent *[]float32) {
	size := r.weightsOfBlock()
	if r.packed != nil {
		return r.packed[t.block*size:], nil
	}
	lent = borrow((t.end - t.block) * size)
	for b := t.block; b < t.end; b++ {
		r.packBlock(r.s, (*lent)[(b-t.block)*size:], r.w, b)
	}
	return *lent, lent
}

// fewestTiles and mostTiles are how many tiles the smallest and the largest kernel does at once.
const fewestTiles, mostTiles = 4, 7

// run does a task and reports whether all results are finite. next is the one that will follow.
func (r *strideRun) run(t, next *strideTask, u []float32) (finite bool) {
	size, weights := r.places*r.most*r.planes*Block, r.weightsOfBlock()
	// Few weights stay in the second-level cache for all tiles; of more, those for an output block do while tiles pass by.
	const fewWeights, cacheFloats = 1 << 16, 1 << 17
	together, panel := 1, t.end-t.block
	if panel*weights > fewWeights {
		together, panel = max(1, min(t.groups, cacheFloats/size)), 1
	}
	buf := borrow(together*size + Block)
	defer release(buf)
	check, v := (*buf)[:Block], (*buf)[Block:]
	clear(check)
	for from := 0; from < t.groups; from += together {
		to := min(t.groups, from+together)
		for g := from; g < to; g++ {
			r.transform(v[(g-from)*size:], t, g)
		}
		for block := t.block; block < t.end; block += panel {
			for g := from; g < to; g++ {
				soon, sooner := next, 0
				if g+together < t.groups {
					soon, sooner = t, g+together
				}
				for b := block; b < block+panel; b++ {
					r.multiply(v[(g-from)*size:], t, g, u[(b-t.block)*weights:], b, soon, sooner, check)
				}
			}
		}
	}
	return [Block]float32(check) == [Block]float32{}
}

// allLanes are masks that leave nothing out.
var allLanes = [5]int{0xffff, 0xffff, 0xffff, 0xffff, 0xffff}

// transform transforms the input of a group of tiles.
func (r *strideRun) transform(v []float32, t *strideTask, group int) {
	first, last := t.tile(group), t.tile(group+1)
	size := last - first
	x := &r.x.block(t.image, t.set*r.planes)[0]
	for row, col := first/r.cols, first%r.cols; first < last; row, col = row+1, 0 {
		n := min(last-first, r.cols-col)
		begin, end := allLanes[0], &allLanes
		if col == 0 {
			begin = r.first
		}
		if col+n == r.cols {
			end = &r.last
		}
		r.input(n, r.planes, x, col*r.step*pixelBytes, r.x.pixels*pixelBytes, &r.windows[row][0], &r.zeros[0], begin, &end[0],
			&v[(size-(last-first))*Block], size*pixelBytes, r.places*size*pixelBytes)
		first += n
	}
}

// multiply computes the output of a group of tiles for a block, and brings a part of the input nearer that another one will see soon.
func (r *strideRun) multiply(v []float32, t *strideTask, group int, u []float32, block int, soon *strideTask, sooner int, check []float32) {
	const steps = Block / 2 // for a plane
	first, ahead := t.tile(group), soon.tile(sooner)
	f := r.products[(t.tile(group+1)-first)%len(r.products)]
	if r.halved {
		f = r.halves[first/r.most]
	}
	outs, pixels := t.end-t.block, r.step*r.step
	lines := ((soon.tile(sooner+1)-ahead)*pixels + steps*outs - 1) / (steps * outs)
	from := min(ahead*pixels+(block-t.block)*lines*steps, r.x.pixels-1)
	f(r.planes, &v[0], &u[0], &r.bias[block*Block], &r.y.block(t.image, block)[0], &r.outputs[first].first, &check[0],
		&r.x.block(soon.image, soon.set*r.planes)[from*Block], (r.x.pixels-lines*steps)*pixelBytes, lines)
}
