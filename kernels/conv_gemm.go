package kernels

// Any convolution as matrix products: the columns that a group's output pixels see (im2col) times its weights. The portable and
// the assembly version differ in the product and in how they cut it up.

func (c Conv) forward(y, x, w, b []float32) {
	switch s := assembly(); {
	case c.path(s) == runs:
		c.forwardRuns(s, nil, y, x, w, b, true)
	case c.direct(s):
		s.runPasses(c.N, c.plan(s).forward, nil, c.output(y, true), c.input(x, true), w, b)
	default:
		c.forwardThrough(c.window(), y, x, w, b)
	}
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
	if c.path(s) == runs {
		c.backwardRuns(s, dx, dy, w, true)
		return
	}
	if c.direct(s) {
		if passes := c.plan(s).backward; passes != nil {
			s.runPasses(c.N, passes, nil, c.input(dx, true), c.output(dy, true), w, nil)
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
	switch {
	case c.takesPlanar(s):
		c.weightsPlanar(s, dw, x, dy, true)
	case c.direct(s): // there is a pass, or it would be planar
		s.runGrad(c.N, c.plan(s).grad, dw, c.input(x, true), c.output(dy, true))
	case s != nil:
		c.weightsDots(s, dw, x, dy)
	default:
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
	weightTurns.run(c.Groups, weightTurn{c, t, w})
}

type weightTurn struct {
	Conv
	t, w []float32
}

var weightTurns = newLoop(func(c *weightTurn, g int) {
	icg, ocg, taps := c.InC/c.Groups, c.OutC/c.Groups, volume(c.Kernel)
	for ic := range icg {
		for oc := range ocg {
			src := c.w[((g*ocg+oc)*icg+ic)*taps:][:taps]
			dst := c.t[((g*icg+ic)*ocg+oc)*taps:][:taps]
			for k, v := range src {
				dst[taps-1-k] = v
			}
		}
	}
})

// Cuts of the products; they depend on shapes alone.
const (
	rowsOfTask   = 192 // output channels
	pixelsOfTask = 512
)

// columnWork is a direction of a convolution as matrix products on its way. In win the input may be dy, see backwardDataAsForward.
type columnWork struct {
	Conv
	s            *simd
	win          window
	x, y, w, b   []float32 // of x, y and w one is the result
	packed       []float32 // weights
	each, chunks int       // channels of a task, and tasks for all channels of a group
}

// perGroup is the channels of a group, the taps and the pixels of input and output.
func (c *columnWork) perGroup() (icg, ocg, taps, in, pixels int) {
	return c.InC / c.Groups, c.OutC / c.Groups, volume(c.win.kernel), volume(c.win.in), volume(c.win.out)
}

// forwardPacked: for every image n and group g, y[n][g] = b[g] + w[g] * columns(x[n][g]).
func (c Conv) forwardPacked(s *simd, win window, y, x, w, b []float32) {
	ocg := c.OutC / c.Groups
	packed := borrow(len(w))
	defer release(packed)
	chunks, strips := (ocg+rowsOfTask-1)/rowsOfTask, (volume(win.out)+pixelsOfTask-1)/pixelsOfTask
	work := columnWork{Conv: c, s: s, win: win, x: x, y: y, w: w, b: b, packed: *packed, chunks: chunks}
	columnPacks.run(c.Groups*chunks, work)
	columnProducts.run(c.N*c.Groups*strips*chunks, work)
}

// columnPacks packs the weights of all groups in chunks of rowsOfTask rows for multiply.
var columnPacks = newLoop(func(c *columnWork, i int) {
	icg, ocg, taps, _, _ := c.perGroup()
	k := icg * taps
	g, r := i/c.chunks, i%c.chunks*rowsOfTask
	packTiles(c.packed[(g*ocg+r)*k:], matrix{c.w[(g*ocg+r)*k:], k, 1}, min(rowsOfTask, ocg-r), k, 1)
})

var columnProducts = newLoop(func(c *columnWork, i int) {
	icg, ocg, taps, in, pixels := c.perGroup()
	k, strips := icg*taps, (pixels+pixelsOfTask-1)/pixelsOfTask
	ng, p0, r := i/c.chunks/strips, i/c.chunks%strips*pixelsOfTask, i%c.chunks*rowsOfTask
	g, n, m := ng%c.Groups, min(pixelsOfTask, pixels-p0), min(rowsOfTask, ocg-r)
	to := c.y[(ng*ocg+r)*pixels:][:m*pixels]
	for oc := range m {
		fill(to[oc*pixels+p0:][:n], at(c.b, g*ocg+r+oc))
	}
	c.s.multiply(m, n, k, c.packed[(g*ocg+r)*k:], c.columns(c.x[ng*icg*in:][:icg*in], p0), to[p0:], pixels)
})

// columns is the column matrix of x from output pixel p0 on.
func (c *columnWork) columns(x []float32, p0 int) factor {
	if c.win.pointwise() {
		return factor{matrix: matrix{x[p0:], volume(c.win.in), 1}}
	}
	return factor{window: &c.win, x: x, pixel: p0}
}

// scatterPacked: the columns of dx are transpose(w) * dy; each is added where it came from. A task owns some channels of an image.
func (c Conv) scatterPacked(s *simd, dx, dy, w []float32) {
	icg := c.InC / c.Groups
	each := max(1, min(icg, rowsOfTask/volume(c.Kernel)))
	chunks := (icg + each - 1) / each
	packed := borrow(len(w))
	defer release(packed)
	work := columnWork{Conv: c, s: s, win: c.window(), x: dx, y: dy, w: w, packed: *packed, each: each, chunks: chunks}
	scatterPacks.run(c.Groups*chunks, work)
	scatters.run(c.N*c.Groups*chunks, work)
}

var scatterPacks = newLoop(func(c *columnWork, i int) {
	icg, ocg, taps, _, _ := c.perGroup()
	g, ic := i/c.chunks, i%c.chunks*c.each
	transposed := matrix{c.w[(g*ocg*icg+ic)*taps:], 1, icg * taps}
	packTiles(c.packed[(g*icg+ic)*taps*ocg:], transposed, min(c.each, icg-ic)*taps, ocg, 1)
})

var scatters = newLoop(func(c *columnWork, i int) {
	icg, ocg, taps, in, pixels := c.perGroup()
	ng, ic := i/c.chunks, i%c.chunks*c.each
	channels := min(c.each, icg-ic)
	target := c.x[(ng*icg+ic)*in:][:channels*in]
	clear(target)
	columns := borrow(channels * taps * pixelsOfTask)
	defer release(columns)
	weights := c.packed[(ng%c.Groups*icg+ic)*taps*ocg:]
	for p0 := 0; p0 < pixels; p0 += pixelsOfTask {
		n := min(pixelsOfTask, pixels-p0)
		clear(*columns)
		dy := factor{matrix: matrix{c.y[ng*ocg*pixels+p0:], pixels, 1}}
		c.s.multiply(channels*taps, n, ocg, weights, dy, *columns, pixelsOfTask)
		c.win.scatterAdd(target, *columns, pixelsOfTask, channels*taps, p0, p0+n)
	}
})

// weightsDots: dw[g] = sum over images and strips of dy[n][g] * transpose(columns(x[n][g])). A task owns the weights between some
// output and some input channels and goes through the images and strips in order.
func (c Conv) weightsDots(s *simd, dw, x, dy []float32) {
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	each := max(1, min(icg, 64/volume(c.Kernel)))
	chunks, bands := (icg+each-1)/each, (ocg+rowsOfDots-1)/rowsOfDots
	weightDots.run(c.Groups*chunks*bands, columnWork{Conv: c, s: s, win: c.window(), x: x, y: dy, w: dw, each: each, chunks: chunks})
}

// Output channels and pixels of a product of dots, so that dy stays in the second-level cache.
const (
	rowsOfDots   = 64
	pixelsOfDots = 1024
)

var weightDots = newLoop(func(c *columnWork, i int) {
	icg, ocg, taps, in, pixels := c.perGroup()
	bands := (ocg + rowsOfDots - 1) / rowsOfDots
	g, ic, oc := i/bands/c.chunks, i/bands%c.chunks*c.each, i%bands*rowsOfDots
	channels, m := min(c.each, icg-ic), min(rowsOfDots, ocg-oc)
	target := c.w[((g*ocg+oc)*icg+ic)*taps:]
	for r := range m {
		clear(target[r*icg*taps:][:channels*taps])
	}
	for n := range c.N {
		x := c.x[((n*c.Groups+g)*icg+ic)*in:][:channels*in]
		dy := c.y[((n*c.Groups+g)*ocg+oc)*pixels:][:m*pixels]
		for p0 := 0; p0 < pixels; p0 += pixelsOfDots {
			p1 := min(pixels, p0+pixelsOfDots)
			columns, ld, lent := c.columnsOf(x, channels, p0, p1)
			c.s.multiplyDots(m, channels*taps, p1-p0, dy[p0:], pixels, columns, ld, target, icg*taps)
			giveBack(lent)
		}
	}
})

// columnsOf returns the column matrix of output pixels [p0, p1) of a few channels, whose rows are ld apart. The caller gives back what
// is lent for it.
func (c *columnWork) columnsOf(x []float32, channels, p0, p1 int) (columns []float32, ld int, lent *[]float32) {
	if c.win.pointwise() {
		return x[p0:], volume(c.win.in), nil
	}
	ld = p1 - p0
	rows := channels * volume(c.win.kernel)
	lent = borrow(rows * ld)
	c.win.gather(*lent, ld, x, 0, rows, p0, p1)
	return *lent, ld, lent
}
