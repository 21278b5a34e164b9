package kernels

// 3x3 convolutions of groups of four or eight channels, with a pixel of padding, between blocked tensors as they lie. A call goes through
// the columns of a band of rows.

// sweepKernel computes a band of rows; its loop is in the comment of each kernel.
type sweepKernel func(width, others int, x *float32, from, xrow int, table *uint32, w, bias, y *float32, yrow int, ahead *float32, top, bottom, odd, past int)

// pairChannel is the channel of its group of so many that a lane sees as the k-th: those of its own pair first, which cost no permutation,
// and the first pair in their place.
func pairChannel(channels, k, lane int) int {
	switch own := lane % channels / 2; k / 2 {
	case 0:
		return own*2 + k%2
	case own:
		return k % 2
	}
	return k
}

// orderPairs puts weights [channel][tap][lane] of groups of so many channels from the order of their numbers into that of pairChannel.
func orderPairs(x []float32, channels, taps int) {
	size := 2 * taps * Block // of a pair
	first := x[:size]
	for own := 1; own < channels/2; own++ {
		other := x[own*size:][:size]
		for lane := 2 * own; lane < size; lane += channels {
			a, b := (*[2]float32)(first[lane:]), (*[2]float32)(other[lane:])
			*a, *b = *b, *a
		}
	}
}

// pairTables are the indices by which kernels look up the channels of other pairs.
var pairTables = map[lookup]*[6 * Block]uint32{quad: pairTable(4), perm: pairTable(8)}

func pairTable(channels int) *[6 * Block]uint32 {
	var t [6 * Block]uint32
	for k := 2; k < channels; k++ {
		for lane := range Block {
			t[(k-2)*Block+lane] = uint32(lane/channels*channels + pairChannel(channels, k, lane))
		}
	}
	return &t
}

// sweepPass is a convolution, or the gradient of its input, for these kernels.
type sweepPass struct {
	*directPass
	kernels   []sweepKernel // by rows of a band, less one
	size      [2]int        // height and width of the smaller one of input and output, from whose rows bands are cut
	in, out   [2]int        // and of both
	down, up  int           // rows of input and of output for each of those
	order     []uint32      // where, in bytes, packed weights lie in [input channel][tap]
	odd, past bool
}

// sweepForward is c for these kernels, or nil; p is its pass by tiles.
func (s *simd) sweepForward(c Conv, p *directPass) *sweepPass {
	out, stride := c.Out(), c.Stride[2]
	for d := 1; d < 3; d++ {
		last := (out[d]-1)*stride + 1 // pixel that is seen
		if c.PadLo[d] != 1 || last > c.In[d] || stride == 1 && last < c.In[d] {
			return nil
		}
	}
	q := sweepPass{directPass: p, in: [2]int{c.In[1], c.In[2]}, out: [2]int{out[1], out[2]}, down: stride, up: 1}
	q.odd = stride > 1 && (out[2]-1)*stride+1 == c.In[2]
	q.size = q.out
	return q.with(s, stride, false)
}

// sweepBackward is the same for the gradient of the input; p is the first of its passes by tiles.
func (s *simd) sweepBackward(c Conv, p *directPass) *sweepPass {
	out, stride := c.Out(), c.Stride[2]
	for d := 1; d < 3; d++ {
		if c.PadLo[d] != 1 || c.In[d] != out[d]*stride {
			return nil
		}
	}
	q := sweepPass{directPass: p, in: [2]int{out[1], out[2]}, out: [2]int{c.In[1], c.In[2]}, down: 1, up: stride}
	q.size = q.in
	switch stride {
	case 1:
		return q.with(s, 1, true)
	case 2:
		q.past = true // little work for much output, which otherwise waits for its stores
		return q.with(s, half, false)
	}
	return nil
}

// with is the pass with its kernels, if there are any, and weights whose taps are turned or not.
func (p sweepPass) with(s *simd, stride int, turned bool) *sweepPass {
	if p.lookup != quad && p.lookup != perm || p.weightOf.all != 9 || stride >= len(s.sweep) || s.sweep[stride] == nil || p.size[1] < 2 {
		return nil
	}
	p.kernels = s.sweep[stride]
	for i := range p.k * 9 {
		if turned {
			i += 8 - 2*(i%9)
		}
		p.order = append(p.order, uint32(i*pixelBytes))
	}
	return &p
}

// bands is into how many bands of rows an image falls. They differ by a row at most.
func (p *sweepPass) bands() int { return (p.size[0] + len(p.kernels) - 1) / len(p.kernels) }

// runSweep runs p over n images from x to y, which are blocked. bias holds one value per output channel, or is nil.
func (s *simd) runSweep(n int, p *sweepPass, keep *Prepared, y, x tensor, w, bias []float32) {
	padded := borrow(p.sets * Block)
	defer release(padded)
	p.spread(*padded, bias)
	packed := keep.kept(forPlanes, func() *[]float32 { return s.packSweep(p, w) })
	defer keep.drop(packed)
	r := sweepRun{sweepPass: p, table: &pairTables[p.lookup][0], weights: *packed, bias: *padded, y: y, x: x, parts: 1}
	if p.past {
		r.stores = storeFlag(y.data, len(y.data) >= largeTensor)
	}
	if t := Threads(); t > 1 {
		r.parts = min(p.bands(), (4*t+n*p.sets-1)/(n*p.sets))
	}
	sweepRuns.run(n*p.sets*r.parts, r)
}

// sweepRun is a sweepPass on its way: tasks are parts of the bands of a block of an image.
type sweepRun struct {
	*sweepPass
	table         *uint32
	weights, bias []float32
	y, x          tensor
	parts         int
	stores        int // whether to store past the caches
}

var sweepRuns = newLoop(func(r *sweepRun, i int) {
	part, block, image := i%r.parts, i/r.parts%r.sets, i/r.parts/r.sets
	for band := r.bands() * part / r.parts; band < r.bands()*(part+1)/r.parts; band++ {
		r.band(band, image, block)
	}
})

func (r *sweepRun) band(band, image, block int) {
	height, n := r.size[0], r.bands()
	from, to := height*band/n, height*(band+1)/n
	xrow, yrow := r.in[1]*pixelBytes, r.out[1]*pixelBytes
	x, y := r.x.data[(image*r.sets+block)*r.x.pixels*Block:], r.y.block(image, block)
	first, last := from*r.down-1, (to-1)*r.down+1 // rows of input that it sees, with those outside
	if r.up == 2 {
		first = from
	}
	ahead := min((last+1)*r.in[1]*Block, len(x)-1)
	r.kernels[to-from-1](r.size[1], r.k-2, &x[0], first*xrow, xrow, r.table, &r.weights[block*len(r.order)*Block], &r.bias[block*Block],
		&y[from*r.up*r.out[1]*Block], yrow, &x[ahead], b2i(first < 0), b2i(last >= r.in[0]), b2i(r.odd), r.stores)
}

// packSweep packs the weights of every block: [input channel by pairChannel][tap][lane].
func (s *simd) packSweep(p *sweepPass, w []float32) *[]float32 {
	packed := borrow(p.sets * len(p.order) * Block)
	sweepPacks.run(p.sets, sweepPacking{p, s, *packed, w})
	return packed
}

type sweepPacking struct {
	*sweepPass
	s         *simd
	packed, w []float32
}

var sweepPacks = newLoop(func(p *sweepPacking, block int) {
	buf := borrow((len(p.order) + Block) * Block)
	defer release(buf)
	p.weightOf.lanes(p.s, *buf, p.w, block*Block, p.k)
	orderPairs(*buf, p.k, p.weightOf.all)
	p.s.permute(len(p.order), &p.packed[block*len(p.order)*Block], pixelBytes, &(*buf)[0], &p.order[0])
})
