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

// convKernel computes rows x cols output pixels; its loop is in the comment of each kernel.
type convKernel struct {
	rows, cols int
	f          func(x *float32, xrow, xplane, planes, kh, k int, table *uint32, w, bias, y *float32, yrow, ypixel int, ahead *float32, aheadplane int)
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
}

// channelSets returns how the direct kernels of s do a convolution from icg to ocg channels per group, and whether they can.
func (s *simd) channelSets(groups, icg, ocg int) (cs channelSets, ok bool) {
	cs = channelSets{sets: blocks(groups * ocg), planes: 1, out: 1, k: icg, halfOffset: s.lanes}
	switch {
	case groups == 1:
		cs = channelSets{lookup: wide, sets: 1, planes: blocks(icg), out: blocks(ocg), k: min(icg, Block)}
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
		t[0][i] = k
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

// directPass is one convolution without dilation from blocked planes to blocked planes. Backward-data with a stride is several passes,
// each of which writes every stride-th row and column.
type directPass struct {
	channelSets
	in, out    [2]int // input and output height and width
	kh, kw     int
	stride     int
	pad        [2]int // above and left
	outAt      int    // first output pixel of an image plane
	outRow     int    // distances in pixels between the rows
	outPixel   int    // and columns that the pass writes
	outPlane   int    // pixels of a whole output plane
	weightOf   weightIndex
	packedSize int // of the weights of a set
}

// weightIndex finds weights in the plain layout: w[base(out) + in*step + taps[i]] leads from input channel in of a group to output
// channel out of the pass through its i-th tap.
type weightIndex struct {
	base     func(out int) int
	distance int // of neighbouring output channels of one group
	step     int
	taps     []int
	in       int // input channels of a group
	outs     int // output channels in all
}

// packSet packs the weights of a set: [out block][part of a block][plane][tap row][k][tap column][lane].
func (p *directPass) packSet(s *simd, dst, w []float32, set int) {
	taps := p.kh * p.kw
	ins := p.planes * p.k
	buf := borrow((ins*taps + Block) * s.lanes)
	defer release(buf)
	o := 0
	for ob := range p.channelSets.out {
		for first := 0; first < Block; first += s.lanes {
			p.weightOf.lanes(s, *buf, w, (set*p.channelSets.out+ob)*Block+first, ins)
			for plane := range p.planes {
				for h := range p.kh {
					for k := range p.k {
						at := ((plane*p.k+k)*taps + h*p.kw) * s.lanes
						o += copy(dst[o:], (*buf)[at:at+p.kw*s.lanes])
					}
				}
			}
		}
	}
}

// lanes gathers the weights that lead to a vector of output channels, dst[(in*taps+i)*lanes+lane], with zeros for what does not exist.
func (x *weightIndex) lanes(s *simd, dst, w []float32, out, ins int) {
	n, taps := s.lanes, len(x.taps)
	exist := min(ins, x.in)
	clear(dst[exist*taps*n : ins*taps*n])
	base := x.base(out)
	switch {
	case out+n > x.outs || x.base(out+n-1) != base+(n-1)*x.distance:
		x.gather(dst, w, out, n, exist)
	case x.inOrder():
		s.transposeInto(dst, n, w[base:], x.distance, n, exist*taps)
	default:
		for in := range exist {
			x.transpose(s, dst[in*taps*n:], w, base+in*x.step)
		}
	}
}

// inOrder says that the weights of one output channel lie in the order in which they are wanted.
func (x *weightIndex) inOrder() bool {
	if x.step != len(x.taps) {
		return false
	}
	for i, t := range x.taps {
		if t != i {
			return false
		}
	}
	return true
}

// transpose gathers the taps of one input channel for neighbouring output channels at from.
func (x *weightIndex) transpose(s *simd, dst, w []float32, from int) {
	n := s.lanes
	var square [2 * Block * Block]float32
	all := x.distance // all taps of a channel lie together
	if all > n || from+(n-1)*all+n > len(w) {
		for i, t := range x.taps {
			for lane := range n {
				dst[i*n+lane] = w[from+lane*all+t]
			}
		}
		return
	}
	s.transpose(1, &square[0], n*4, 0, &w[from], all*4, 0) // reads a little beyond the taps
	for i, t := range x.taps {
		copy(dst[i*n:][:n], square[t*n:])
	}
}

// gather is lanes for output channels that lie apart or do not all exist.
func (x *weightIndex) gather(dst, w []float32, out, n, ins int) {
	taps := len(x.taps)
	for lane := range n {
		if out+lane >= x.outs {
			for i := range ins * taps {
				dst[i*n+lane] = 0
			}
			continue
		}
		base := x.base(out + lane)
		for in := range ins {
			for i, t := range x.taps {
				dst[(in*taps+i)*n+lane] = w[base+in*x.step+t]
			}
		}
	}
}

// kernelFor picks the tile that wastes least on an output of the given size.
func kernelFor(kernels []convKernel, height, width int) convKernel {
	best, cost := kernels[0], 1<<62
	for _, k := range kernels {
		n := (height + k.rows - 1) / k.rows * ((width + k.cols - 1) / k.cols)
		if c := n * (2*k.rows*k.cols + 3); c < cost {
			best, cost = k, c
		}
	}
	return best
}

// scratchFloats bounds the padded input of one task, so that it stays in the second-level cache.
const scratchFloats = 1 << 16

// runDirect runs the passes over n images from x to y, both blocked. bias holds one value per output channel, or is nil.
func (s *simd) runDirect(n int, passes []directPass, y, x, w, bias []float32) {
	size := passes[0].packedSize
	for _, p := range passes {
		size = max(size, p.packedSize)
	}
	sets := passes[0].sets
	packed := borrow(len(passes) * sets * size)
	defer release(packed)
	padded := borrow(sets * passes[0].channelSets.out * Block)
	defer release(padded)
	clear(*padded)
	copy(*padded, bias)
	tasks(len(passes)*sets, func(i int) { passes[i/sets].packSet(s, (*packed)[i*size:], w, i%sets) })
	bands := 0
	for i := range passes {
		bands = max(bands, passes[i].bands(s, n))
	}
	tasks(n*sets*len(passes)*bands, func(i int) {
		band, pass, set, image := i%bands, i/bands%len(passes), i/bands/len(passes)%sets, i/bands/len(passes)/sets
		t := &passes[pass]
		t.run(s, image, set, band, bands, y, x, (*packed)[(pass*sets+set)*size:], (*padded)[set*t.channelSets.out*Block:])
	})
}

// bands is into how many bands of rows an image is cut, for the sake of caches and of threads.
func (p *directPass) bands(s *simd, n int) int {
	k := kernelFor(s.conv[convKey{p.lookup, p.kw, p.stride}], p.out[0], p.out[1])
	rows := (p.out[0] + k.rows - 1) / k.rows
	perRow := p.planes * p.stride * k.rows * (p.stride*p.out[1] + p.kw) * Block
	want := max((rows*perRow+scratchFloats-1)/scratchFloats, (4*Threads()+n*p.sets-1)/(n*p.sets))
	return min(rows, want)
}

// run computes a band of rows of one set of one image.
func (p *directPass) run(s *simd, image, set, band, bands int, y, x, w, bias []float32) {
	kernel := kernelFor(s.conv[convKey{p.lookup, p.kw, p.stride}], p.out[0], p.out[1])
	tileRows := (p.out[0] + kernel.rows - 1) / kernel.rows
	first, last := tileRows*band/bands, tileRows*(band+1)/bands
	if first == last {
		return
	}
	row := func(t int) int { return max(0, min(t*kernel.rows, p.out[0]-kernel.rows)) } // the last tile overlaps the one before it
	r0 := row(first)
	cols := max(kernel.cols, p.out[1])
	c := paddedPlanes{pass: p, step: kernel.rows, first: r0*p.stride - p.pad[0], pitch: p.stride*(cols-1) + p.kw,
		rows: p.stride*(row(last-1)-r0+kernel.rows-1) + p.kh}
	buf := borrow(p.planes * c.rows * c.pitch * Block)
	defer release(buf)
	c.data = *buf
	c.x = x[(image*p.sets+set)*p.planes*p.in[0]*p.in[1]*Block:]
	temp := borrow(kernel.rows * kernel.cols * Block)
	defer release(temp)
	job := tileJob{p, s, kernel, &c, w, bias, *temp}
	outBase := (image*p.sets + set) * p.channelSets.out
	for t := first; t < last; t++ {
		r := row(t)
		c.fill((r-r0)*p.stride + p.stride*(kernel.rows-1) + p.kh)
		for ob := range p.channelSets.out {
			job.tileRow(y[((outBase+ob)*p.outPlane+p.outAt)*Block:], ob, r, r-r0)
		}
	}
}

// paddedPlanes is scratch that holds rows of the input planes of a set with their padding.
type paddedPlanes struct {
	pass        *directPass
	data        []float32 // [plane][row][pitch][Block]
	x           []float32 // the set's planes of one image
	first       int       // input row of scratch row 0
	rows, pitch int
	filled      int // scratch rows that are in place
	step        int // output rows of a tile
}

// fill puts scratch rows below end in place.
func (c *paddedPlanes) fill(end int) {
	p := c.pass
	height, width := p.in[0], p.in[1]
	for ; c.filled < end; c.filled++ {
		for plane := range p.planes {
			dst := c.data[(plane*c.rows+c.filled)*c.pitch*Block:][:c.pitch*Block]
			if r := c.first + c.filled; r >= 0 && r < height {
				padRow(dst, c.x[(plane*height+r)*width*Block:][:width*Block], p.pad[1]*Block)
			} else {
				clear(dst)
			}
		}
	}
}

// ahead is where tile i of a row of tiles should prefetch, so that together they fetch the input rows that fill will copy next.
func (c *paddedPlanes) ahead(i, tiles int) (at *float32, plane int) {
	p := c.pass
	height, width := p.in[0], p.in[1]
	row := c.first + c.filled
	if row < 0 || row >= height {
		return &c.data[0], 0
	}
	rows := min(height-row, p.stride*c.step)
	return &c.x[(row*width+rows*width*i/tiles)*Block], height * width * pixelBytes
}

// padRow copies row to dst with before zeros before it and zeros up to the end; what does not fit is cut off.
func padRow(dst, row []float32, before int) {
	if before < 0 {
		row, before = row[min(len(row), -before):], 0
	}
	before = min(before, len(dst))
	clear(dst[:before])
	n := copy(dst[before:], row)
	clear(dst[before+n:])
}

// tileJob is what the tiles of a task have in common.
type tileJob struct {
	p      *directPass
	s      *simd
	kernel convKernel
	in     *paddedPlanes
	w      []float32
	bias   []float32
	temp   []float32
}

// tileRow computes the tiles of output rows r.. of output block ob; y is the block's first pixel that the pass writes. at is r as a
// row of the band.
func (j *tileJob) tileRow(y []float32, ob, r, at int) {
	p, k, lanes := j.p, j.kernel, j.s.lanes
	perHalf := p.packedSize / p.channelSets.out / (Block / lanes)
	direct := k.rows <= p.out[0] && k.cols <= p.out[1]
	tiles := (p.out[1] + k.cols - 1) / k.cols
	for i := range tiles {
		ahead, aheadPlane := j.in.ahead(i, tiles)
		c := max(0, min(i*k.cols, p.out[1]-k.cols))
		x := (p.stride*at*j.in.pitch + p.stride*c) * Block
		to, row, pixel := j.temp, k.cols, 1
		if direct {
			to, row, pixel = y[(r*p.outRow+c*p.outPixel)*Block:], p.outRow, p.outPixel
		}
		for half := 0; half < Block; half += lanes {
			j.kernel.f(&j.in.data[x+half/lanes*p.halfOffset], j.in.pitch*pixelBytes, j.in.rows*j.in.pitch*pixelBytes, p.planes, p.kh, p.k,
				j.s.table(p.lookup), &j.w[(ob*Block+half)/lanes*perHalf], &j.bias[ob*Block+half], &to[half], row*pixelBytes, pixel*pixelBytes, ahead, aheadPlane)
		}
		if !direct {
			j.copyOut(y, r, c)
		}
	}
}

// copyOut copies what exists of a tile from temp to the output.
func (j *tileJob) copyOut(y []float32, r, c int) {
	p, k := j.p, j.kernel
	for i := range min(k.rows, p.out[0]-r) {
		for l := range min(k.cols, p.out[1]-c) {
			copy(y[((r+i)*p.outRow+(c+l)*p.outPixel)*Block:][:Block], j.temp[(i*k.cols+l)*Block:])
		}
	}
}
