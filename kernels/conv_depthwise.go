package kernels

// 3x3 depthwise convolutions a band of rows at a time.

type depthwiseKernel func(rows, width int, x *float32, xrow int, w, bias, y, ahead *float32)

// rowwise reports whether the passes are one that depthwise kernels do.
func (s *simd) rowwise(passes []directPass) bool {
	p := &passes[0]
	return len(passes) == 1 && p.lookup == own && p.kh == 3 && p.kw == 3 && p.outPixel == 1 && p.stride < len(s.depthwise) &&
		s.depthwise[p.stride] != nil
}

// wholeRows computes the rows of a band of the block whose planes y holds; w is the block's weights, one half after the other.
func (j *directTask) wholeRows(p *directPass, w, y []float32, band, bands int) {
	s, in := j.s, &j.planes
	t0, t1 := p.rowsOfBand(band, bands)
	first, _ := p.tileRow(t0)
	last, k := p.tileRow(t1 - 1)
	end := last + min(k.rows, p.out[0])
	const chunkFloats = 4 << 10 // of output, which stays in the first-level cache between the halves
	chunk := max(1, chunkFloats/(p.out[1]*Block))
	for r := first; r < end; r += chunk {
		rows := min(chunk, end-r)
		at := r*p.stride - p.pad[0] - in.first
		in.fill(s, at+p.stride*(rows-1)+p.kh, rows)
		x := (at*in.pitch + in.before - p.pad[1]) * Block
		ahead, _, _ := in.ahead(0, 1)
		for half := 0; half < Block; half += s.lanes {
			s.depthwise[p.stride](rows, p.out[1], &in.data[x+half], in.pitch*pixelBytes, &w[half/s.lanes*p.vectorFloats(s)], &j.bias[half],
				&y[(p.outAt+r*p.outRow)*Block+half], ahead)
			ahead = &in.data[0]
		}
	}
}
