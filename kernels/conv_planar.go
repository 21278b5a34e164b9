package kernels

// The weight gradient of a 2-D convolution without columns. x and dy lie channel by channel in rows of one pitch, with padding as zeros, so
// that what a tap sees of all output pixels is one run of floats and the gradient of a weight the product of two runs. With a stride,
// pixels of x that are a stride apart follow each other. No lane is wasted on channels that a group does not have.

// tapDots multiplies runs; its loop is in the comment of each kernel.
type tapDots struct {
	outs int // output channels at once
	f    func(k int, a *float32, lda int, b *float32, ldb int, taps *[tapsOfDots]int, c *float32)
}

// Input channels and taps that tapDots takes at once.
const (
	insOfDots  = 2
	tapsOfDots = 3
)

// sums is how many a call adds to.
func (d *tapDots) sums() int { return d.outs * insOfDots * tapsOfDots }

// planarTaps is where the taps of a convolution see their pixels. It belongs to a convPlan.
type planarTaps struct {
	phases [][2]int                // rows and columns of x modulo the strides
	taps   [][tapsOfDots]planarTap // what a call takes; the last one may repeat a tap
	pitch  int                     // of rows
	below  int                     // rows of x that taps see beyond the last one
}

// planarTap is where a tap sees the first output pixel: floats from the first one of a phase.
type planarTap struct{ phase, at int }

// planar reports whether this way does the weight gradient of c.
func (c Conv) planar(s *simd) bool {
	return s != nil && c.In[0] == 1 && c.Kernel[0] == 1 && c.PadLo[0]+c.PadHi[0] == 0 && c.Kernel[1]*c.Kernel[2] > 1
}

// takesPlanar reports whether the weight gradient of c goes this way: where there are no tiles for it, or where their vectors have so many
// lanes without a channel that runs, which have their padding and ends without a pixel, waste less. Each factor was measured.
func (c Conv) takesPlanar(s *simd) bool {
	if !c.planar(s) || !c.direct(s) {
		return c.planar(s)
	}
	plan := c.plan(s)
	switch {
	case plan.grad == nil:
		return true
	case plan.grad.lookup != wide:
		return false
	}
	icg, ocg, out := c.InC/c.Groups, c.OutC/c.Groups, c.Out()
	filled := float64(icg*ocg) / float64(plan.grad.channels()*blocks(ocg)*Block)
	if c.apart(s) {
		filled *= 0.7 // because tensors become plain on the way
	}
	const ends = 140 // what a call costs, in pixels
	pixels := c.N * out[1] * out[2]
	cells := c.N*(out[1]+plan.planar.below)*plan.planar.pitch + ends
	return float64(pixels)/float64(cells) > 1.33*filled
}

// planarTaps finds the taps of c.
func (c Conv) planarTaps() *planarTaps {
	below, right := (c.Kernel[1]-1)*c.Dilation[1]/c.Stride[1], (c.Kernel[2]-1)*c.Dilation[2]/c.Stride[2]
	p := planarTaps{below: below, pitch: c.Out()[2] + right}
	number := map[[2]int]int{}
	count := c.Kernel[1] * c.Kernel[2]
	for t := 0; t < count; t += tapsOfDots {
		var call [tapsOfDots]planarTap
		for i := range call {
			tap := min(t+i, count-1)
			row, col := tap/c.Kernel[2]*c.Dilation[1], tap%c.Kernel[2]*c.Dilation[2]
			phase := [2]int{row % c.Stride[1], col % c.Stride[2]}
			if _, ok := number[phase]; !ok {
				number[phase] = len(p.phases)
				p.phases = append(p.phases, phase)
			}
			call[i] = planarTap{number[phase], row/c.Stride[1]*p.pitch + col/c.Stride[2]}
		}
		p.taps = append(p.taps, call)
	}
	return &p
}

// planarGrad is such a gradient on its way. A task owns the weights between some output and some input channels of some groups, and goes
// through strips of the images in order.
type planarGrad struct {
	Conv
	*planarTaps
	s         *simd
	dw        []float32
	x, dy     tensor
	rows      int // of output in a strip
	images    int // in a strip, one below the other; 1 if a strip has not all rows
	groups    int // of a task
	outs, ins int // channels of a group in a task
}

// weightsPlanar computes dw from x and dy, which are blocked or plain.
func (c Conv) weightsPlanar(s *simd, dw, x, dy []float32, plain bool) {
	p := planarGrad{Conv: c, planarTaps: c.plan(s).planar, s: s, dw: dw,
		x: tensor{data: x, channels: c.InC, pixels: volume(c.In), plain: plain}, dy: tensor{data: dy, channels: c.OutC, pixels: volume(c.Out()), plain: plain}}
	p.cut()
	planarGrads.run(p.tasks(), p)
}

// cut chooses the channels of a task, so that all threads have some, and strips whose runs stay in the second-level cache. The order of
// sums depends on the strips, which depend on the shape alone.
func (p *planarGrad) cut() {
	const most, floats = 64, 96 << 10
	height := p.Out()[1]
	icg, ocg := p.InC/p.Groups, p.OutC/p.Groups
	p.groups, p.outs, p.ins = p.together(most), min(most, ocg), min(most, icg)
	lines := Block * (blocks(p.groups*p.outs) + blocks(p.groups*p.ins)*len(p.phases))
	run := floats / lines
	strips := (height + max(1, run/p.pitch) - 1) / max(1, run/p.pitch)
	p.rows = (height + strips - 1) / strips
	p.images = 1
	if p.rows == height {
		p.images = max(1, min(p.N, run/p.image()))
	}
	for want := 2 * Threads(); Threads() > 1 && p.tasks() < want; {
		switch {
		case p.groups > 1:
			p.groups = (p.groups + 1) / 2
		case p.outs > p.s.tapDots.outs:
			p.outs = (p.outs + 1) / 2
		default:
			return
		}
	}
}

// together is how many groups fill whole blocks of channels, if these are not more than so many; else how many fit into a block.
func (p *planarGrad) together(most int) int {
	icg, ocg := p.InC/p.Groups, p.OutC/p.Groups
	large := max(icg, ocg)
	for n := 1; n <= p.Groups && n*large <= most; n++ {
		if n*icg%Block == 0 && n*ocg%Block == 0 {
			return n
		}
	}
	return max(1, min(p.Groups, Block/large))
}

// image is how many floats a run has for an image.
func (p *planarGrad) image() int { return (p.rows + p.below) * p.pitch }

// chunks is into how many tasks the channels of a group fall.
func (p *planarGrad) chunks() (outs, ins int) {
	return (p.OutC/p.Groups + p.outs - 1) / p.outs, (p.InC/p.Groups + p.ins - 1) / p.ins
}

func (p *planarGrad) tasks() int {
	outs, ins := p.chunks()
	return (p.Groups + p.groups - 1) / p.groups * outs * ins
}

var planarGrads = newLoop(func(p *planarGrad, i int) {
	outChunks, inChunks := p.chunks()
	icg, ocg := p.InC/p.Groups, p.OutC/p.Groups
	t := planarTask{planarGrad: p, group: i / inChunks / outChunks * p.groups, out: i / inChunks % outChunks * p.outs, in: i % inChunks * p.ins}
	t.groups, t.outs, t.ins = min(p.groups, p.Groups-t.group), min(p.outs, ocg-t.out), min(p.ins, icg-t.in)
	t.x = p.runs(p.x, t.group*icg+t.in, (t.groups-1)*icg+t.ins, p.phases)
	defer release(t.x.lent)
	t.dy = p.runs(p.dy, t.group*ocg+t.out, (t.groups-1)*ocg+t.outs, onePhase)
	defer release(t.dy.lent)
	sums := borrow(t.groups * t.tiles() * len(p.taps) * p.s.tapDots.sums())
	defer release(sums)
	clear(*sums)
	for image := 0; image < p.N; image += p.images {
		for row := 0; row < p.Out()[1]; row += p.rows {
			t.add(*sums, image, min(p.images, p.N-image), row)
		}
	}
	t.store(*sums)
})

var onePhase = [][2]int{{}}

// planarTask is a task of a planarGrad.
type planarTask struct {
	*planarGrad
	group, groups int // the first one, and how many
	out, outs     int // output channels of a group
	in, ins       int
	x, dy         planarRuns
}

// tiles is how many calls all channels of a group take.
func (t *planarTask) tiles() int {
	rows := t.s.tapDots.outs
	return (t.outs + rows - 1) / rows * ((t.ins + insOfDots - 1) / insOfDots)
}

// add adds a strip of some images to sums [group][input channels][output channels][taps][of a call].
func (t *planarTask) add(sums []float32, image, images, row int) {
	out := t.Out()
	rows := min(t.rows, out[1]-row)
	for i := range images {
		t.x.fill(t.planarGrad, image+i, i, t.In, row*t.Stride[1]-t.PadLo[1], t.PadLo[2], t.In[1], [2]int{t.Stride[1], t.Stride[2]})
		t.dy.fill(t.planarGrad, image+i, i, out, row, 0, row+rows, [2]int{1, 1})
	}
	n := (images-1)*t.image() + rows*t.pitch
	n = (n + t.s.lanes - 1) / t.s.lanes * t.s.lanes
	icg, ocg, d := t.InC/t.Groups, t.OutC/t.Groups, &t.s.tapDots
	for g := range t.groups {
		for k := 0; k < t.ins; k += insOfDots {
			x := t.x.run(g*icg + k)
			for o := 0; o < t.outs; o += d.outs {
				dy := t.dy.run(g*ocg + o)
				for _, taps := range t.taps {
					at := t.x.bytes(taps)
					d.f(n, &dy[0], t.dy.ld*4, &x[0], t.x.ld*4, &at, &sums[0])
					sums = sums[d.sums():]
				}
			}
		}
	}
}

// store stores the sums in the plain layout of the weights.
func (t *planarTask) store(sums []float32) {
	icg, ocg, count := t.InC/t.Groups, t.OutC/t.Groups, t.Kernel[1]*t.Kernel[2]
	for g := range t.groups {
		for k := 0; k < t.ins; k += insOfDots {
			for o := 0; o < t.outs; o += t.s.tapDots.outs {
				to := t.dw[(((t.group+g)*ocg+t.out+o)*icg+t.in+k)*count:]
				outs, ins := min(t.s.tapDots.outs, t.outs-o), min(insOfDots, t.ins-k)
				for tap := 0; tap < count; tap += tapsOfDots {
					storeCall(to[tap:], icg*count, count, sums, outs, ins, count-tap)
					sums = sums[t.s.tapDots.sums():]
				}
			}
		}
	}
}

// storeCall stores what calls for so many taps, or more, gave for some output and input channels.
func storeCall(to []float32, out, in int, sums []float32, outs, ins, taps int) {
	for i := range outs {
		for j := range ins {
			at, from := to[i*out+j*in:], (*[tapsOfDots]float32)(sums[(i*insOfDots+j)*tapsOfDots:])
			if taps < tapsOfDots {
				copy(at, from[:taps])
			} else {
				*(*[tapsOfDots]float32)(at) = *from
			}
		}
	}
}

// planarRuns are runs of the channels of whole blocks: [phase][channel], ld apart.
type planarRuns struct {
	tensor
	block, lines int // the first block, and how many channels there are
	first        int // the first channel in use, from that of the block on
	ld           int
	phases       [][2]int
	lent         *[]float32
}

// runs makes room for the runs of count channels of t from channel first on. What fill does not write stays zero.
func (p *planarGrad) runs(t tensor, first, count int, phases [][2]int) planarRuns {
	const more = 3 // channels that a call may take beyond the last one
	r := planarRuns{tensor: t, block: first / Block, first: first % Block, phases: phases}
	r.lines = blocks(r.first+count) * Block
	r.ld = blocks(p.images*p.image()+Block)*Block | Block // an odd number of cache lines, lest runs share a set of the cache
	r.lent = borrow((len(phases)*r.lines + more) * r.ld)
	clear(*r.lent)
	return r
}

// run is the run of a channel in the first phase.
func (r *planarRuns) run(channel int) []float32 { return (*r.lent)[(r.first+channel)*r.ld:] }

// bytes is how far from the run of a channel taps see the first output pixel.
func (r *planarRuns) bytes(taps [tapsOfDots]planarTap) (at [tapsOfDots]int) {
	for i, t := range taps {
		at[i] = (t.phase*r.lines*r.ld + t.at) * 4
	}
	return at
}

// fill writes the i-th image of the runs: rows that begin with row first, of which those from row end on are zeros, and columns that begin
// before the first one.
func (r *planarRuns) fill(p *planarGrad, image, i int, size [3]int, first, before, end int, stride [2]int) {
	for b := range r.lines / Block {
		at := b*Block*r.ld + i*p.image()
		if stride == [2]int{1, 1} && !r.plain && size[2] >= Block {
			r.fillRows(p, at+before, r.tensor.block(image, r.block+b), size[2], first, end)
			continue
		}
		r.fillPadded(p, at, image, b, size, first, before, end, stride)
	}
}

// fillRows writes the rows of a block of a blocked tensor as they lie.
func (r *planarRuns) fillRows(p *planarGrad, at int, x []float32, width, first, end int) {
	lanes := p.s.lanes
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

// fillPadded writes a block of any tensor by way of a padded copy.
func (r *planarRuns) fillPadded(p *planarGrad, at, image, b int, size [3]int, first, before, end int, stride [2]int) {
	rows, width := p.rows+p.below, p.pitch*stride[1]
	pixels := rows * stride[0] * width
	buf := borrow((pixels + stride[1]*Block) * Block)
	defer release(buf)
	clear((*buf)[pixels*Block:])
	if padded := (*buf)[:pixels*Block]; r.plain {
		r.padRows(p.s, padded, image, r.block+b, end, size[2], first, before, width)
	} else {
		p.s.padPlane(padded, r.tensor.block(image, r.block+b), end, size[2], first, before, width)
	}
	vectors := func(cells int) int { return (cells + p.s.lanes - 1) / p.s.lanes }
	for k, phase := range r.phases {
		to, from := (*r.lent)[at+k*r.lines*r.ld:], (*buf)[(phase[0]*width+phase[1])*Block:]
		if stride[0] == 1 { // rows follow each other
			p.s.turn(to, r.ld, from, stride[1]*Block, vectors(rows*p.pitch))
			continue
		}
		for row := range rows {
			p.s.turn(to[row*p.pitch:], r.ld, from[row*stride[0]*width*Block:], stride[1]*Block, vectors(p.pitch))
		}
	}
}
