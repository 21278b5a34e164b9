package kernels

// Winograd's F(2x2, 3x3): a 3x3 convolution of stride 1 makes 2x2 outputs of 4x4 inputs with 16 products instead of 36. Inputs are
// transformed to 16 places, each place is a product of pixels with weights as in a 1x1 convolution, and the products are transformed
// back. It is worth it where the products take most of the time, which needs 16 channels in a group or more.

// winograd is the transforms of an instruction set.
type winograd struct {
	input   func(tiles int, x *float32, xrow int, v *float32, vplace int)
	output  func(tiles int, m *float32, mplace int, bias, y *float32, yrow int, check *float32)
	weights func(n int, g *float32, tap, step int, u *float32, uplace int, half *float32)
}

const winoPlaces = 16

// takesWinograd reports whether pass p should take this way: whether its 2x2 tiles do not waste too much on the borders.
func (s *simd) takesWinograd(p *directPass) bool {
	if s.winograd == nil || p.lookup != wide || p.k != Block || p.kh != 3 || p.kw != 3 || p.stride != 1 || p.outPixel != 1 {
		return false
	}
	return 20*p.tileCount() < 9*p.out[0]*p.out[1]
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
	zeros   []float32
}

// runWinograd runs the pass over n images from x to y, which are blocked. What is not finite it computes again with the direct kernels,
// because the transforms spread an infinity over the whole tile and may overflow where the convolution does not.
func (s *simd) runWinograd(n int, d *directPass, y, x tensor, w, bias []float32) {
	blocksOut := d.sets * d.channelSets.out
	padded := borrow((blocksOut + 1) * Block)
	defer release(padded)
	clear(*padded)
	copy((*padded)[:blocksOut*Block], bias)
	packed, _ := d.keep.kept(forWinograd, func() (*[]float32, [][]float32) { return s.winoPack(d, w), nil })
	defer d.keep.drop(packed)
	p := &winoPass{directPass: d, s: s, rows: (d.out[0] + 1) / 2, cols: (d.out[1] + 1) / 2, y: y, x: x, weights: *packed,
		bias: *padded, zeros: (*padded)[blocksOut*Block:]}
	p.cut(n)
	finite := borrow(d.sets * p.strips * p.columns)
	defer release(finite)
	tasks(len(*finite), func(i int) {
		column, strip, set := i%p.columns, i/p.columns%p.strips, i/p.columns/p.strips
		first, last := d.channelSets.out*column/p.columns, d.channelSets.out*(column+1)/p.columns
		(*finite)[i] = float32(b2i(p.run(set, strip, first, last)))
	})
	for image := range n {
		if !p.finite(*finite, image) {
			again := *d
			again.keep = nil
			s.runDirect(1, []directPass{again}, y.image(image), x.image(image), w, bias)
		}
	}
}

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

// rowsOf returns the rows of tiles of a strip.
func (p *winoPass) rowsOf(strip int) (r0, r1 int) {
	return p.all * strip / p.strips, p.all * (strip + 1) / p.strips
}

// cut chooses strips: long enough to use weights often, short enough for the second-level cache, and as many tasks as threads need.
// Results do not depend on it.
func (p *winoPass) cut(n int) {
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
	tiles := (r1 - r0) * p.cols
	vplace, mplace := p.planes*tiles*Block|Block, tiles*Block|Block // odd numbers of cache lines, lest places share a set of the cache
	buf := borrow(winoPlaces * (vplace + mplace))
	defer release(buf)
	v, m := (*buf)[:winoPlaces*vplace], (*buf)[winoPlaces*vplace:]
	p.eachImage(r0, r1, func(image, lo, hi, tile int) {
		for plane := range p.planes {
			p.transformInput(v[(plane*tiles+tile)*Block:], vplace, p.x.block(image, set*p.planes+plane), lo, hi)
		}
	})
	var check [8]float32
	for o := first; o < last; o++ {
		block := set*p.channelSets.out + o
		p.multiply(m, mplace, v, vplace, tiles, block)
		p.eachImage(r0, r1, func(image, lo, hi, tile int) {
			p.transformOutput(m[tile*Block:], mplace, p.bias[block*Block:], p.y.block(image, block), lo, hi, &check)
		})
	}
	return check == [8]float32{}
}

// multiply computes the products of all places for one output block.
func (p *winoPass) multiply(m []float32, mplace int, v []float32, vplace, tiles, block int) {
	const square = Block * Block // weights between two blocks
	for place := range winoPlaces {
		w := p.weights[(block*winoPlaces+place)*p.planes*square:]
		bias := &p.zeros[0]
		for b := 0; b < p.planes; b += planesOfPoint {
			p.s.points(tiles, 1, min(planesOfPoint, p.planes-b), Block, v[place*vplace+b*tiles*Block:], tiles*pixelBytes, w[b*square:], bias,
				m[place*mplace:], 0)
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
	pitch := 2*p.cols + 2
	rows := 2*(hi-lo) + 2
	padded := borrow(rows * pitch * Block)
	defer release(padded)
	p.s.padPlane(*padded, x, p.in[0], p.in[1], 2*lo-p.pad[0], p.pad[1], pitch)
	for r := range hi - lo {
		p.s.winograd.input(p.cols, &(*padded)[2*r*pitch*Block], pitch*pixelBytes, &v[r*p.cols*Block], vplace*4)
	}
}

// transformOutput transforms rows [lo, hi) of tiles back to one plane.
func (p *winoPass) transformOutput(m []float32, mplace int, bias, y []float32, lo, hi int, check *[8]float32) {
	width := p.out[1]
	for r := lo; r < hi; r++ {
		at := m[(r-lo)*p.cols*Block:]
		whole := 0 // tiles of which all four pixels exist
		if 2*r+1 < p.out[0] {
			whole = width / 2
		}
		if whole > 0 {
			p.s.winograd.output(whole, &at[0], mplace*4, &bias[0], &y[2*r*width*Block], width*pixelBytes, &check[0])
		}
		for t := whole; t < p.cols; t++ {
			var edge [4 * Block]float32
			p.s.winograd.output(1, &at[t*Block], mplace*4, &bias[0], &edge[0], 2*pixelBytes, &check[0])
			for i := range min(2, p.out[0]-2*r) {
				for j := range min(2, width-2*t) {
					copy(y[((2*r+i)*width+2*t+j)*Block:][:Block], edge[(2*i+j)*Block:])
				}
			}
		}
	}
}

// winoPack transforms the weights of a pass: [set][output block][place][input channel][lane].
func (s *simd) winoPack(p *directPass, w []float32) *[]float32 {
	parts := p.channelSets.out * Block / s.lanes
	ins, taps := p.planes*Block, p.weightOf.all
	packed := borrow(p.sets * p.channelSets.out * winoPlaces * ins * Block)
	first, tap := p.taps[0]*s.lanes, (p.taps[1]-p.taps[0])*s.lanes
	tasks(p.sets*parts, func(i int) {
		set, part := i/parts, i%parts
		out := set*p.channelSets.out*Block + part*s.lanes
		buf := borrow((ins*taps + Block) * s.lanes)
		defer release(buf)
		p.weightOf.lanes(s, *buf, w, out, ins)
		half := float32(0.5)
		at := out/Block*winoPlaces*ins*Block + out%Block
		s.winograd.weights(ins, &(*buf)[first], tap*4, taps*s.lanes*4, &(*packed)[at], ins*Block*4, &half)
	})
	return packed
}
