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
	pixels := volume(win.out)
	width := strip(c.InC/c.Groups*volume(win.kernel), pixels)
	strips := (pixels + width - 1) / width
	portableForwards.run(c.N*c.Groups*strips, columnWork{Conv: c, win: win, x: x, y: y, w: w, b: b})
}

var portableForwards = newLoop(func(c *columnWork, i int) {
	icg, ocg, taps, in, pixels := c.perGroup()
	k := icg * taps
	width := strip(k, pixels)
	strips := (pixels + width - 1) / width
	ng, p0 := i/strips, i%strips*width
	p1 := min(pixels, p0+width)
	y := c.y[ng*ocg*pixels:][:ocg*pixels]
	for oc := range ocg {
		fill(y[oc*pixels+p0:oc*pixels+p1], at(c.b, ng%c.Groups*ocg+oc))
	}
	columns, ld, lent := c.columnsOf(c.x[ng*icg*in:][:icg*in], icg, p0, p1)
	defer giveBack(lent)
	addProduct(ocg, p1-p0, k, matrix{c.w[ng%c.Groups*ocg*k:], k, 1}, columns, ld, y[p0:], pixels)
})

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
	each, chunks := c.portableChunks()
	portableScatters.run(c.N*c.Groups*chunks, columnWork{Conv: c, win: c.window(), x: dx, y: dy, w: w, each: each, chunks: chunks})
}

// portableChunks cuts the input channels of a group.
func (c Conv) portableChunks() (each, chunks int) {
	icg := c.InC / c.Groups
	each = max(1, min(icg, 64/volume(c.Kernel)))
	return each, (icg + each - 1) / each
}

var portableScatters = newLoop(func(c *columnWork, i int) {
	icg, ocg, taps, in, pixels := c.perGroup()
	ng, ic := i/c.chunks, i%c.chunks*c.each
	channels := min(c.each, icg-ic)
	k := channels * taps
	target := c.x[(ng*icg+ic)*in:][:channels*in]
	clear(target)
	transposed := matrix{c.w[(ng%c.Groups*ocg*icg+ic)*taps:], 1, icg * taps}
	width := strip(k, pixels)
	columns := borrow(k * width)
	defer release(columns)
	for p0 := 0; p0 < pixels; p0 += width {
		p1 := min(pixels, p0+width)
		clear(*columns)
		addProduct(k, p1-p0, ocg, transposed, c.y[ng*ocg*pixels+p0:], pixels, *columns, width)
		c.win.scatterAdd(target, *columns, width, k, p0, p1)
	}
})

// weightsPortable: dw[g] = sum over images and strips of dy[n][g] * transpose(columns(x[n][g])). A task owns the weights of some
// input channels and goes through the images and strips in order.
func (c Conv) weightsPortable(dw, x, dy []float32) {
	each, chunks := c.portableChunks()
	portableWeights.run(c.Groups*chunks, columnWork{Conv: c, win: c.window(), x: x, y: dy, w: dw, each: each, chunks: chunks})
}

var portableWeights = newLoop(func(c *columnWork, i int) {
	icg, ocg, taps, in, pixels := c.perGroup()
	width := strip(c.each*taps, pixels)
	g, ic := i/c.chunks, i%c.chunks*c.each
	channels := min(c.each, icg-ic)
	target := c.w[(g*ocg*icg+ic)*taps:]
	for oc := range ocg {
		clear(target[oc*icg*taps:][:channels*taps])
	}
	for n := range c.N {
		x := c.x[((n*c.Groups+g)*icg+ic)*in:][:channels*in]
		dy := c.y[(n*c.Groups+g)*ocg*pixels:][:ocg*pixels]
		for p0 := 0; p0 < pixels; p0 += width {
			p1 := min(pixels, p0+width)
			columns, ld, lent := c.columnsOf(x, channels, p0, p1)
			addDots(ocg, channels*taps, p1-p0, dy[p0:], pixels, columns, ld, target, icg*taps)
			giveBack(lent)
		}
	}
})
