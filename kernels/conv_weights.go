package kernels

// The weights of a direct convolution in the order in which its kernels read them.

// weightIndex finds weights in the plain layout: w[base(out) + in*step + tap] leads from input channel in of a group to output channel
// out of the pass.
type weightIndex struct {
	base     func(out int) int
	distance int // of neighbouring output channels of one group
	step     int // of neighbouring input channels
	all      int // taps of the convolution
	in, outs int // input channels of a group, and output channels in all
	group    int // output channels of a group, if each group begins a block of its own, or 0
}

// channel is the output channel of a lane, counted in whole blocks, or -1.
func (x *weightIndex) channel(lane int) int {
	if x.group > 0 {
		padded := blocks(x.group) * Block
		if lane%padded >= x.group {
			return -1
		}
		return lane/padded*x.group + lane%padded
	}
	if lane >= x.outs {
		return -1
	}
	return lane
}

// packPasses packs the weights of one vector of output channels for all passes, each as [plane][tap row][k][tap column][lane].
func (s *simd) packPasses(passes []directPass, packed, w []float32, vector int) {
	p := &passes[0]
	ins, all := p.planes*p.k, p.weightOf.all
	buf := borrow((ins*all + Block) * s.lanes)
	defer release(buf)
	p.weightOf.lanes(s, *buf, w, vector*s.lanes, ins)
	for i := range passes {
		p := &passes[i]
		s.permute(len(p.order), &packed[p.weightsAt+vector*p.vectorFloats(s)], s.lanes*4, &(*buf)[0], &p.order[0])
	}
}

// packOrder finds out where, in bytes, packed weights [plane][tap row][k][tap column] of a vector lie in [input channel][tap].
func (p *directPass) packOrder(s *simd) {
	p.order = make([]uint32, 0, p.vectorFloats(s)/s.lanes)
	for plane := range p.planes {
		for h := range p.kh {
			for k := range p.k {
				for _, t := range p.taps[h*p.kw:][:p.kw] {
					p.order = append(p.order, uint32(((plane*p.k+k)*p.weightOf.all+t)*s.lanes*4))
				}
			}
		}
	}
}

// vectorFloats is how many weights lead to one vector of output channels.
func (p *directPass) vectorFloats(s *simd) int { return p.planes * p.kh * p.k * p.kw * s.lanes }

// vectors is how many vectors of output channels the pass has.
func (p *directPass) vectors(s *simd) int { return p.sets * p.channelSets.out * Block / s.lanes }

// weightFloats is how many packed weights the pass has.
func (p *directPass) weightFloats(s *simd) int { return p.vectors(s) * p.vectorFloats(s) }

// weightsOf is where the packed weights of a set begin.
func (p *directPass) weightsOf(s *simd, set int) int {
	return p.weightsAt + p.weightFloats(s)/p.sets*set
}

// lanes gathers the weights that lead to a vector of output channels, dst[(in*all+tap)*lanes+lane], with zeros for what does not exist.
func (x *weightIndex) lanes(s *simd, dst, w []float32, out, ins int) {
	n := s.lanes
	exist := min(ins, x.in)
	clear(dst[exist*x.all*n : ins*x.all*n])
	switch {
	case x.group > 0 || out+n > x.outs || x.base(out+n-1) != x.base(out)+(n-1)*x.distance:
		x.gather(dst, w, out, n, exist)
	case x.step == x.all:
		s.transposeInto(dst, n, w[x.base(out):], x.distance, n, exist*x.all)
	default:
		x.transpose(s, dst, w, x.base(out), exist)
	}
}

// transpose gathers the taps of so many input channels for neighbouring output channels at from, whose taps lie side by side.
func (x *weightIndex) transpose(s *simd, dst, w []float32, from, ins int) {
	n, square := s.lanes, 0
	if x.all <= n { // whole squares read a little beyond the taps and write a little beyond their place, which the next one mends
		square = ins
		for square > 0 && from+(square-1)*x.step+(n-1)*x.all+n > len(w) {
			square--
		}
	}
	if square > 0 {
		s.transpose(square, &dst[0], n*4, x.all*n*4, &w[from], x.all*4, x.step*4)
	}
	for in := square; in < ins; in++ {
		s.transposeInto(dst[in*x.all*n:], n, w[from+in*x.step:], x.all, n, x.all)
	}
}

// gather is lanes for output channels that lie apart or do not all exist.
func (x *weightIndex) gather(dst, w []float32, out, n, ins int) {
	for lane := range n {
		channel := x.channel(out + lane)
		if channel < 0 {
			for i := range ins * x.all {
				dst[i*n+lane] = 0
			}
			continue
		}
		base := x.base(channel)
		for in := range ins {
			for t, v := range w[base+in*x.step:][:x.all] {
				dst[(in*x.all+t)*n+lane] = v
			}
		}
	}
}

// packAll packs the weights of all passes, one pass after the other.
func (s *simd) packAll(passes []directPass, w []float32) *[]float32 {
	last := &passes[len(passes)-1]
	packed := borrow(last.weightsAt + last.weightFloats(s))
	weightPacks.run(last.vectors(s), weightPacking{s, passes, *packed, w})
	return packed
}

type weightPacking struct {
	s         *simd
	passes    []directPass
	packed, w []float32
}

var weightPacks = newLoop(func(p *weightPacking, vector int) { p.s.packPasses(p.passes, p.packed, p.w, vector) })
