package kernels

// Direct convolution in the blocked layout: a kernel keeps a tile of output pixels of one block of channels in registers and runs
// over the input channels and taps. Input is first copied to scratch with its padding, so that kernels meet no borders.

// lookup is how a kernel makes, from the channels of one input pixel, the k-th input channel of every output lane.
type lookup int

const (
	own  lookup = iota // depthwise: a lane sees itself
	quad               // groups of four channels
	perm               // groups of eight channels
	wide               // all lanes see the same channel
)

// convKey is what a kernel is generated for.
type convKey struct {
	lookup     lookup
	kw, stride int
}

// half is the stride of kernels for the gradient of a 3x3 convolution of stride 2: column 2i of the output sees pixel i of the input
// through tap 1, column 2i+1 sees it through tap 2 and pixel i+1 through tap 0.
const half = 0

// pixels is how many pixels of input so many columns of output see.
func (k convKey) pixels(cols int) int {
	if k.stride == half {
		return cols/2 + 1
	}
	return k.stride*(cols-1) + k.kw
}

// pixel is the first pixel of input that a column sees; with half it must be an even one.
func (k convKey) pixel(col int) int {
	if k.stride == half {
		return col / 2
	}
	return k.stride * col
}

// convKernel computes rows x cols output pixels; its loop is in the comment of each kernel. An edged one takes for granted that its
// first and last column of input is padding.
type convKernel struct {
	rows, cols int
	edged      bool
	tile       func(x *float32, xrow, xplane, planes, kh, k int, table *uint32, w, bias, y *float32, yrow, ypixel int, ahead *float32, aheadplane, top, bottom int)
	run        func(tiles int, x *float32, xrow, xplane, planes, kh, k int, table *uint32, w, bias, y *float32, yrow, ypixel int, ahead *float32, aheadplane, aheadtile, top, bottom int) // instead of tile
}

// pixelBytes is the distance of neighbouring pixels in the blocked layout.
const pixelBytes = Block * 4

// channelSets says how the channels of a convolution fall into sets that have nothing to do with each other.
type channelSets struct {
	lookup      lookup
	sets        int
	planes, out int // blocks of input and output channels of a set
	k           int // input channels of a plane that a lane looks up
	halfOffset  int // floats from the input of one half of the lanes to that of the next, when a vector has fewer than 16
	outC        int // output channels of a set if sets lie apart, each in blocks of its own, which only plain tensors can be read as; or 0
}

// channelSets returns how the direct kernels of s do a convolution from icg to ocg channels per group, and whether they can.
func (s *simd) channelSets(groups, icg, ocg int) (cs channelSets, ok bool) {
	cs = channelSets{sets: blocks(groups * ocg), planes: 1, out: 1, k: icg, halfOffset: s.lanes}
	switch {
	case groups == 1:
		cs = channelSets{lookup: wide, sets: 1, planes: blocks(icg), out: blocks(ocg), k: min(icg, Block)}
	case s.apart(icg, ocg):
		cs = channelSets{lookup: wide, sets: groups, planes: blocks(icg), out: blocks(ocg), k: min(icg, Block), outC: ocg}
	case icg%Block == 0 && ocg%Block == 0:
		cs = channelSets{lookup: wide, sets: groups, planes: icg / Block, out: ocg / Block, k: Block}
	case icg != ocg:
		return cs, false
	case icg == 1:
		cs.lookup = own
	case icg == 4:
		cs.lookup = quad
	case icg == 8 && s.lanes == Block:
		cs.lookup = perm
	case icg == 8:
		cs.lookup = wide // a half block is a group
	default:
		return cs, false
	}
	return cs, true
}

// lookupTables[l] holds, for each k, the control vector by which quad and perm look up the k-th channel of every lane's group.
var lookupTables = func() (t [2][8 * Block]uint32) {
	for i := range t[0] {
		k, lane := uint32(i/Block), uint32(i%Block)
		t[0][i] = lane/4*4 + k
		t[1][i] = lane/8*8 + k
	}
	return t
}()

// table is the control table of a lookup for vectors of the level, nil if it needs none.
func (s *simd) table(l lookup) *uint32 {
	switch l {
	case quad:
		if s.lanes < Block {
			return &quadTable8[0]
		}
		return &lookupTables[0][0]
	case perm:
		return &lookupTables[1][0]
	}
	return nil
}

// quadTable8 is the quad table for vectors of eight.
var quadTable8 = func() (t [4 * 8]uint32) {
	for i := range t {
		t[i] = uint32(i / 8)
	}
	return t
}()

// apart reports whether groups of so many channels are computed in blocks of their own: no other way takes them, and they fill enough of
// a vector.
func (s *simd) apart(icg, ocg int) bool {
	const few = 4
	shared := icg == ocg && (icg == few || icg == 8) || icg%Block == 0 && ocg%Block == 0
	return !shared && min(icg, ocg) >= few
}

// directPass is one convolution without dilation from blocked planes to blocked planes. Backward-data with a stride is several passes
// over the same input, each of which writes every stride-th row and column.
type directPass struct {
	channelSets
	in, out  [2]int // input and output height and width
	kh, kw   int
	stride   int
	half     bool   // columns have stride half, rows stride 1
	pad      [2]int // above and left
	outAt    int    // first output pixel of an image plane
	outRow   int    // distances in pixels between the rows
	outPixel int    // and columns that the pass writes
	outPlane int    // pixels of a whole output plane
	taps     []int  // which of the convolution's taps the pass has, row by row
	weightOf weightIndex
	tile     convKernel // for most rows
	lastTile convKernel // for the last ones
	order    []uint32   // of packed weights, see packOrder

	whole []planePass // the same work for kernels that take planes as they lie, or nil; for the first pass
	sweep *sweepPass  // likewise, of groups within a block
	lanes *lanesPass  // likewise, by Winograd's transform

	strided *stridePass // likewise, with fewer products

	weightsAt int // where the packed weights of the pass begin among those of all
}

// key finds the kernels of the pass.
func (p *directPass) key() convKey {
	if p.half {
		return convKey{p.lookup, p.kw, half}
	}
	return convKey{p.lookup, p.kw, p.stride}
}

// scratchFloats bounds the padded input of one task, so that it stays in the second-level cache.
const scratchFloats = 1 << 16

// runPasses runs the passes over n images from x to y in the fastest way. bias holds one value per output channel, or is nil.
// keep holds the packed weights, if it is not nil.
func (s *simd) runPasses(n int, passes []directPass, keep *Prepared, y, x tensor, w, bias []float32) {
	if !x.plain && y.group == 0 && s.takesWinograd(n, &passes[0]) {
		y.viaBlocks(n, func(y tensor) { s.runWinograd(n, &passes[0], keep, y, x, w, bias) })
		return
	}
	if strided := passes[0].strided; !x.plain && !y.plain && strided != nil && strided.takes(n) {
		s.runStride(n, strided, keep, y, x, w, bias, func(image int) {
			s.runDirect(1, passes, nil, y.image(image), x.image(image), w, bias)
		})
		return
	}
	if !x.plain && !y.plain && passes[0].lanes.takes(n) {
		s.runLanes(n, passes[0].lanes, keep, y, x, w, bias)
		return
	}
	if !x.plain && !y.plain && passes[0].sweep != nil {
		s.runSweep(n, passes[0].sweep, keep, y, x, w, bias)
		return
	}
	if !y.plain && passes[0].whole != nil {
		if x.plain { // of a stem
			lent := borrow(BlockedLen(n, x.channels, x.pixels))
			defer release(lent)
			ToBlocked(*lent, x.data, n, x.channels, x.pixels)
			x.data, x.plain = *lent, false
		}
		s.runPlanes(n, passes[0].whole, keep, y, x, w, bias)
		return
	}
	s.runDirect(n, passes, keep, y, x, w, bias)
}

// runDirect is runPasses by tiles.
func (s *simd) runDirect(n int, passes []directPass, keep *Prepared, y, x tensor, w, bias []float32) {
	p := &passes[0]
	if y.plain && y.group == 0 && n*p.sets < Threads() && p.bands(n) > 1 { // too few tasks if each converts whole planes
		y.viaBlocks(n, func(y tensor) { s.runDirect(n, passes, keep, y, x, w, bias) })
		return
	}
	outs := p.sets * p.channelSets.out * Block
	padded := borrow(outs)
	defer release(padded)
	p.spread(*padded, bias)
	packed := keep.kept(forTiles, func() *[]float32 { return s.packAll(passes, w) })
	defer keep.drop(packed)
	bands := p.bands(n)
	if y.plain { // a task converts whole planes
		bands = 1
	}
	directRuns.run(n*p.sets*bands, directRun{s, passes, *packed, *padded, y, x, bands})
}

// directRun is passes on their way, cut into bands of rows.
type directRun struct {
	s             *simd
	passes        []directPass
	weights, bias []float32
	y, x          tensor
	bands         int
}

var directRuns = newLoop(func(r *directRun, i int) {
	p := &r.passes[0]
	set := i / r.bands % p.sets
	j := directTask{directRun: r, set: set, image: i / r.bands / p.sets, bias: r.bias[set*p.channelSets.out*Block:]}
	j.run(i % r.bands)
})

// spread sets padded, a value for every output lane, from one for every output channel, or none.
func (cs *channelSets) spread(padded, bias []float32) {
	clear(padded)
	if cs.outC == 0 || bias == nil {
		copy(padded, bias)
		return
	}
	for set := range cs.sets {
		copy(padded[set*cs.out*Block:], bias[set*cs.outC:][:cs.outC])
	}
}

// bands is into how many bands of rows an image is cut, for the sake of caches and of threads.
func (p *directPass) bands(n int) int {
	rows := p.tileRows()
	perRow := p.planes * p.stride * p.tile.rows * (p.stride*p.out[1] + p.kw) * Block
	want := max((rows*perRow+scratchFloats-1)/scratchFloats, (4*Threads()+n*p.sets-1)/(n*p.sets))
	return max(1, min(rows, want))
}

// directTask computes a band of rows of one set of one image.
type directTask struct {
	*directRun
	image, set int
	bias       []float32
	planes     paddedPlanes
	temp       []float32
}

func (j *directTask) run(band int) {
	passes, bands, x := j.passes, j.bands, j.x
	p := &passes[0]
	j.planes = paddedPlanes{pass: p}
	if !j.planes.cover(passes, band, bands) {
		return
	}
	j.planes.source, j.planes.image, j.planes.block = x, j.image, j.set*p.planes
	if !x.plain {
		j.planes.x = x.data[(j.image*blocks(x.channels)+j.planes.block)*x.pixels*Block:]
	}
	first, count := j.set*p.channelSets.out, p.channelSets.out
	out, lent := j.y.room(j.image, first, count)
	defer j.y.write(lent, j.image, first, count)
	buf := borrow(p.planes * j.planes.rows * j.planes.pitch * Block)
	defer release(buf)
	j.planes.data = *buf
	if j.s.rowwise(passes) {
		j.wholeRows(p, j.weights[p.weightsOf(j.s, j.set):], out, band, bands)
		return
	}
	temp := borrow(32 * Block)
	defer release(temp)
	j.temp = *temp
	for t, together := 0, p.rowsTogether(); j.fill(passes, band, bands, t, t+together); t += together {
		for ob := range p.channelSets.out {
			for row := t; row < t+together; row++ { // of all passes, because they write neighbouring pixels
				for i := range passes {
					first, last := passes[i].rowsOfBand(band, bands)
					if first+row < last {
						j.rowOfTiles(&passes[i], j.weights[passes[i].weightsOf(j.s, j.set):], out, ob, first+row)
					}
				}
			}
		}
	}
}

// rowsTogether is how many rows of tiles are computed for one output block before the next: one where the weights of a set stay in the
// first-level cache, all of the band where they would have to be read again for every row.
func (p *directPass) rowsTogether() int {
	if p.planes*p.channelSets.out < 4 {
		return 1
	}
	return p.tileRows()
}

// fill puts in place what rows [t0, t1) of tiles of all passes in the band see, and reports whether there are any.
func (j *directTask) fill(passes []directPass, band, bands, t0, t1 int) (any bool) {
	for i := range passes {
		p := &passes[i]
		first, last := p.rowsOfBand(band, bands)
		for t := first + t0; t < min(last, first+t1); t++ {
			r, k := p.tileRow(t)
			j.planes.fill(j.s, r*p.stride-p.pad[0]-j.planes.first+p.stride*(k.rows-1)+p.kh, k.rows)
			any = true
		}
	}
	return any
}

// rowOfTiles computes row t of the tiles of a pass for output block ob of the set, whose planes y holds.
func (j *directTask) rowOfTiles(p *directPass, w, y []float32, ob, t int) {
	r, k := p.tileRow(t)
	j.tiles(p, k, w, y[(ob*p.outPlane+p.outAt)*Block:], ob, r, r*p.stride-p.pad[0]-j.planes.first)
}

// tiles computes the tiles of output rows r.. of output block ob; y is the block's first pixel that the pass writes, and at is the
// row of the padded planes that output row r sees first. What is left beside whole tiles takes one that overlaps the last.
func (j *directTask) tiles(p *directPass, k convKernel, w, y []float32, ob, r, at int) {
	tiles, whole := (p.out[1]+k.cols-1)/k.cols, p.out[1]/k.cols
	if k.run == nil || k.rows > p.out[0] {
		whole = 0 // one at a time
	}
	j.side(p, k, w, y, ob, r, at, 0, whole, tiles)
	for i := whole; i < tiles; i++ {
		j.side(p, k, w, y, ob, r, at, i, 1, tiles)
	}
}

// side computes n tiles side by side, from tile i of a row of so many on.
func (j *directTask) side(p *directPass, k convKernel, w, y []float32, ob, r, at, i, n, tiles int) {
	if n == 0 {
		return
	}
	s, in := j.s, &j.planes
	fits := k.rows <= p.out[0] && k.cols <= p.out[1]
	ahead, aheadPlane, aheadTile := in.ahead(i, tiles)
	top, bottom := p.padding(r, k.rows)
	c := max(0, min(i*k.cols, p.out[1]-k.cols))
	x := (at*in.pitch + p.key().pixel(c) - p.pad[1] + in.before) * Block
	to, row, pixel := j.temp, k.cols, 1
	if fits {
		to, row, pixel = y[(r*p.outRow+c*p.outPixel)*Block:], p.outRow, p.outPixel
	}
	for half := 0; half < Block; half += s.lanes {
		part := (ob*Block + half) / s.lanes
		if p.outC > 0 && part*s.lanes >= p.outC {
			break // nobody reads these lanes
		}
		x, w, bias, to := &in.data[x+half/s.lanes*p.halfOffset], &w[part*p.vectorFloats(s)], &j.bias[ob*Block+half], &to[half]
		xrow, xplane, table := in.pitch*pixelBytes, in.rows*in.pitch*pixelBytes, s.table(p.lookup)
		if k.run != nil {
			k.run(n, x, xrow, xplane, p.planes, p.kh, p.k, table, w, bias, to, row*pixelBytes, pixel*pixelBytes,
				ahead, aheadPlane, aheadTile, top, bottom)
		} else {
			k.tile(x, xrow, xplane, p.planes, p.kh, p.k, table, w, bias, to, row*pixelBytes, pixel*pixelBytes,
				ahead, aheadPlane, top, bottom)
		}
	}
	if !fits {
		p.copyOut(y, j.temp, k, r, c)
	}
}

// copyOut copies what exists of a tile from temp to the output.
func (p *directPass) copyOut(y, temp []float32, k convKernel, r, c int) {
	for i := range min(k.rows, p.out[0]-r) {
		for l := range min(k.cols, p.out[1]-c) {
			copy(y[((r+i)*p.outRow+(c+l)*p.outPixel)*Block:][:Block], temp[(i*k.cols+l)*Block:])
		}
	}
}
