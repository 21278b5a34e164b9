package kernels

// 2-D convolutions by runs of pixels. Tensors lie channel by channel in rows of one pitch, with padding as zeros, so that what a tap sees of all
// output pixels is one run of floats. With a stride, pixels that are a stride apart follow each other. Vectors run along the pixels, so that
// no lane is wasted on channels that a group does not have.

// planarPass is a convolution, or the gradient of its input, by runs. It belongs to a convPlan.
type planarPass struct {
	groups, inC, outC int // channels are those of a group
	in, out           [2]int
	before            [2]int   // padding above and left
	stride            [2]int   // pixels of input between neighbouring outputs of a part
	step              [2]int   // pixels of output between them
	phases            [][2]int // rows and columns of input modulo the stride that taps see
	pitch             int      // of rows
	below             int      // rows of input that taps see beyond that of the last output
	parts             []planarPart
	all, ofIn, ofOut  int // taps, and distances of weights of neighbouring channels
}

// planarPart is the outputs that see the same taps.
type planarPart struct {
	gradPart
	at []planarTap
}

// planarTap is where a tap sees the first output pixel: floats from the first one of a phase.
type planarTap struct{ phase, at int }

// planar reports whether runs can do c.
func (c Conv) planar(s *simd) bool {
	return s != nil && c.In[0] == 1 && c.Kernel[0] == 1 && c.PadLo[0]+c.PadHi[0] == 0 && c.Kernel[1]*c.Kernel[2] > 1
}

// takesRuns reports whether c and the gradient of its input go by runs: where groups have too few channels for the table of taps, or leave so
// many lanes of its vectors empty that runs, which have their padding and ends without a pixel, waste less.
func (c Conv) takesRuns(s *simd) bool {
	const ends = 96 // of a call, in pixels
	switch {
	case !c.planar(s) || c.direct(s) && s.taps == nil:
		return false
	case !c.takesTaps(s):
		return true
	case c.Stride != [3]int{1, 1, 1}:
		return false
	}
	filled, out, p := 1.0, c.Out(), c.plan(s).planarForward
	for _, channels := range [2]int{c.InC / c.Groups, c.OutC / c.Groups} {
		filled = min(filled, float64(channels)/float64(blocks(channels)*Block))
	}
	return filled < 0.9*float64(c.N*out[1]*out[2])/float64(c.N*out[1]*p.pitch+ends)
}

// runsOf is x or y, or its gradient, as runs see it.
func runsOf(data []float32, channels int, size [3]int, plain bool) tensor {
	return tensor{data: data, channels: channels, pixels: volume(size), plain: plain}
}

// planarForward is c as a pass.
func (c Conv) planarForward() *planarPass {
	icg, ocg, taps, out := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel), c.Out()
	p := planarPass{groups: c.Groups, inC: icg, outC: ocg, in: [2]int(c.In[1:]), out: [2]int(out[1:]), before: [2]int(c.PadLo[1:]),
		stride: [2]int(c.Stride[1:]), step: [2]int{1, 1}, parts: []planarPart{{gradPart: gradPart{count: [2]int(out[1:])}}}, all: taps, ofIn: taps, ofOut: icg * taps}
	for t := range taps {
		p.parts[0].taps = append(p.parts[0].taps, t)
	}
	p.lay(func(_ *planarPart, tap int) [2]int {
		return [2]int{tap / c.Kernel[2] * c.Dilation[1], tap % c.Kernel[2] * c.Dilation[2]}
	})
	return &p
}

// planarBackward is the gradient of c's input: a part for each residue of its rows and columns modulo the stride.
func (c Conv) planarBackward() *planarPass {
	icg, ocg, taps, out := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel), c.Out()
	p := planarPass{groups: c.Groups, inC: ocg, outC: icg, in: [2]int(out[1:]), out: [2]int(c.In[1:]), stride: [2]int{1, 1},
		step: [2]int(c.Stride[1:]), all: taps, ofIn: icg * taps, ofOut: taps}
	for d := range 2 {
		p.before[d] = c.seenBefore(d)
	}
	for _, r := range c.gradParts() {
		p.parts = append(p.parts, planarPart{gradPart: r})
	}
	p.lay(func(part *planarPart, tap int) (at [2]int) {
		at = c.seenBy(part.first, tap)
		return [2]int{p.before[0] + at[0]/p.step[0], p.before[1] + at[1]/p.step[1]}
	})
	return &p
}

// lay finds pitch and phases, and where the taps of all parts are; place is where the first output of a part sees a tap.
func (p *planarPass) lay(place func(part *planarPart, tap int) [2]int) {
	each := func(f func(part *planarPart, at [2]int)) {
		for i := range p.parts {
			for _, t := range p.parts[i].taps {
				f(&p.parts[i], place(&p.parts[i], t))
			}
		}
	}
	p.pitch = (p.out[1] + p.step[1] - 1) / p.step[1]
	each(func(part *planarPart, at [2]int) {
		p.below = max(p.below, at[0]/p.stride[0])
		p.pitch = max(p.pitch, part.count[1]+at[1]/p.stride[1])
	})
	number := map[[2]int]int{}
	each(func(part *planarPart, at [2]int) {
		phase := [2]int{at[0] % p.stride[0], at[1] % p.stride[1]}
		if _, ok := number[phase]; !ok {
			number[phase] = len(p.phases)
			p.phases = append(p.phases, phase)
		}
		part.at = append(part.at, planarTap{number[phase], at[0]/p.stride[0]*p.pitch + at[1]/p.stride[1]})
	})
	if len(p.phases) == 0 { // no pixel sees a tap
		p.phases = onePhase
	}
}

// planarStrips is how images are cut into strips, whose runs stay in the second-level cache.
type planarStrips struct {
	*planarPass
	s      *simd
	rows   int // of outputs of a part in a strip
	images int // in a strip, one below the other; 1 if a strip has not all rows
}

// cutStrips cuts n images of so many rows for so many runs.
func (p *planarStrips) cutStrips(n, height, runs int) {
	const floats = 96 << 10
	most := max(1, floats/runs/p.pitch)
	strips := (height + most - 1) / most
	p.rows, p.images = (height+strips-1)/strips, 1
	if p.rows == height {
		p.images = max(1, min(n, floats/runs/p.image()))
	}
}

// image is how many floats a run has for an image.
func (p *planarStrips) image() int { return (p.rows + p.below) * p.pitch }

// planarRuns are runs of the channels of whole blocks: [phase][channel], ld apart.
type planarRuns struct {
	tensor
	size, before [2]int // height and width, and padding above and left
	stride       [2]int
	phases       [][2]int
	block, lines int // the first block, and how many channels there are
	first        int // the first channel in use, from that of the block on
	ld           int
	lent         *[]float32
}

var onePhase = [][2]int{{}}

// moreRuns are those of channels that a call may take beyond the last one.
const moreRuns = 7

// place makes room for the runs of count channels from channel first on. What fill does not write stays zero.
func (r *planarRuns) place(p *planarStrips, first, count int) {
	r.block, r.first = first/Block, first%Block
	r.lines = blocks(r.first+count) * Block
	r.ld = blocks(p.images*p.image()+p.slack())*Block | Block // an odd number of cache lines, lest runs share a set of the cache
	r.lent = borrow((len(r.phases)*r.lines + moreRuns) * r.ld)
	clear(*r.lent)
}

// slack is what calls may read or write beyond a run.
func (p *planarStrips) slack() int { return p.s.lanes * vectorsOfSums }

// run is the run of a channel in the first phase.
func (r *planarRuns) run(channel int) []float32 { return (*r.lent)[(r.first+channel)*r.ld:] }

// fill writes the i-th image of the runs: those of a strip that begins with row first of the outputs. Rows from row end on are zeros.
func (r *planarRuns) fill(p *planarStrips, image, i, first, end int) {
	// A row may have pixels that no tap sees, which would lie in the next row's padding.
	asTheyLie := r.stride == [2]int{1, 1} && !r.plain && r.size[1] >= p.s.lanes && r.before[1]+r.size[1] <= p.pitch
	for b := range r.lines / Block {
		at := b*Block*r.ld + i*p.image()
		if asTheyLie {
			r.fillRows(p, at+r.before[1], r.tensor.block(image, r.block+b), first-r.before[0], end)
			continue
		}
		r.fillPadded(p, at, image, r.block+b, first*r.stride[0]-r.before[0], end)
	}
}

// fillRows writes the rows of a block of a blocked tensor as they lie.
func (r *planarRuns) fillRows(p *planarStrips, at int, x []float32, first, end int) {
	width, lanes := r.size[1], p.s.lanes
	for row := range p.rows + p.below {
		to := (*r.lent)[at+row*p.pitch:]
		if y := first + row; y < 0 || y >= end {
			for c := range Block {
				clear(to[c*r.ld:][:width])
			}
		} else {
			from := x[y*width*Block:]
			p.s.turn(to, r.ld, from, Block, width/lanes)
			if last := width - lanes; width%lanes != 0 {
				p.s.turn(to[last:], r.ld, from[last*Block:], Block, 1)
			}
		}
	}
}

// turn writes the 16 channels of so many vectors of pixels, which lie sld apart, as runs that are dld apart.
func (s *simd) turn(dst []float32, dld int, src []float32, sld, vectors int) {
	for c := 0; c < Block; c += s.lanes {
		s.transpose(vectors, &dst[c*dld], dld*4, s.lanes*4, &src[c], sld*4, s.lanes*sld*4)
	}
}

// turnBack is the reverse of turn.
func (s *simd) turnBack(dst []float32, dld int, src []float32, sld, vectors int) {
	for c := 0; c < Block; c += s.lanes {
		s.transpose(vectors, &dst[c], dld*4, s.lanes*dld*4, &src[c*sld], sld*4, s.lanes*4)
	}
}

// fillPadded writes a block of any tensor by way of a padded copy.
func (r *planarRuns) fillPadded(p *planarStrips, at, image, block, first, end int) {
	rows, width := p.rows+p.below, p.pitch*r.stride[1]
	pixels := rows * r.stride[0] * width
	buf := borrow((pixels + r.stride[1]*p.s.lanes) * Block)
	defer release(buf)
	clear((*buf)[pixels*Block:])
	if padded := (*buf)[:pixels*Block]; r.plain {
		r.padRows(p.s, padded, image, block, end, r.size[1], first, r.before[1], width)
	} else {
		p.s.padPlane(padded, r.tensor.block(image, block), end, r.size[1], first, r.before[1], width)
	}
	vectors := func(cells int) int { return (cells + p.s.lanes - 1) / p.s.lanes }
	for k, phase := range r.phases {
		to, from := (*r.lent)[at+k*r.lines*r.ld:], (*buf)[(phase[0]*width+phase[1])*Block:]
		if r.stride[0] == 1 { // rows follow each other
			p.s.turn(to, r.ld, from, r.stride[1]*Block, vectors(rows*p.pitch))
			continue
		}
		for row := range rows {
			p.s.turn(to[row*p.pitch:], r.ld, from[row*r.stride[0]*width*Block:], r.stride[1]*Block, vectors(p.pitch))
		}
	}
}
