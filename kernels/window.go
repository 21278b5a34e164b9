package kernels

// window is the geometry by which a convolution or pooling looks at one plane: output position o sees, through kernel tap k,
// input position o*stride - pad + k*dilation. A negative pad crops.
type window struct {
	in, out, kernel, stride, dilation, pad [3]int
}

func (c Conv) window() window {
	return window{c.In, c.Out(), c.Kernel, c.Stride, c.Dilation, c.PadLo}
}

// pointwise says that the columns of the input are the input itself.
func (w *window) pointwise() bool {
	return w.kernel == [3]int{1, 1, 1} && w.stride == [3]int{1, 1, 1} && w.pad == [3]int{} && w.in == w.out
}

// tap is kernel tap number t, counted row by row, as an offset in input pixels.
func (w *window) tap(t int) [3]int {
	return [3]int{
		t / w.kernel[2] / w.kernel[1] * w.dilation[0],
		t / w.kernel[2] % w.kernel[1] * w.dilation[1],
		t % w.kernel[2] * w.dilation[2],
	}
}

// gather writes rows [k0, k1) of the im2col matrix of output pixels [p0, p1), ld apart. Row k belongs to channel k/taps and tap k%taps:
//
//	dst[(k-k0)*ld + p-p0] = x[channel][position that output pixel p sees through the tap], 0 on padding
func (w *window) gather(dst []float32, ld int, x []float32, k0, k1, p0, p1 int) {
	plane, taps := volume(w.in), volume(w.kernel)
	for k := k0; k < k1; k++ {
		xc := x[k/taps*plane:][:plane]
		to := dst[(k-k0)*ld:][:p1-p0]
		w.rows(p0, p1, w.tap(k%taps), func(lo, hi, input, first int) {
			d := to[lo-p0 : hi-p0]
			if input < 0 {
				clear(d)
				return
			}
			gatherRow(d, xc[input:][:w.in[2]], first, w.stride[2])
		})
	}
}

// scatterAdd is the transpose of gather for k rows: it adds every element of the column matrix to the input position it came from.
func (w *window) scatterAdd(x []float32, src []float32, ld, k, p0, p1 int) {
	plane, taps := volume(w.in), volume(w.kernel)
	for i := range k {
		xc := x[i/taps*plane:][:plane]
		from := src[i*ld:][:p1-p0]
		w.rows(p0, p1, w.tap(i%taps), func(lo, hi, input, first int) {
			if input >= 0 {
				scatterRow(xc[input:][:w.in[2]], from[lo-p0:hi-p0], first, w.stride[2])
			}
		})
	}
}

// rows splits output pixels [p0, p1) at the ends of output rows and calls f for each piece [lo, hi) with the offset of the input
// row that it sees through tap (-1 on padding) and the column that its first pixel sees (maybe outside the row).
func (w *window) rows(p0, p1 int, tap [3]int, f func(lo, hi, input, first int)) {
	col := p0 % w.out[2]
	h := p0 / w.out[2] % w.out[1]
	d := p0 / w.out[2] / w.out[1]
	for p0 < p1 {
		end := min(p1, p0+w.out[2]-col)
		id := d*w.stride[0] - w.pad[0] + tap[0]
		ih := h*w.stride[1] - w.pad[1] + tap[1]
		input := -1
		if uint(id) < uint(w.in[0]) && uint(ih) < uint(w.in[1]) {
			input = (id*w.in[1] + ih) * w.in[2]
		}
		f(p0, end, input, col*w.stride[2]-w.pad[2]+tap[2])
		p0, col = end, 0
		if h++; h == w.out[1] {
			h, d = 0, d+1
		}
	}
}

// inside returns the range of i in [0, n) for which first + i*stride lies in [0, width).
func inside(n, first, stride, width int) (lo, hi int) {
	if first < 0 {
		lo = min(n, (-first+stride-1)/stride)
	}
	hi = lo
	if last := width - 1 - first; last >= 0 {
		hi = max(lo, min(n, last/stride+1))
	}
	return lo, hi
}

// gatherRow: dst[i] = row[first + i*stride], or 0 outside the row.
func gatherRow(dst, row []float32, first, stride int) {
	lo, hi := inside(len(dst), first, stride, len(row))
	clear(dst[:lo])
	clear(dst[hi:])
	if stride == 1 && lo < hi {
		copy(dst[lo:hi], row[first+lo:])
		return
	}
	for i := lo; i < hi; i++ {
		dst[i] = row[first+i*stride]
	}
}

// scatterRow: row[first + i*stride] += src[i], where that is inside the row.
func scatterRow(row, src []float32, first, stride int) {
	lo, hi := inside(len(src), first, stride, len(row))
	for i := lo; i < hi; i++ {
		row[first+i*stride] += src[i]
	}
}
