package kernels

// The weight gradient of a convolution from few channels to several blocks, as at the start of a network: a task goes through the images
// once for all its blocks, because padding the input takes as long as a good part of the sums.

// stem reports whether p is one.
func (p *gradPass) stem() bool {
	return p.lookup == wide && p.sets == 1 && p.planes == 1 && p.channelSets.out > 1
}

// stemParts is into how many tasks the output blocks of a stem fall.
func (p *gradPass) stemParts() int { return min(p.channelSets.out, Threads()) }

// stemBand is how many rows of dy are padded at once: as many as fit the first-level cache with what they see of x, or if that is few,
// which would pad rows of x often, the second.
func (p *gradPass) stemBand() int {
	const first, second = 9 << 10, 80 << 10 // floats
	fit := func(floats int) int {
		return (floats/(p.width*Block) - p.stride*(p.kh-p.stride)) / (p.stride*p.stride + 1)
	}
	band := fit(first)
	if band < p.kh {
		band = fit(second)
	}
	return max(1, min(p.out[0], band))
}

var stemGrads = newLoop(func(r *gradRun, part int) {
	p, s, parts := r.gradPass, r.s, r.stemParts()
	first, last := p.channelSets.out*part/parts, p.channelSets.out*(part+1)/parts
	size := p.chunks() * p.kernel.k * p.kh * p.kw * Block
	sums := borrow((last - first) * size)
	defer release(sums)
	clear(*sums)
	xPitch := p.stride * p.width
	band := p.stemBand()
	xRows := p.stride*(band-1) + p.kh
	buf := borrow((xRows*xPitch + band*p.width) * Block)
	defer release(buf)
	for image := range r.n {
		x, lentX := r.x.read(image, 0, 1)
		dy, lentY := r.dy.read(image, first, last-first)
		for r0 := 0; r0 < p.out[0]; r0 += band {
			rows := min(band, p.out[0]-r0)
			px := (*buf)[:(p.stride*(rows-1)+p.kh)*xPitch*Block]
			pdy := (*buf)[xRows*xPitch*Block:][:rows*p.width*Block]
			s.padPlane(px, x, p.in[0], p.in[1], r0*p.stride-p.conv.PadLo[1], p.conv.PadLo[2], xPitch)
			for ob := range last - first {
				plane := dy[ob*r.dy.pixels*Block:]
				s.padPlane(pdy, plane, p.out[0], p.out[1], r0, 0, p.width)
				p.addBand(s, (*sums)[ob*size:][:size], px, pdy, r0, rows, ahead{})
			}
		}
		giveBack(lentX)
		giveBack(lentY)
	}
	for ob := range last - first {
		p.unpack(s, r.dw, (*sums)[ob*size:][:size], first+ob, 0)
	}
})
