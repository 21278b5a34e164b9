package kernels

// groupGradKernel adds up the gradients of a row of weights of k channels for every lane; its loop is in the comment of each kernel.
type groupGradKernel struct {
	k int
	f func(rows, width int, x *float32, xskip int, dy, dw, ahead *float32, even int)
}

// unpadded is the kernel that reads x and dy as they lie, if there is one.
func (p *gradPass) unpadded(s *simd) *groupGradKernel {
	kernels := s.groupGrad[convKey{p.lookup, p.kw, p.stride}]
	for d := 1; d < 3; d++ {
		if kernels == nil || p.kh != 3 || p.conv.PadLo[d] != 1 || p.conv.PadHi[d] != 1 || p.out[1] < 2 {
			return nil
		}
	}
	return &kernels[0]
}

// firstLevel is the bytes of the first-level cache. Machines that know better change it.
var firstLevel = 48 << 10

// addRows adds an image's part without padding it, a band of rows at a time, so that what the rows of taps go over stays in the first-level
// cache with what is fetched of the next band: loads that miss it wait behind memory. next is where x and dy of the next image lie, if
// there is one.
func (p *gradPass) addRows(k *groupGradKernel, sums, x, dy []float32, next ahead) {
	pixels := firstLevel / pixelBytes / 2 // of both, with as many that come next
	band := max(1, pixels/((p.stride*p.stride+1)*p.out[1]))
	xrow, dyrow := p.in[1]*Block, p.out[1]*Block
	skip := p.stride * (xrow - dyrow) * 4
	even := b2i(p.stride*p.out[1] == p.in[1])
	for r0 := 0; r0 < p.out[0]; r0 += band {
		rows := min(band, p.out[0]-r0)
		soon := p.nextBand(r0+rows, rows, x, dy, next)
		for h := range p.kh {
			if lo, hi := p.rowsWithInput(h, r0, rows); lo < hi {
				at := ((r0+lo)*p.stride + h - 1) * xrow
				k.f(hi-lo, p.out[1], &x[at], skip, &dy[(r0+lo)*dyrow], &sums[h*k.k*p.kw*Block], soon[h], even)
			}
		}
	}
}

// nextBand is what the calls for the rows of taps of one band prefetch of the next, which begins with row r: a part of x, dy, and with
// stride 2 the other half of x.
func (p *gradPass) nextBand(r, rows int, x, dy []float32, next ahead) [3]*float32 {
	if r < p.out[0] {
		first := min(r*p.stride+1, p.in[0]-1)
		second := min(first+rows, p.in[0]-1)
		return [3]*float32{&x[first*p.in[1]*Block], &dy[r*p.out[1]*Block], &x[second*p.in[1]*Block]}
	}
	if next[0] == nil {
		return [3]*float32{&x[0], &x[0], &x[0]}
	}
	return [3]*float32{next[0], next[1], next[0]}
}
