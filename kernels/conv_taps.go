package kernels

// 2-D convolutions, and gradients of their input, of any kernel, stride, dilation and padding between groups of any number of channels, for
// those without kernels of their own: the taps of a pixel are a table of where they lie in a copy of the input. In it a group begins with a
// pixel's first channel, and pixels that lie a stride apart lie side by side.

// tapKernels is their assembly.
type tapKernels struct {
	run     []func(taps int, table *int, x *float32, from int, w, bias, y0 *float32, mask0 int, y1 *float32, mask1, ystep int) // by pixels, less one
	regroup func(n int, dst, a *float32, mask0 int, b *float32, mask1, step int)
}

// tapPass is a direction of a convolution.
type tapPass struct {
	groups, inC, outC int    // channels are those of a group
	in, out           [2]int // height and width
	before, size      [2]int // padding of the copy above and left, and its height and width
	stride            [2]int // pixels of input between neighbouring outputs
	parts             []tapPart
	all               int      // taps
	ofIn, ofOut       int      // distances of weights of neighbouring channels; those of neighbouring taps lie side by side
	order             []uint32 // where, in bytes, packed vectors of weights lie in [input channel][tap]
}

// tapPart is the outputs that see the same taps: every step-th in both dimensions.
type tapPart struct {
	first, count, step [2]int
	taps               []int
	table              []int // offset in bytes and channels of each tap and block of input
	low, high          int   // rows of the copy that the first row of outputs sees
	weights            int   // of a group and a block of output, where they begin among those of all parts
}

// band is the rows of outputs that belong to a band.
func (p *tapPart) band(band, bands int) (from, to int) {
	return p.count[0] * band / bands, p.count[0] * (band + 1) / bands
}

// takesTaps reports whether these kernels do c, with enough channels to a vector.
func (c Conv) takesTaps(s *simd) bool {
	const few = 4
	return s != nil && s.taps != nil && c.In[0] == 1 && c.Kernel[0] == 1 && c.PadLo[0]+c.PadHi[0] == 0 && min(c.InC, c.OutC)/c.Groups >= few &&
		volume(c.Kernel) > 1
}

// tapForward is c as a pass.
func (c Conv) tapForward() *tapPass {
	icg, ocg, taps, out := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel), c.Out()
	p := tapPass{groups: c.Groups, inC: icg, outC: ocg, in: [2]int{c.In[1], c.In[2]}, out: [2]int{out[1], out[2]},
		all: taps, ofIn: taps, ofOut: icg * taps}
	part := tapPart{count: p.out, step: [2]int{1, 1}}
	for d := range 2 {
		p.before[d], p.stride[d] = c.PadLo[d+1], c.Stride[d+1]
		p.size[d] = (out[d+1]-1)*c.Stride[d+1] + (c.Kernel[d+1]-1)*c.Dilation[d+1] + 1
	}
	for t := range taps {
		part.taps = append(part.taps, t)
	}
	p.parts = []tapPart{part}
	p.lay(func(part *tapPart, tap int) (row, col int) {
		return tap / c.Kernel[2] * c.Dilation[1], tap % c.Kernel[2] * c.Dilation[2]
	})
	return &p
}

// tapBackward is the gradient of c's input: a part for each residue of its rows and columns modulo the stride.
func (c Conv) tapBackward() *tapPass {
	icg, ocg, taps, out := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel), c.Out()
	p := tapPass{groups: c.Groups, inC: ocg, outC: icg, in: [2]int{out[1], out[2]}, out: [2]int{c.In[1], c.In[2]}, stride: [2]int{1, 1},
		all: taps, ofIn: icg * taps, ofOut: taps}
	for d := range 2 {
		p.before[d] = c.seenBefore(d)
		p.size[d] = p.before[d] + max(out[d+1], (c.In[d+1]-1+c.PadLo[d+1])/c.Stride[d+1]+1)
	}
	for _, r := range c.gradParts() {
		p.parts = append(p.parts, tapPart{first: r.first, count: r.count, step: [2]int{c.Stride[1], c.Stride[2]}, taps: r.taps})
	}
	p.lay(func(part *tapPart, tap int) (row, col int) {
		at := c.seenBy(part.first, tap)
		return p.before[0] + at[0]/c.Stride[1], p.before[1] + at[1]/c.Stride[2]
	})
	return &p
}

// lay makes the tables of all parts; place is the row and column of the copy that the first output of a part sees through a tap.
func (p *tapPass) lay(place func(part *tapPart, tap int) (row, col int)) {
	for i := range p.parts {
		part := &p.parts[i]
		part.weights, part.low = len(p.order)*Block, p.size[0]
		for _, t := range part.taps {
			row, col := place(part, t)
			part.low, part.high = min(part.low, row), max(part.high, row+1)
			for block := range blocks(p.inC) {
				offset := (row*blocks(p.inC)+block)*p.pitch() + col%p.stride[1]*p.phase() + col/p.stride[1]
				part.table = append(part.table, offset*pixelBytes, min(Block, p.inC-block*Block))
			}
			for in := range p.inC {
				p.order = append(p.order, uint32(in*p.all+t)*pixelBytes)
			}
		}
	}
}

// The copy is [row][block of input][phase][pixel]: phase is how many pixels of a row lie side by side, pitch how many a row of a block has,
// and rowFloats the length of a row of all blocks.
func (p *tapPass) phase() int     { return (p.size[1] + p.stride[1] - 1) / p.stride[1] }
func (p *tapPass) pitch() int     { return p.phase() * p.stride[1] }
func (p *tapPass) rowFloats() int { return blocks(p.inC) * p.pitch() * Block }

// weightsOfBlock is how many packed weights lead to a block of output channels of a group.
func (p *tapPass) weightsOfBlock() int { return len(p.order) * Block }

// runTaps runs p over n images from x to y, which are blocked. bias holds one value per output channel, or is nil.
func (s *simd) runTaps(n int, p *tapPass, y, x, w, bias []float32) {
	outs := p.groups * blocks(p.outC)
	packed := borrow(outs * (p.weightsOfBlock() + Block))
	defer release(packed)
	r := tapRun{tapPass: p, s: s, y: y, x: x, w: w, bias: bias, packed: *packed, bands: p.size[0]*p.rowFloats()/scratchFloats + 1}
	if t := Threads(); t > 1 {
		r.bands = max(r.bands, (4*t+n*p.groups-1)/(n*p.groups))
	}
	r.bands = min(r.bands, p.parts[0].count[0])
	tapPacks.run(outs, r)
	tapRuns.run(n*p.groups*r.bands, r)
}

// tapRun is a tapPass on its way. A task is a band of the rows of a group of an image.
type tapRun struct {
	*tapPass
	s             *simd
	y, x, w, bias []float32
	packed        []float32 // [group][block of output][bias, part, tap, channel][lane]
	bands         int
}

// room is the packed weights and bias of a block of output channels of a group.
func (r *tapRun) room(block int) (weights, bias []float32) {
	size := r.weightsOfBlock() + Block
	all := r.packed[block*size:][:size]
	return all[Block:], all[:Block]
}

var tapPacks = newLoop(func(r *tapRun, i int) {
	group, first := i/blocks(r.outC), i%blocks(r.outC)*Block
	lanes := min(Block, r.outC-first)
	to, bias := r.room(i)
	clear(bias)
	if r.bias != nil {
		copy(bias[:lanes], r.bias[group*r.outC+first:])
	}
	buf := borrow(r.inC * r.all * Block) // [input channel][tap][lane]
	defer release(buf)
	clear(*buf)
	w := r.w[len(r.w)/r.groups*group+first*r.ofOut:]
	if r.ofIn == r.all {
		r.s.transposeInto(*buf, Block, w, r.ofOut, lanes, r.inC*r.all)
	} else {
		for in := range r.inC {
			r.s.transposeInto((*buf)[in*r.all*Block:], Block, w[in*r.ofIn:], r.ofOut, lanes, r.all)
		}
	}
	if len(r.order) > 0 {
		r.s.permute(len(r.order), &to[0], pixelBytes, &(*buf)[0], &r.order[0])
	}
})

var tapRuns = newLoop(func(r *tapRun, i int) {
	band, group, image := i%r.bands, i/r.bands%r.groups, i/r.bands/r.groups
	first, last := r.seen(band)
	copied := borrow((last - first) * r.rowFloats())
	defer release(copied)
	clear(*copied)
	for block := range blocks(r.inC) {
		r.copyIn(*copied, image, group, block, first, last)
	}
	for block := range blocks(r.outC) {
		for part := range r.parts {
			r.part(&r.parts[part], *copied, image, group, block, band, first)
		}
	}
	if last := r.groups * r.outC % Block; last > 0 && group == r.groups-1 && band == 0 { // lanes of no channel
		y := r.y[(image*blocks(r.groups*r.outC)+blocks(r.groups*r.outC)-1)*r.out[0]*r.out[1]*Block:]
		for pixel := range r.out[0] * r.out[1] {
			clear(y[pixel*Block+last : (pixel+1)*Block])
		}
	}
})

// span is where channels [first, first+count) of a pixel, count at most 16, lie: at some place of a block, and on from the beginning of the
// next one. Distances are in floats; that of the second is where its lane 0 would lie.
func span(first, count, plane int) (at0, mask0, at1, mask1 int) {
	here := min(count, Block-first%Block)
	at0, mask0 = first/Block*plane+first%Block, 1<<here-1
	if here == count {
		return at0, mask0, at0, 0
	}
	return at0, mask0, (first/Block+1)*plane - here, 1<<count - 1<<here
}

// seen returns the rows [first, last) of the copy that a band sees, one at least.
func (r *tapRun) seen(band int) (first, last int) {
	first = r.size[0] - 1
	for i := range r.parts {
		p := &r.parts[i]
		if from, to := p.band(band, r.bands); from < to && len(p.taps) > 0 {
			first, last = min(first, from*r.stride[0]+p.low), max(last, (to-1)*r.stride[0]+p.high)
		}
	}
	return first, max(last, first+1)
}

// copyIn copies what rows [first, last) of the copy have of a block of a group's input.
func (r *tapRun) copyIn(to []float32, image, group, block, first, last int) {
	plane := r.in[0] * r.in[1] * Block
	x := r.x[image*blocks(r.groups*r.inC)*plane:]
	at0, mask0, at1, mask1 := span(group*r.inC+block*Block, min(Block, r.inC-block*Block), plane)
	for row := max(0, first-r.before[0]); row < min(r.in[0], last-r.before[0]); row++ {
		line := to[(row+r.before[0]-first)*r.rowFloats()+block*r.pitch()*Block:]
		for phase := range r.stride[1] {
			// Pixel i of a phase is column i*stride + phase - before.
			lo, hi := inside(r.phase(), phase-r.before[1], r.stride[1], r.in[1])
			if lo >= hi {
				continue
			}
			from := (row*r.in[1] + lo*r.stride[1] + phase - r.before[1]) * Block
			r.s.taps.regroup(hi-lo, &line[(phase*r.phase()+lo)*Block], &x[from+at0], mask0, &x[from+at1], mask1, r.stride[1]*pixelBytes)
		}
	}
}

// part computes a band of the outputs of a part in a block of output channels of a group; x is the copy from its row firstRow on.
func (r *tapRun) part(p *tapPart, x []float32, image, group, block, band, firstRow int) {
	plane := r.out[0] * r.out[1] * Block
	y := r.y[image*blocks(r.groups*r.outC)*plane:]
	at0, mask0, at1, mask1 := span(group*r.outC+block*Block, min(Block, r.outC-block*Block), plane)
	weights, bias := r.room(group*blocks(r.outC) + block)
	most := len(r.s.taps.run)
	runs := (p.count[1] + most - 1) / most
	first, last := p.band(band, r.bands)
	for row := first; row < last; row++ {
		for i := range runs {
			from, to := p.count[1]*i/runs, p.count[1]*(i+1)/runs
			pixel := ((p.first[0]+row*p.step[0])*r.out[1] + p.first[1] + from*p.step[1]) * Block
			table, w := &nothingThere, &bias[0]
			if len(p.table) > 0 {
				table, w = &p.table[0], &weights[p.weights]
			}
			r.s.taps.run[to-from-1](len(p.table)/2, table, &x[0], (row*r.stride[0]-firstRow)*r.rowFloats()*4+from*pixelBytes, w, &bias[0], &y[pixel+at0], mask0, &y[pixel+at1], mask1, p.step[1]*pixelBytes)
		}
	}
}

// nothingThere stands for an empty table.
var nothingThere int
