package kernels

// planeGradKernel adds up the gradients of a row of three taps over many images; its loop is in the comment of each kernel.
type planeGradKernel func(images, rows, width int, x *float32, xnext int, dy *float32, dynext int, dw *float32, dwnext int)

// takesPlanes reports whether the sums can be taken from tensors as they lie, without a copy that has padding.
func (p *gradPass) takesPlanes(s *simd, x, dy tensor) bool {
	return p.lookup == wide && p.k == Block && p.kw == 3 && p.stride <= 2 && s.planeGrad[p.stride] != nil && !x.plain && !dy.plain &&
		p.conv.PadLo[2] == 1 && p.in[1] == p.stride*p.out[1] && p.out[1] > 1
}

// addWholePlanes adds the parts of all images to the sums of [input channel][tap], as many at a time as stay in the second-level cache.
func (p *gradPass) addWholePlanes(s *simd, sums []float32, x, dy tensor, n, ob, plane int) {
	const cacheFloats = 48 << 10
	in := ob/p.channelSets.out*p.planes + plane
	ximage, dyimage := blocks(x.channels)*x.pixels, blocks(dy.channels)*dy.pixels
	together := max(1, cacheFloats/((x.pixels+dy.pixels)*Block))
	taps := p.kh * p.kw
	for first := 0; first < n; first += together {
		images, xs, dys := min(together, n-first), x.block(first, in), dy.block(first, ob)
		for h := range p.kh {
			lo, hi := p.rowsWithInput(h, 0, p.out[0])
			if lo >= hi {
				continue
			}
			from := (lo*p.stride + h - p.conv.PadLo[1]) * p.in[1] * Block
			xnext, dynext := ximage-(hi-lo)*p.stride*p.in[1], dyimage-(hi-lo)*p.out[1]
			for c := range p.chunks() {
				s.planeGrad[p.stride](images, hi-lo, p.out[1], &xs[from+c*p.kernel.k], xnext*pixelBytes, &dys[lo*p.out[1]*Block], dynext*pixelBytes,
					&sums[(c*p.kernel.k*taps+h*p.kw)*Block], taps*pixelBytes)
			}
		}
	}
}
