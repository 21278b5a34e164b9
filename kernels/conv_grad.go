package kernels

// convGradKernel adds up the gradients of kh x k x kw weights of every lane; its loop is in the comment of each kernel.
type convGradKernel struct {
	kh, k int
	f     func(rows, width int, x *float32, xrow, xskip int, dy, dw, ahead *float32)
}

// gradPass is the weight gradient of a convolution between blocked planes: a set at a time, as in directPass.
type gradPass struct {
	channelSets
	conv   Conv
	kernel convGradKernel
	in     [2]int
	out    [2]int
	kh, kw int
	stride int
	width  int        // pitch of the padded dy rows; those of x are stride times as wide
	order  [][]uint32 // where, in bytes, the sums of [input channel][tap] are, for each part of a block
}

// gradPass returns the pass for c, if there is one.
func (c Conv) gradPass(s *simd) (p gradPass, ok bool) {
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	cs, ok := s.channelSets(c.Groups, icg, ocg)
	kernels := s.convGrad[convKey{cs.lookup, c.Kernel[2], c.Stride[2]}]
	if !ok || kernels == nil || c.Kernel[1]%kernels[0].kh != 0 {
		return p, false
	}
	kernel := kernels[0]
	for _, k := range kernels[1:] {
		if k.k >= cs.k && k.k < kernel.k && c.Kernel[1]%k.kh == 0 { // enough for all channels
			kernel = k
		}
	}
	out := c.Out()
	p = gradPass{channelSets: cs, conv: c, kernel: kernel, in: [2]int{c.In[1], c.In[2]}, out: [2]int{out[1], out[2]},
		kh: c.Kernel[1], kw: c.Kernel[2], stride: c.Stride[2]}
	p.width = p.pitch()
	for half := 0; half < Block; half += s.lanes {
		p.order = append(p.order, p.sumsOrder(s, half))
	}
	return p, true
}

// pitch is how wide padded rows of dy must be, and those of x stride times as much, so that no tap leads from one row to another: the
// zeros at the left of a row of x serve the row before it too.
func (p *gradPass) pitch() int {
	before := p.conv.PadLo[2]
	seen := min(p.in[1], p.stride*(p.out[1]-1)+p.kw-before) + before
	return max((seen+p.stride-1)/p.stride, p.out[1]-1+(p.kw-before+p.stride-1)/p.stride)
}

// chunks is into how many kernel calls the k input channels of a plane fall.
func (p *gradPass) chunks() int { return (p.k + p.kernel.k - 1) / p.kernel.k }

// channels is for how many input channels of a group the calls compute gradients, with those that do not exist.
func (p *gradPass) channels() int { return p.planes * p.chunks() * p.kernel.k }

// runGrad computes dw from x and dy. A task owns the weights between one block of output channels and one of input channels.
func (s *simd) runGrad(n int, p *gradPass, dw []float32, x, dy tensor) {
	r := gradRun{p, s, n, dw, x, dy}
	if p.takesWinograd(s, n, x, dy) {
		s.runWinoGrad(r)
		return
	}
	if p.takesPlanes(s, x, dy) {
		s.runPlaneGrad(r)
		return
	}
	if p.stem() {
		stemGrads.run(p.stemParts(), r)
		return
	}
	gradRuns.run(p.sets*p.channelSets.out*p.planes, r)
}

// gradRun is a gradPass on its way over n images.
type gradRun struct {
	*gradPass
	s     *simd
	n     int
	dw    []float32
	x, dy tensor
}

var gradRuns = newLoop(func(p *gradRun, i int) { p.weights(i/p.planes, i%p.planes) })

// weights computes those between a block of output channels and a plane of input channels of its set.
func (p *gradRun) weights(ob, plane int) {
	sums := borrow(p.chunks() * p.kernel.k * p.kh * p.kw * Block)
	defer release(sums)
	clear(*sums)
	for image := range p.n {
		p.addPlanes(p.s, *sums, p.x, p.dy, image, ob, plane, image+1 < p.n)
	}
	p.unpack(p.s, p.dw, *sums, ob, plane)
}

// gradTasks are the tasks of a gradPass that each own the weights between one block of input channels and a group of blocks of output
// channels, so that they read the input once for all of these.
type gradTasks struct {
	pass         *gradPass
	group, count int // output blocks of a task, and tasks
}

func (p *gradPass) tasks() gradTasks {
	const most = 4
	t := gradTasks{pass: p, group: min(most, p.channelSets.out)}
	for t.group > 1 && p.sets*p.planes*t.groups() < 4*Threads() {
		t.group--
	}
	t.count = p.sets * p.planes * t.groups()
	return t
}

// groups is into how many groups the output blocks of a set fall.
func (t *gradTasks) groups() int { return (t.pass.channelSets.out + t.group - 1) / t.group }

// blocks are those of a task: one of input channels, and so many of output channels from the first on.
func (t *gradTasks) blocks(task int) (in, first, count int) {
	outs, column := t.pass.channelSets.out, task/t.pass.planes
	set, group := column/t.groups(), column%t.groups()
	return set*t.pass.planes + task%t.pass.planes, set*outs + group*t.group, min(t.group, outs-group*t.group)
}

// addPlanes adds the part of an image's plane of input and block of output. more says that another image follows.
func (p *gradPass) addPlanes(s *simd, sums []float32, x, dy tensor, image, ob, plane int, more bool) {
	in := ob/p.channelSets.out*p.planes + plane
	xi, lentX := x.read(image, in, 1)
	defer giveBack(lentX)
	dyi, lentY := dy.read(image, ob, 1)
	defer giveBack(lentY)
	var next ahead
	if more && !x.plain {
		next = ahead{&xi[blocks(x.channels)*x.pixels*Block], &dyi[blocks(dy.channels)*dy.pixels*Block]}
	}
	p.addImage(s, sums, xi, dyi, next)
}

// ahead is what the next calls of a kernel prefetch, of x and of dy; nil for nothing.
type ahead [2]*float32

// addImage adds one image's part, band by band of rows so that what the kernels go over several times stays in the first-level cache.
func (p *gradPass) addImage(s *simd, sums, x, dy []float32, next ahead) {
	if k := p.unpadded(s); k != nil {
		p.addRows(k, sums, x, dy, next)
		return
	}
	const bandFloats = 6 << 10 // of dy, and of the rows of x that one row of taps sees
	band := max(1, min(p.out[0], bandFloats/((1+p.stride)*p.width*Block)))
	xPitch := p.stride * p.width
	xRows := p.stride*(band-1) + p.kh
	buf := borrow((xRows*xPitch + band*p.width) * Block)
	defer release(buf)
	for r0 := 0; r0 < p.out[0]; r0 += band {
		rows := min(band, p.out[0]-r0)
		px := (*buf)[:(p.stride*(rows-1)+p.kh)*xPitch*Block]
		pdy := (*buf)[xRows*xPitch*Block:][:rows*p.width*Block]
		s.padPlane(pdy, dy, p.out[0], p.out[1], r0, 0, p.width)
		s.padPlane(px, x, p.in[0], p.in[1], r0*p.stride-p.conv.PadLo[1], p.conv.PadLo[2], xPitch)
		soon := next
		if r := r0 + rows; r < p.out[0] {
			in := max(0, min(p.in[0]-1, r*p.stride-p.conv.PadLo[1]+p.kh-p.stride))
			soon = ahead{&x[in*p.in[1]*Block], &dy[r*p.out[1]*Block]}
		}
		p.addBand(s, sums, px, pdy, r0, rows, soon)
	}
}

// addBand runs the kernels over a padded band, prefetching what lies ahead: sums are [half][tap rows of a call][chunk][what a call adds].
func (p *gradPass) addBand(s *simd, sums, px, pdy []float32, r0, rows int, soon ahead) {
	xrow := p.stride * p.width * Block
	perCall := p.kernel.kh * p.kernel.k * p.kw * s.lanes
	for h := 0; h < p.kh; h += p.kernel.kh {
		lo, hi := p.rowsWithInput(h, r0, rows)
		if lo >= hi {
			continue
		}
		for half := 0; half < Block; half += s.lanes {
			for c := range p.chunks() {
				x := (h+lo*p.stride)*xrow + half/s.lanes*p.halfOffset
				if p.lookup == wide {
					x += c * p.kernel.k
				}
				next := &px[0]
				if soon[0] != nil {
					next, soon = soon[0], ahead{soon[1]}
				}
				p.kernel.f(hi-lo, p.width, &px[x], xrow*4, (p.stride-1)*xrow*4, &pdy[lo*p.width*Block+half],
					&sums[p.call(s, half, h, c)*perCall], next)
			}
		}
	}
}

// rowsWithInput returns which rows of a band see something else than padding through the tap rows of a call from h on.
func (p *gradPass) rowsWithInput(h, r0, rows int) (lo, hi int) {
	above := p.conv.PadLo[1] - h - (p.kernel.kh - 1) - r0*p.stride // rows of padding, counted in input rows
	below := p.in[0] + p.conv.PadLo[1] - h - r0*p.stride
	lo = max(0, (above+p.stride-1)/p.stride)
	return lo, min(rows, (below+p.stride-1)/p.stride)
}

// call numbers the kernel calls of a band.
func (p *gradPass) call(s *simd, half, h, chunk int) int {
	return (half/s.lanes*(p.kh/p.kernel.kh)+h/p.kernel.kh)*p.chunks() + chunk
}

// octChannel is the channel of its group of eight that lane sees as the k-th: the near four first, then the far four.
func octChannel(k, lane int) int {
	near := lane % 8 / 4
	if k < 4 {
		return near*4 + k
	}
	return (1-near)*4 + k - 4
}

// unpack stores the sums of one pair of blocks in the plain layout of the weights.
func (p *gradPass) unpack(s *simd, dw, sums []float32, ob, plane int) {
	icg, taps := p.conv.InC/p.conv.Groups, p.kh*p.kw
	ins := min(p.chunks()*p.kernel.k, icg-plane*Block)
	buf := borrow(ins * taps * Block) // [in][tap][lane]
	defer release(buf)
	for half := 0; half < Block; half += s.lanes {
		s.permute(ins*taps, &(*buf)[half], Block*4, &sums[0], &p.order[half/s.lanes][0])
	}
	if p.lookup == perm {
		orderOctets(*buf, taps)
	}
	p.store(s, dw, *buf, ob, plane)
}

// store stores the sums of one pair of blocks, [input channel][tap][lane], in the plain layout of the weights.
func (p *gradPass) store(s *simd, dw, sums []float32, ob, plane int) {
	icg, taps := p.conv.InC/p.conv.Groups, p.kh*p.kw
	to := tensor{channels: p.conv.OutC, group: p.outC}
	ins := min(p.chunks()*p.kernel.k, icg-plane*Block)
	s.transposeInto(dw[(to.first(ob)*icg+plane*Block)*taps:], icg*taps, sums, Block, ins*taps, to.present(ob))
}

// sumsOrder finds the sums of [input channel][tap] among those of the kernel calls.
func (p *gradPass) sumsOrder(s *simd, half int) (order []uint32) {
	perCall := p.kernel.kh * p.kernel.k * p.kw * s.lanes
	for k := range p.chunks() * p.kernel.k {
		for h := range p.kh {
			at := p.call(s, half, h, k/p.kernel.k)*perCall + (h%p.kernel.kh*p.kernel.k+k%p.kernel.k)*p.kw*s.lanes
			for v := range p.kw {
				order = append(order, uint32(at+v*s.lanes)*4)
			}
		}
	}
	return order
}

// orderOctets puts weights [channel][tap][lane] of groups of eight from the order of octChannel into that of the channels' numbers, or back.
func orderOctets(x []float32, taps int) {
	far := 4 * taps * Block
	for i := 0; i < far; i += Block {
		for _, lane := range [2]int{4, 12} {
			a, b := (*[4]float32)(x[i+lane:]), (*[4]float32)(x[far+i+lane:])
			*a, *b = *b, *a
		}
	}
}
