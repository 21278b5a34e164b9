package kernels

// Any convolution as matrix products: the columns that a group's output pixels see (im2col) times its weights. The portable and
// the assembly version differ in the product and in how they cut it up.

func (c Conv) forward(y, x, w, b []float32) {
	if s := assembly(); c.direct(s) {
		s.runPasses(c.N, []directPass{c.forwardPass(s)}, c.output(y, true), c.input(x, true), w, b)
		return
	}
	c.forwardThrough(c.window(), y, x, w, b)
}

func (c Conv) forwardThrough(win window, y, x, w, b []float32) {
	if s := assembly(); s != nil {
		c.forwardPacked(s, win, y, x, w, b)
	} else {
		c.forwardPortable(y, x, w, b, win)
	}
}

func (c Conv) backwardData(dx, dy, w []float32) {
	s := assembly()
	if c.direct(s) {
		if passes, ok := c.backwardPasses(s); ok {
			s.runPasses(c.N, passes, c.input(dx, true), c.output(dy, true), w, nil)
			return
		}
	}
	switch {
	case c.Stride == [3]int{1, 1, 1}:
		c.backwardDataAsForward(dx, dy, w)
	case s != nil:
		c.scatterPacked(s, dx, dy, w)
	default:
		c.scatterPortable(dx, dy, w)
	}
}

func (c Conv) backwardWeights(dw, x, dy []float32) {
	s := assembly()
	if c.direct(s) {
		if p, ok := c.gradPass(s); ok {
			s.runGrad(c.N, &p, dw, c.input(x, true), c.output(dy, true))
			return
		}
	}
	if s != nil {
		c.weightsDots(s, dw, x, dy)
	} else {
		c.weightsPortable(dw, x, dy)
	}
}

// backwardDataAsForward uses that for stride 1 the gradient is a convolution of dy with the weights transposed and turned round.
func (c Conv) backwardDataAsForward(dx, dy, w []float32) {
	win := c.window()
	win.in, win.out = win.out, win.in
	for d := range 3 {
		win.pad[d] = c.Dilation[d]*(c.Kernel[d]-1) - c.PadLo[d]
	}
	turned := borrow(len(w))
	defer release(turned)
	c.turnWeights(*turned, w)
	c.InC, c.OutC = c.OutC, c.InC
	c.forwardThrough(win, dx, dy, *turned, nil)
}

// turnWeights: t[g][ic][oc][k] = w[g][oc][ic][taps-1-k]
func (c Conv) turnWeights(t, w []float32) {
	icg, ocg, taps := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel)
	tasks(c.Groups, func(g int) {
		for ic := range icg {
			for oc := range ocg {
				src := w[((g*ocg+oc)*icg+ic)*taps:][:taps]
				dst := t[((g*icg+ic)*ocg+oc)*taps:][:taps]
				for k, v := range src {
					dst[taps-1-k] = v
				}
			}
		}
	})
}

// Cuts of the products; they depend on shapes alone.
const (
	rowsOfTask   = 192 // output channels
	pixelsOfTask = 512
)

// packedWeights packs the (m x k) matrices of all groups in chunks of rowsOfTask rows for multiply.
func packedWeights(groups, m, k int, weights func(g int) matrix) *[]float32 {
	packed := borrow(groups * m * k)
	chunks := (m + rowsOfTask - 1) / rowsOfTask
	tasks(groups*chunks, func(i int) {
		g, r := i/chunks, i%chunks*rowsOfTask
		packTiles((*packed)[(g*m+r)*k:], weights(g).at(r, 0), min(rowsOfTask, m-r), k, 1)
	})
	return packed
}

// forwardPacked: for every image n and group g, y[n][g] = b[g] + w[g] * columns(x[n][g]).
func (c Conv) forwardPacked(s *simd, win window, y, x, w, b []float32) {
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	in, pixels := volume(win.in), volume(win.out)
	k := icg * volume(win.kernel)
	packed := packedWeights(c.Groups, ocg, k, func(g int) matrix { return matrix{w[g*ocg*k:], k, 1} })
	defer release(packed)
	chunks, strips := (ocg+rowsOfTask-1)/rowsOfTask, (pixels+pixelsOfTask-1)/pixelsOfTask
	tasks(c.N*c.Groups*strips*chunks, func(i int) {
		ng, p0, r := i/chunks/strips, i/chunks%strips*pixelsOfTask, i%chunks*rowsOfTask
		g, n, m := ng%c.Groups, min(pixelsOfTask, pixels-p0), min(rowsOfTask, ocg-r)
		to := y[(ng*ocg+r)*pixels:][:m*pixels]
		for oc := range m {
			fill(to[oc*pixels+p0:][:n], at(b, g*ocg+r+oc))
		}
		columns := s.columnPanels(&win, x[ng*icg*in:][:icg*in], p0)
		s.multiply(m, n, k, (*packed)[(g*ocg+r)*k:], columns, to[p0:], pixels)
	})
}

// columnPanels takes panels from the column matrix of x, whose column 0 is output pixel p0.
func (s *simd) columnPanels(win *window, x []float32, p0 int) panelFunc {
	if win.pointwise() {
		return s.matrixPanels(matrix{x[p0:], volume(win.in), 1})
	}
	return func(dst []float32, ld, l0, l1, j0, j1 int) { win.gather(dst, ld, x, l0, l1, p0+j0, p0+j1) }
}

// scatterPacked: the columns of dx are transpose(w) * dy; each is added where it came from. A task owns some channels of an image.
func (c Conv) scatterPacked(s *simd, dx, dy, w []float32) {
	win := c.window()
	icg, ocg, taps := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel)
	in, pixels := volume(c.In), volume(win.out)
	each := max(1, min(icg, rowsOfTask/taps))
	chunks := (icg + each - 1) / each
	packed := borrow(c.Groups * icg * taps * ocg)
	defer release(packed)
	tasks(c.Groups*chunks, func(i int) {
		g, ic := i/chunks, i%chunks*each
		transposed := matrix{w[(g*ocg*icg+ic)*taps:], 1, icg * taps}
		packTiles((*packed)[(g*icg+ic)*taps*ocg:], transposed, min(each, icg-ic)*taps, ocg, 1)
	})
	tasks(c.N*c.Groups*chunks, func(i int) {
		ng, ic := i/chunks, i%chunks*each
		channels := min(each, icg-ic)
		target := dx[(ng*icg+ic)*in:][:channels*in]
		clear(target)
		columns := borrow(channels * taps * pixelsOfTask)
		defer release(columns)
		for p0 := 0; p0 < pixels; p0 += pixelsOfTask {
			n := min(pixelsOfTask, pixels-p0)
			clear(*columns)
			dyPanels := s.matrixPanels(matrix{dy[ng*ocg*pixels+p0:], pixels, 1})
			s.multiply(channels*taps, n, ocg, (*packed)[(ng%c.Groups*icg+ic)*taps*ocg:], dyPanels, *columns, pixelsOfTask)
			win.scatterAdd(target, *columns, pixelsOfTask, channels*taps, p0, p0+n)
		}
	})
}

// weightsDots: dw[g] = sum over images and strips of dy[n][g] * transpose(columns(x[n][g])). A task owns the weights between some
// output and some input channels and goes through the images and strips in order.
func (c Conv) weightsDots(s *simd, dw, x, dy []float32) {
	win := c.window()
	icg, ocg, taps := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel)
	in, pixels := volume(c.In), volume(win.out)
	const rows, width = 64, 1024 // output channels and pixels, so that dy stays in the second-level cache
	each := max(1, min(icg, 64/taps))
	chunks, bands := (icg+each-1)/each, (ocg+rows-1)/rows
	tasks(c.Groups*chunks*bands, func(i int) {
		g, ic, oc := i/bands/chunks, i/bands%chunks*each, i%bands*rows
		channels, m := min(each, icg-ic), min(rows, ocg-oc)
		target := dw[((g*ocg+oc)*icg+ic)*taps:]
		for r := range m {
			clear(target[r*icg*taps:][:channels*taps])
		}
		for n := range c.N {
			xg := x[((n*c.Groups+g)*icg+ic)*in:][:channels*in]
			dyg := dy[((n*c.Groups+g)*ocg+oc)*pixels:][:m*pixels]
			for p0 := 0; p0 < pixels; p0 += width {
				p1 := min(pixels, p0+width)
				c.withColumns(xg, win, channels, p0, p1, func(columns []float32, ld int) {
					s.multiplyDots(m, channels*taps, p1-p0, dyg[p0:], pixels, columns, ld, target, icg*taps)
				})
			}
		}
	})
}
