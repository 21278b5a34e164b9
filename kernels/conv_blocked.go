package kernels

// Convolutions between tensors in the blocked layout, and the choice of the kernels that do them.

// ForwardBlocked is Forward with x and y in the blocked layout; w and b are plain.
func (c Conv) ForwardBlocked(y, x, w, b []float32) {
	c = c.prepareBlocked("Conv.ForwardBlocked", len(x), len(y), len(w))
	checkOptional("Conv.ForwardBlocked", "bias", b, c.OutC)
	if c.N == 0 {
		return
	}
	s := assembly()
	switch c.path(s) {
	case point:
		c.pointPass(false, w).run(s, y, x, b)
	case depth:
		c.depthForward(s, y, x, w, b, false)
	case direct:
		s.runPasses(c.N, c.plan(s).forward, nil, c.output(y, false), c.input(x, false), w, b)
	case taps:
		s.runTaps(c.N, c.plan(s).tapForward, y, x, w, b)
	case runs:
		c.forwardRuns(s, nil, y, x, w, b, false)
	default:
		c.shape().throughPlain(y, x, func(y, x []float32) { c.forward(y, x, w, b) })
	}
}

// BackwardDataBlocked is BackwardData with dx and dy in the blocked layout.
func (c Conv) BackwardDataBlocked(dx, dy, w []float32) {
	c = c.prepareBlocked("Conv.BackwardDataBlocked", len(dx), len(dy), len(w))
	if c.N == 0 {
		return
	}
	s := assembly()
	switch c.path(s) {
	case point:
		c.pointPass(true, w).run(s, dx, dy, nil)
		return
	case depth:
		c.depthBackward(s, dx, dy, w)
		return
	case taps:
		s.runTaps(c.N, c.plan(s).tapBackward, dx, dy, w, nil)
		return
	case runs:
		c.backwardRuns(s, dx, dy, w, false)
		return
	case direct:
		if passes := c.plan(s).backward; passes != nil {
			s.runPasses(c.N, passes, nil, c.input(dx, false), c.output(dy, false), w, nil)
			return
		}
	}
	c.shape().turned().throughPlain(dx, dy, func(dx, dy []float32) { c.backwardData(dx, dy, w) })
}

// AddsGradient reports whether AddBackwardDataBlocked can do this convolution: a 1x1 convolution without a stride, where there is assembly.
func (c Conv) AddsGradient() bool {
	c = c.norm()
	return c.problem() == "" && c.path(assembly()) == point && c.Stride == [3]int{1, 1, 1}
}

// AddBackwardDataBlocked is BackwardDataBlocked that adds to what is in dx, which saves the pass of an addition. It panics with a ShapeError
// unless AddsGradient.
func (c Conv) AddBackwardDataBlocked(dx, dy, w []float32) {
	const op = "Conv.AddBackwardDataBlocked"
	c = c.prepareBlocked(op, len(dx), len(dy), len(w))
	if !c.AddsGradient() {
		panic(ShapeError{op, "no kernel adds to the gradient of this convolution's input"})
	}
	if c.N > 0 {
		p := c.pointPass(true, w)
		p.add = true
		p.run(assembly(), dx, dy, nil)
	}
}

// BackwardWeightsBlocked is BackwardWeights with x and dy in the blocked layout; dw and db are plain.
func (c Conv) BackwardWeightsBlocked(dw, db, x, dy []float32) {
	c = c.prepareBlocked("Conv.BackwardWeightsBlocked", len(x), len(dy), len(dw))
	checkOptional("Conv.BackwardWeightsBlocked", "bias gradient", db, c.OutC)
	if c.N > 0 {
		c.weightsBlocked(dw, x, dy)
	} else {
		clear(dw)
	}
	if db != nil {
		blockedChannelSums(db, dy, c.N, c.OutC, volume(c.Out()))
	}
}

func (c Conv) weightsBlocked(dw, x, dy []float32) {
	s := assembly()
	switch path := c.path(s); {
	case path == point:
		c.pointPass(false, nil).runGrad(s, dw, x, dy)
		return
	case path == depth:
		c.depthGrad(s, dw, x, dy)
		return
	case c.takesPlanar(s):
		c.weightsPlanar(s, dw, x, dy, false)
		return
	case path == direct && c.plan(s).grad != nil:
		s.runGrad(c.N, c.plan(s).grad, dw, c.input(x, false), c.output(dy, false))
		return
	}
	px, pdy := borrow(c.InLen()), borrow(c.OutLen())
	defer release(px)
	defer release(pdy)
	FromBlocked(*px, x, c.N, c.InC, volume(c.In))
	FromBlocked(*pdy, dy, c.N, c.OutC, volume(c.Out()))
	c.backwardWeights(dw, *px, *pdy)
}

// prepareBlocked is prepare for operands in the blocked layout.
func (c Conv) prepareBlocked(op string, x, y, w int) Conv {
	c = c.norm()
	if p := c.problem(); p != "" {
		panic(ShapeError{op, p})
	}
	checkLen(op, "input", x, BlockedLen(c.N, c.InC, volume(c.In)))
	checkLen(op, "output", y, BlockedLen(c.N, c.OutC, volume(c.Out())))
	checkLen(op, "weights", w, c.WeightLen())
	return c
}

// path is a way to compute a convolution in the blocked layout.
type path int

const (
	columns path = iota // on plain tensors: matrix products over gathered columns, or tiles if groups lie apart
	direct              // tiles of output pixels
	point               // 1x1
	depth               // 3x3 depthwise
	taps                // runs of output pixels with a table of taps
	runs                // the same, channel by channel
)

func (c Conv) path(s *simd) path {
	switch {
	case s == nil:
		return columns
	case c.Kernel == [3]int{1, 1, 1} && c.Groups == 1 && c.PadLo == [3]int{} && c.PadHi == [3]int{}:
		return point
	case s.wholeDepthwise(c):
		return depth
	case c.direct(s) && !c.apart(s):
		return direct
	case c.takesRuns(s):
		return runs
	case c.takesTaps(s):
		return taps
	}
	return columns
}

// reshape is the sizes of a source and a destination tensor.
type reshape struct{ n, srcC, srcPixels, dstC, dstPixels int }

// shape is what goes from x to y.
func (c Conv) shape() reshape {
	return reshape{c.N, c.InC, volume(c.In), c.OutC, volume(c.Out())}
}

// turned goes the other way.
func (r reshape) turned() reshape { return reshape{r.n, r.dstC, r.dstPixels, r.srcC, r.srcPixels} }

// throughPlain calls f with plain copies of blocked tensors and copies the destination back.
func (r reshape) throughPlain(dst, src []float32, f func(dst, src []float32)) {
	pd, ps := borrow(r.n*r.dstC*r.dstPixels), borrow(r.n*r.srcC*r.srcPixels)
	defer release(pd)
	defer release(ps)
	FromBlocked(*ps, src, r.n, r.srcC, r.srcPixels)
	f(*pd, *ps)
	ToBlocked(dst, *pd, r.n, r.dstC, r.dstPixels)
}

// input and output are x and y, or their gradients, as the direct kernels see them.
func (c Conv) input(x []float32, plain bool) tensor {
	return tensor{x, c.InC, volume(c.In), plain, b2i(c.apart(assembly())) * (c.InC / c.Groups)}
}

func (c Conv) output(y []float32, plain bool) tensor {
	return tensor{y, c.OutC, volume(c.Out()), plain, b2i(c.apart(assembly())) * (c.OutC / c.Groups)}
}

// apart reports whether the groups of c are computed in blocks of their own, for which blocked tensors become plain on the way.
func (c Conv) apart(s *simd) bool { return c.Groups > 1 && s.apart(c.InC/c.Groups, c.OutC/c.Groups) }

// pointPass is c, or its gradient, as a product over the pixels of y.
func (c Conv) pointPass(backward bool, w []float32) pointPass {
	pixels := volume(c.Out())
	p := pointPass{n: c.N, in: c.InC, out: c.OutC, pixels: pixels, weight: matrix{w, c.InC, 1}, source: c.grid(), target: dense(pixels)}
	if backward {
		p.in, p.out, p.weight = c.OutC, c.InC, p.weight.transpose()
		p.source, p.target = p.target, p.source
	}
	return p
}

// grid is the pixels of x that a 1x1 convolution sees.
func (c Conv) grid() grid {
	if c.Stride == [3]int{1, 1, 1} {
		return dense(volume(c.In))
	}
	return grid{c.In, c.Out(), c.Stride}
}

// blockedChannelSums is channelSums for x in the blocked layout.
func blockedChannelSums(sums, x []float32, n, channels, spatial int) {
	blockSums.run(blocks(channels), channelSum{sums, x, n, channels, spatial})
}

var blockSums = newLoop(func(c *channelSum, b int) {
	var s [Block]float64
	count, size := blocks(c.channels), c.spatial*Block
	for i := range c.n {
		for px := c.x[(i*count+b)*size:][:size]; len(px) > 0; px = px[Block:] {
			for l, v := range px[:Block] {
				s[l] += float64(v)
			}
		}
	}
	for l := range min(Block, c.channels-b*Block) {
		c.sums[b*Block+l] = float32(s[l])
	}
})

// direct reports whether the direct kernels of s may do convolution c: 2-D, not dilated, equal strides, more than one tap.
func (c Conv) direct(s *simd) bool {
	if s == nil || c.In[0] != 1 || c.Kernel[0] != 1 || c.PadLo[0]+c.PadHi[0] != 0 || c.Dilation[1] != 1 || c.Dilation[2] != 1 ||
		c.Stride[1] != c.Stride[2] || c.Kernel[1]*c.Kernel[2] == 1 {
		return false
	}
	cs, ok := s.channelSets(c.Groups, c.InC/c.Groups, c.OutC/c.Groups)
	return ok && s.conv[convKey{cs.lookup, c.Kernel[2], c.Stride[2]}] != nil
}

// forwardPass is the forward convolution as one pass.
func (c Conv) forwardPass(s *simd) directPass {
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	cs, _ := s.channelSets(c.Groups, icg, ocg)
	taps := c.Kernel[1] * c.Kernel[2]
	out := c.Out()
	p := directPass{channelSets: cs, in: [2]int{c.In[1], c.In[2]}, out: [2]int{out[1], out[2]}, kh: c.Kernel[1], kw: c.Kernel[2],
		stride: c.Stride[2], pad: [2]int{c.PadLo[1], c.PadLo[2]}, outRow: out[2], outPixel: 1, outPlane: out[1] * out[2]}
	p.weightOf = weightIndex{base: func(oc int) int { return oc * icg * taps }, distance: icg * taps, step: taps, all: taps, in: icg, outs: c.OutC,
		group: cs.outC}
	for t := range taps {
		p.taps = append(p.taps, t)
	}
	return p
}

// backwardPasses is the gradient with respect to the input: for each residue of the input row and column modulo the stride, the
// convolution of dy with those taps that reach it. It fails if a residue has no taps or no kernel.
func (c Conv) backwardPasses(s *simd) (passes []directPass, ok bool) {
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	const few = 4 // channels for which a vector is a waste, passes of some of the taps even more so
	cs, ok := s.channelSets(c.Groups, ocg, icg)
	if !ok || cs.lookup == wide && c.Stride[2] > 1 && icg < few {
		return nil, false
	}
	return c.residuePasses(cs, s.conv[convKey{cs.lookup, c.Kernel[2], half}] != nil, func(k convKey) bool { return s.conv[k] != nil })
}

// residuePasses are the passes of the gradient for all residues of the input row and column, or of both columns together. It fails if
// one has no taps or no kernel.
func (c Conv) residuePasses(cs channelSets, both bool, exists func(k convKey) bool) (passes []directPass, ok bool) {
	for row := range c.Stride[1] {
		for _, col := range c.columnResidues(both) {
			v := c.residue(1, row)
			if len(v.taps)*len(col.taps) == 0 || !exists(convKey{cs.lookup, len(col.taps), b2i(!col.both)}) {
				return nil, false
			}
			if row < c.In[1] && col.first < c.In[2] {
				passes = append(passes, c.backwardPass(cs, row, v, col))
			}
		}
	}
	return passes, true
}

// backwardPass is the pass for one residue of rows and one of columns.
func (c Conv) backwardPass(cs channelSets, row int, v, h residue) directPass {
	icg, ocg, taps := c.InC/c.Groups, c.OutC/c.Groups, c.Kernel[1]*c.Kernel[2]
	out, down, right := c.Out(), c.Stride[1], c.Stride[2]
	if h.both {
		right = 1
	}
	p := directPass{channelSets: cs, in: [2]int{out[1], out[2]}, kh: len(v.taps), kw: len(h.taps), stride: 1, half: h.both,
		out: [2]int{(c.In[1] - row + down - 1) / down, (c.In[2] - h.first + right - 1) / right},
		pad: [2]int{v.pad, h.pad}, outAt: row*c.In[2] + h.first, outRow: down * c.In[2], outPixel: right, outPlane: c.In[1] * c.In[2]}
	p.weightOf = weightIndex{base: func(ic int) int { return (ic/icg*ocg*icg + ic%icg) * taps }, distance: taps, step: icg * taps,
		all: taps, in: ocg, outs: c.InC, group: cs.outC}
	for _, i := range v.taps {
		for _, j := range h.taps {
			p.taps = append(p.taps, i*c.Kernel[2]+j)
		}
	}
	return p
}

// columnResidues are the residues of the columns, or both of stride 2 together if there is a kernel for that.
func (c Conv) columnResidues(halfKernel bool) []residue {
	if halfKernel && c.Stride[2] == 2 && c.PadLo[2] == 1 && c.In[2]%2 == 0 {
		return []residue{{taps: []int{0, 1, 2}, both: true}}
	}
	var all []residue
	for col := range c.Stride[2] {
		all = append(all, c.residue(2, col))
	}
	return all
}

// residue describes, in dimension d, the gradient at input positions r + i*stride: output position i-pad+j reaches it through taps[j].
type residue struct {
	first int
	taps  []int
	pad   int
	both  bool // all positions, for kernels of stride half
}

func (c Conv) residue(d, r int) residue {
	res := residue{first: r}
	stride := c.Stride[d]
	// input r sees tap k of output (r + PadLo - k)/stride; the largest k comes from the smallest output.
	for k := c.Kernel[d] - 1; k >= 0; k-- {
		if (r+c.PadLo[d]-k)%stride != 0 {
			continue
		}
		if len(res.taps) == 0 {
			res.pad = (k - r - c.PadLo[d]) / stride
		}
		res.taps = append(res.taps, k)
	}
	return res
}
