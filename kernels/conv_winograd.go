package kernels

// Winograd's F(2x2, 3x3): a 3x3 convolution of stride 1 makes 2x2 outputs of 4x4 inputs with 16 products instead of 36. Inputs are
// transformed to 16 places, each place is a product of pixels with weights as in a 1x1 convolution, and the products are transformed
// back. It is worth it where the products take most of the time, which needs 16 channels in a group or more.

// winograd is the transforms of an instruction set, and products between them.
type winograd struct {
	input  func(rows, tiles int, x *float32, xrow int, v *float32, vplace int)
	output func(rows, tiles int, m *float32, mplace int, bias, y *float32, yrow, last int, check *float32)
	// planeInput is input for planes as they lie; nil if there is none.
	planeInput func(rows, cols int, x *float32, from, xrow, above, below int, first, third, fourth uint16, zeros, v *float32, vplace int)
	weights    func(n int, w *float32, tap, step int, u *float32, urow *int, ucol, next int, half *float32)
	// products[blocks][tiles] also transform the columns of the products back; without them, points make plain ones.
	products [3][15]winoProducts
	blocks   [15]winoBlock        // by the tiles they do at a time; all of it from one block of channels to another
	sums     map[lookup]*winoSums // of the weights' gradient
	strided  [2]strideTransform   // of stride 2, and of the gradient of its input
	lanes    winoLanesKernel      // of groups of eight channels, or nil
}

type winoProducts func(groups, planes int, v *float32, vplace, vplane int, u, m *float32, mplace, mblock int, ahead0, ahead1, ahead2, ahead3 *float32)

const winoPlaces = 16

// panel is how many output blocks are computed at once.
func (w *winograd) panel() int {
	if w.products[2][1] == nil {
		return 1
	}
	return 2
}

// most is for how many tiles at once there are kernels for nb output blocks; 0 if there are none.
func (w *winograd) most(nb int) int {
	most := len(w.products[nb]) - 1
	for most > 0 && w.products[nb][most] == nil {
		most--
	}
	return most
}

// takesWinograd reports whether pass p should take this way for n images: whether its 2x2 tiles do not waste too much on the borders and,
// where tiles of pixels are fast, whether they save more than it takes to transform the weights.
func (s *simd) takesWinograd(n int, p *directPass) bool {
	if s.winograd == nil || p.lookup != wide || p.k != Block || p.kh != 3 || p.kw != 3 || p.stride != 1 || p.outPixel != 1 {
		return false
	}
	tiles := p.tileCount()
	if p.whole == nil {
		return 20*tiles < 9*p.out[0]*p.out[1]
	}
	const large = 1 << 20 // floats that stay in no cache: to read them again for every strip keeps the threads waiting
	c, outs := winoCosts, p.channelSets.out
	weights := c.weights
	if winoPlaces*p.sets*outs*p.planes*Block*Block > large {
		weights = c.farWeights
	}
	tile := c.tile*outs + c.transforms
	if s.winograd.single(p) {
		_, size := s.winograd.block(tiles)
		tiles, tile = (tiles+size-1)/size*size, 10*outs+2
	}
	saved := 4*p.inside(0)*p.inside(1)/9*outs - tile*tiles
	return n*saved >= 4*weights*outs
}

// winogradCosts is what parts of the transform take, by the time of the direct kernels for a pixel between two blocks of channels: in
// quarters of it the products of a tile with a block and the transforms of a tile, in whole ones the transform of the weights between two
// blocks, where they stay in a cache and where they do not. With stride 2, by the time of the direct kernels for a product of vectors: that of
// 100 products, and the transform of the input of a tile.
type winogradCosts struct{ tile, transforms, weights, farWeights, strideProducts, strideInput int }

// winoCosts are those of processors that add where they multiply. Machines that know better change it.
var winoCosts = winogradCosts{tile: 10, transforms: 5, weights: 20, farWeights: 65, strideProducts: 109, strideInput: 95}

// inside is how many taps of all rows, or columns, of output see input: the kernels that take planes as they lie leave out the others.
func (p *directPass) inside(d int) int {
	after := p.out[d] + 2 - p.pad[d] - p.in[d]
	return 3*p.out[d] - max(0, p.pad[d]) - max(0, after)
}

func (p *directPass) tileCount() int { return (p.out[0] + 1) / 2 * ((p.out[1] + 1) / 2) }

// winoPass is a directPass cut into strips of rows of tiles, which may go on from one image to the next.
type winoPass struct {
	*directPass
	s       *simd
	rows    int // of tiles of an image
	cols    int
	all     int // rows of all images
	strips  int
	columns int // tasks that share the output blocks of a strip
	y, x    tensor
	weights []float32 // [set][output block][place][input channel][lane]
	bias    []float32
	zeros   []float32 // as many as input that a row of tiles sees
	single  bool      // blocks do it
}

// runWinograd runs the pass over n images from x to y, which are blocked. What is not finite it computes again with the direct kernels,
// because the transforms spread an infinity over the whole tile and may overflow where the convolution does not.
func (s *simd) runWinograd(n int, d *directPass, keep *Prepared, y, x tensor, w, bias []float32) {
	blocksOut := d.sets * d.channelSets.out
	cols := (d.out[1] + 1) / 2
	padded := borrow((blocksOut + 2*cols + 2) * Block)
	defer release(padded)
	clear(*padded)
	copy((*padded)[:blocksOut*Block], bias)
	packed := keep.kept(forWinograd, func() *[]float32 { return s.winoPack(d, w) })
	defer keep.drop(packed)
	p := winoPass{directPass: d, s: s, rows: (d.out[0] + 1) / 2, cols: cols, y: y, x: x, weights: *packed,
		bias: *padded, zeros: (*padded)[blocksOut*Block:], single: s.winograd.single(d)}
	p.cut(n)
	finite := borrow(d.sets * p.strips * p.columns)
	defer release(finite)
	winoRuns.run(len(*finite), winoRun{p, *finite})
	for image := range n {
		if !p.finite(*finite, image) {
			s.runDirect(1, []directPass{*d}, nil, y.image(image), x.image(image), w, bias)
		}
	}
}

// winoRun is a winoPass on its way; finite is for each task whether its results are.
type winoRun struct {
	winoPass
	finite []float32
}

var winoRuns = newLoop(func(p *winoRun, i int) {
	column, strip, set := i%p.columns, i/p.columns%p.strips, i/p.columns/p.strips
	p.finite[i] = float32(b2i(p.run(set, strip, p.firstBlock(column), p.firstBlock(column+1))))
})

// finite reports whether all tasks that computed something of an image found it so.
func (p *winoPass) finite(tasks []float32, image int) bool {
	for i, ok := range tasks {
		r0, r1 := p.rowsOf(i / p.columns % p.strips)
		if ok == 0 && r0 < (image+1)*p.rows && r1 > image*p.rows {
			return false
		}
	}
	return true
}

// firstBlock is the output block with which a column of tasks begins: that of a panel.
func (p *winoPass) firstBlock(column int) int {
	outs, panel := p.channelSets.out, p.s.winograd.panel()
	panels := (outs + panel - 1) / panel
	return min(outs, panels*column/p.columns*panel)
}

// rowsOf returns the rows of tiles of a strip.
func (p *winoPass) rowsOf(strip int) (r0, r1 int) {
	return p.all * strip / p.strips, p.all * (strip + 1) / p.strips
}

// cut chooses strips: long enough to use weights often, short enough for the second-level cache, and as many tasks as threads need.
// Results do not depend on it.
func (p *winoPass) cut(n int) {
	if p.single {
		p.cutSingle(n)
		return
	}
	const placeFloats, few = 3 << 10, 32 // of all channels of a place, and tiles
	tiles := max(few, placeFloats/((p.planes+p.channelSets.out)*Block))
	rows := max(1, (tiles+p.cols/2)/p.cols)
	p.all = n * p.rows
	p.strips = (p.all + rows - 1) / rows
	want := 4 * Threads()
	if Threads() == 1 {
		want = 1
	}
	p.columns = max(1, min(p.channelSets.out/4, (want+p.sets*p.strips-1)/(p.sets*p.strips)))
}

// run computes output blocks [first, last) of a strip of a set and reports whether all results are finite.
func (p *winoPass) run(set, strip, first, last int) (finite bool) {
	r0, r1 := p.rowsOf(strip)
	if p.single {
		return p.runSingle(set, r0, r1)
	}
	w, tiles := p.s.winograd, (r1-r0)*p.cols
	panel := min(w.panel(), last-first)
	// Odd numbers of cache lines, lest places share a set of the cache.
	vplace, mplace := p.planes*tiles*Block|Block, panel*tiles*Block|Block
	size := winoPlaces * vplace
	// Products may take the place of input that nothing needs again.
	inPlace := w.products[1][1] != nil && p.channelSets.out <= min(w.panel(), p.planes)
	if !inPlace {
		size += winoPlaces * mplace
	}
	buf := borrow(size + Block)
	defer release(buf)
	check, v, m := (*buf)[:Block], (*buf)[Block:][:winoPlaces*vplace], (*buf)[Block+winoPlaces*vplace:]
	if inPlace {
		m, mplace = v, vplace
	}
	clear(check)
	p.eachImage(r0, r1, func(image, lo, hi, tile int) {
		for plane := range p.planes {
			p.transformInput(v[(plane*tiles+tile)*Block:], vplace, p.x.block(image, set*p.planes+plane), lo, hi)
		}
	})
	var ahead winoAhead // the input of the next strip, and the output of this one
	next := (set*p.strips + strip + 1) % (p.sets * p.strips)
	ahead[0], ahead[1] = p.halves(p.x, p.in, next%p.strips, next/p.strips*p.planes, p.planes)
	for o := first; o < last; o += panel {
		block, nb := set*p.channelSets.out+o, min(panel, last-o)
		ahead[2], ahead[3] = p.halves(p.y, p.out, strip, block, nb)
		p.multiply(m, mplace, v, vplace, tiles, p.weights[block*p.transformedFloats():], nb, ahead)
		p.eachImage(r0, r1, func(image, lo, hi, tile int) {
			for b := range nb {
				p.transformOutput(m[(b*tiles+tile)*Block:], mplace, p.bias[(block+b)*Block:], p.y.block(image, block+b), lo, hi, check)
			}
		})
	}
	return [Block]float32(check) == [Block]float32{}
}

// halves returns where the halves of what a strip has of so many blocks begin: of its first and last image, of two blocks, or of its rows.
func (p *winoPass) halves(t tensor, size [2]int, strip, block, count int) (first, second []float32) {
	r0, r1 := p.rowsOf(strip)
	image, last := r0/p.rows, (r1-1)/p.rows
	blocks := blocks(t.channels)
	at := ((image*blocks+block)*t.pixels + 2*(r0%p.rows)*size[1]) * Block
	from := at + (r1-r0)*size[1]*Block*count
	switch {
	case image < last:
		from = (last*blocks + block) * t.pixels * Block
	case r1-r0 < p.rows && count > 1:
		from = at + t.pixels*Block
	}
	return t.data[at:], t.data[min(from, len(t.data)-1):]
}

// winoAhead is where to fetch in the course of each column of places.
type winoAhead [4][]float32

// forward moves on by n floats.
func (a *winoAhead) forward(n int) {
	for i, x := range a {
		a[i] = x[min(n, len(x)-1):]
	}
}

// multiply computes the products of all places for nb output blocks.
func (p *winoPass) multiply(m []float32, mplace int, v []float32, vplace, tiles int, weights []float32, nb int, ahead winoAhead) {
	w := p.s.winograd
	if most := w.most(nb); most > 0 {
		groups := (tiles + most - 1) / most
		size, big := tiles/groups, tiles%groups // the first groups have a tile more
		for _, g := range [2]struct{ count, size int }{{big, size + 1}, {groups - big, size}} {
			if g.count == 0 {
				continue
			}
			w.products[nb][g.size](g.count, p.planes, &v[0], vplace*4, tiles*pixelBytes, &weights[0], &m[0], mplace*4, tiles*pixelBytes,
				&ahead[0][0], &ahead[1][0], &ahead[2][0], &ahead[3][0])
			ahead.forward(g.count * p.planes * 32 / nb * Block)
			done := g.count * g.size * Block
			v, m = v[done:], m[done:]
		}
		return
	}
	const square = Block * Block // weights between two blocks
	for place := range winoPlaces {
		w := weights[place*p.planes*square:]
		bias := &p.zeros[0]
		for b := 0; b < p.planes; b += planesOfPoint {
			p.s.points(0, (tiles+rowsOfTile-1)/rowsOfTile, tiles, 1, min(planesOfPoint, p.planes-b), Block, v[place*vplace+b*tiles*Block:],
				tiles*pixelBytes, w[b*square:], bias, m[place*mplace:], 0, &noFetch)
			bias = nil
		}
	}
}

// eachImage calls f with the part of every image that rows [r0, r1) of tiles of all images cover: its rows [lo, hi), and which tile of
// the strip is their first.
func (p *winoPass) eachImage(r0, r1 int, f func(image, lo, hi, tile int)) {
	for r := r0; r < r1; {
		image := r / p.rows
		lo := r - image*p.rows
		hi := min(p.rows, lo+r1-r)
		f(image, lo, hi, (r-r0)*p.cols)
		r += hi - lo
	}
}

// transformInput transforms rows [lo, hi) of tiles of one plane.
func (p *winoPass) transformInput(v []float32, vplace int, x []float32, lo, hi int) {
	if f := p.s.winograd.planeInput; f != nil && p.narrow() {
		b := p.borders(lo, hi)
		f(hi-lo, p.cols, &x[0], b.from, b.xrow, b.above, b.below, b.first, b.third, b.fourth, &p.zeros[0], &v[0], vplace*4)
		return
	}
	pitch := 2*p.cols + 2
	rows := 2*(hi-lo) + 2
	padded := borrow(rows * pitch * Block)
	defer release(padded)
	p.s.padPlane(*padded, x, p.in[0], p.in[1], 2*lo-p.pad[0], p.pad[1], pitch)
	p.s.winograd.input(hi-lo, p.cols, &(*padded)[0], pitch*pixelBytes, &v[0], vplace*4)
}

// winoBorders is where in a plane rows of tiles begin and which of what they see is padding, in the kernels' terms.
type winoBorders struct {
	from, xrow, above, below int
	first, third, fourth     uint16
}

// borders is for rows [lo, hi) of tiles of an image, if padding is narrow.
func (p *winoPass) borders(lo, hi int) winoBorders { return winoBordersOf(p.in, p.pad, p.cols, lo, hi) }

// winoBordersOf is for rows [lo, hi) of so many tiles of a plane.
func winoBordersOf(in, pad [2]int, cols, lo, hi int) winoBorders {
	xrow, right := in[1]*pixelBytes, beyond(2*cols, in[1], pad[1])
	return winoBorders{(2*lo-pad[0])*xrow - pad[1]*pixelBytes, xrow, pad[0] * b2i(lo == 0), beyond(2*hi, in[0], pad[0]),
		laneMask(pad[1] == 0), laneMask(right < 2), laneMask(right < 1)}
}

// laneMask is the mask of all lanes, or of none.
func laneMask(all bool) uint16 { return -uint16(b2i(all)) }

// narrow reports whether there is at most a pixel of padding at every side.
func (p *directPass) narrow() bool {
	for d := range 2 {
		if after := beyond(p.out[d], p.in[d], p.pad[d]); p.pad[d] != p.pad[d]&1 || after > 1 {
			return false
		}
	}
	return true
}

// beyond is how many rows, or columns, that so many of the output see lie beyond the end of the input.
func beyond(out, in, pad int) int { return max(0, out+2-pad-in) }

// transformOutput transforms rows [lo, hi) of tiles back to one plane.
func (p *winoPass) transformOutput(m []float32, mplace int, bias, y []float32, lo, hi int, check []float32) {
	row, last := p.out[1]*pixelBytes, pixelBytes*(1-p.out[1]%2)
	if whole := min(hi, p.out[0]/2) - lo; whole > 0 {
		p.s.winograd.output(whole, p.cols, &m[0], mplace*4, &bias[0], &y[2*lo*p.out[1]*Block], row, last, &check[0])
	}
	if 2*hi > p.out[0] { // the last tiles have but one row
		p.s.winograd.output(1, p.cols, &m[(hi-1-lo)*p.cols*Block], mplace*4, &bias[0], &y[2*(hi-1)*p.out[1]*Block], 0, last, &check[0])
	}
}

// winoPack transforms the weights of a pass, a panel of output blocks after the other.
func (s *simd) winoPack(p *directPass, w []float32) *[]float32 {
	packed := borrow(p.sets * p.channelSets.out * p.transformedFloats())
	work := winoPacking{directPass: p, s: s, packed: *packed, w: w}
	ins, outs, panel := p.planes*Block, p.channelSets.out, s.winograd.panel()
	work.orders = [2]winoOrder{s.winograd.order(ins, panel*Block), s.winograd.order(ins, work.wide((outs-1)/panel*panel))}
	winoPacks.run(p.vectors(s), work)
	return packed
}

type winoPacking struct {
	*directPass
	s         *simd
	packed, w []float32
	orders    [2]winoOrder // of whole panels, and of the last one
}

// wide is how many lanes the panel has that begins with a block of a set.
func (p *winoPacking) wide(block int) int {
	return min(p.s.winograd.panel(), p.channelSets.out-block) * Block
}

var winoPacks = newLoop(func(p *winoPacking, vector int) {
	s, panel, parts := p.s, p.s.winograd.panel(), p.channelSets.out*Block/p.s.lanes
	ins, taps := p.planes*Block, p.weightOf.all
	first, tap := p.taps[0]*s.lanes, (p.taps[1]-p.taps[0])*s.lanes
	buf := borrow((ins*taps + Block) * s.lanes)
	defer release(buf)
	p.weightOf.lanes(s, *buf, p.w, vector*s.lanes, ins)
	set, lane := vector/parts, vector%parts*s.lanes
	block := lane / Block / panel * panel // the first of its panel
	order := &p.orders[b2i(p.wide(block) < panel*Block)]
	at := (set*p.channelSets.out+block)*p.transformedFloats() + lane - block*Block
	s.winograd.weights(ins, &(*buf)[first], tap*4, taps*s.lanes*4, &p.packed[at], &order.rows[0], order.column, order.next, &oneHalf)
})

var oneHalf = float32(0.5)

// winoOrder is the distances in bytes of transformed weights.
type winoOrder struct {
	rows         [4]int // of places, from the first
	column, next int    // of columns of places and of input channels
}

// winoGap is the bytes between transformed weights of columns of places, lest those of one channel, which are stored together, share a set
// of the first-level cache.
const winoGap = 3 * pixelBytes

// transformedFloats is how many transformed weights lead to an output block, with gaps.
func (p *directPass) transformedFloats() int { return winoPlaces*p.planes*Block*Block + winoGap }

// order is how weights from so many channels to a panel of so many lanes lie: [place][channel][lane] or, for products,
// [column][outer rows][channel][second of two rows][lane], with gaps between columns.
func (w *winograd) order(channels, lanes int) winoOrder {
	place, next := channels*lanes*4, lanes*4
	if w.products[1][1] == nil {
		return winoOrder{[4]int{0, 4 * place, 8 * place, 12 * place}, place, next}
	}
	return winoOrder{[4]int{2 * place, 0, next, 2*place + next}, 4*place + winoGap, 2 * next}
}
