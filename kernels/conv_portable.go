package kernels

// The portable convolutions lower every group to matrix products over strips of output pixels. A strip's column matrix stays in
// cache, and each output element is summed by one task in a fixed order.

// columnFloats bounds the column matrix of a strip.
const columnFloats = 1 << 15

// strip returns the width of the strips for column matrices of k rows.
func strip(k, pixels int) int {
	return min(pixels, max(64, columnFloats/k/64*64))
}

// forwardPortable: for every image n and group g, y[n][g] = b[g] + w[g] * columns(x[n][g]).
func (c Conv) forwardPortable(y, x, w, b []float32, win window) {
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	in, pixels := volume(win.in), volume(win.out)
	k := icg * volume(win.kernel)
	width := strip(k, pixels)
	strips := (pixels + width - 1) / width
	tasks(c.N*c.Groups*strips, func(i int) {
		ng, p0 := i/strips, i%strips*width
		p1 := min(pixels, p0+width)
		yg := y[ng*ocg*pixels:][:ocg*pixels]
		for oc := range ocg {
			fill(yg[oc*pixels+p0:oc*pixels+p1], at(b, ng%c.Groups*ocg+oc))
		}
		weights := matrix{w[ng%c.Groups*ocg*k:], k, 1}
		c.withColumns(x[ng*icg*in:][:icg*in], win, icg, p0, p1, func(columns []float32, ld int) {
			addProduct(ocg, p1-p0, k, weights, columns, ld, yg[p0:], pixels)
		})
	})
}

// withColumns calls f with the column matrix of output pixels [p0, p1) of a few channels; ld is the distance of its rows.
func (c Conv) withColumns(x []float32, win window, channels, p0, p1 int, f func(columns []float32, ld int)) {
	if win.pointwise() {
		f(x[p0:], volume(win.in))
		return
	}
	ld := p1 - p0
	columns := borrow(channels * volume(win.kernel) * ld)
	defer release(columns)
	win.gather(*columns, ld, x, 0, channels*volume(win.kernel), p0, p1)
	f(*columns, ld)
}

// at is b[i], or 0 without b.
func at(b []float32, i int) float32 {
	if b == nil {
		return 0
	}
	return b[i]
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// scatterPortable: the columns of dx are transpose(w) * dy; each is added where it came from. A task owns some channels of an image.
func (c Conv) scatterPortable(dx, dy, w []float32) {
	win := c.window()
	icg, ocg, taps := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel)
	in, pixels := volume(c.In), volume(win.out)
	each := max(1, min(icg, 64/taps))
	chunks := (icg + each - 1) / each
	tasks(c.N*c.Groups*chunks, func(i int) {
		ng, ic := i/chunks, i%chunks*each
		channels := min(each, icg-ic)
		k := channels * taps
		target := dx[(ng*icg+ic)*in:][:channels*in]
		clear(target)
		transposed := matrix{w[(ng%c.Groups*ocg*icg+ic)*taps:], 1, icg * taps}
		width := strip(k, pixels)
		columns := borrow(k * width)
		defer release(columns)
		for p0 := 0; p0 < pixels; p0 += width {
			p1 := min(pixels, p0+width)
			clear(*columns)
			addProduct(k, p1-p0, ocg, transposed, dy[ng*ocg*pixels+p0:], pixels, *columns, width)
			win.scatterAdd(target, *columns, width, k, p0, p1)
		}
	})
}

// weightsPortable: dw[g] = sum over images and strips of dy[n][g] * transpose(columns(x[n][g])). A task owns the weights of some
// input channels and goes through the images and strips in order.
func (c Conv) weightsPortable(dw, x, dy []float32) {
	win := c.window()
	icg, ocg, taps := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel)
	in, pixels := volume(c.In), volume(win.out)
	each := max(1, min(icg, 64/taps))
	chunks := (icg + each - 1) / each
	width := strip(each*taps, pixels)
	tasks(c.Groups*chunks, func(i int) {
		g, ic := i/chunks, i%chunks*each
		channels := min(each, icg-ic)
		target := dw[(g*ocg*icg+ic)*taps:]
		for oc := range ocg {
			clear(target[oc*icg*taps:][:channels*taps])
		}
		for n := range c.N {
			xg := x[((n*c.Groups+g)*icg+ic)*in:][:channels*in]
			dyg := dy[(n*c.Groups+g)*ocg*pixels:][:ocg*pixels]
			for p0 := 0; p0 < pixels; p0 += width {
				p1 := min(pixels, p0+width)
				c.withColumns(xg, win, channels, p0, p1, func(columns []float32, ld int) {
					addDots(ocg, channels*taps, p1-p0, dyg[p0:], pixels, columns, ld, target, icg*taps)
				})
			}
		}
	})
}
