package kernels

// A stem reads rows of plain images: what an output pixel sees of a row of one channel lies side by side, so the kernels of 1x1 convolutions
// do it, with a row of a channel for a plane and the taps of a row for its channels.

// readsRows reports whether c, a stem, is computed from rows of plain images.
func (c Conv) readsRows(s *simd) bool {
	return s != nil && c.Groups == 1 && c.InC < Block && c.In[0] == 1 && c.Kernel[0] == 1 && c.PadLo[0]+c.PadHi[0] == 0 && c.Dilation[1] == 1 &&
		c.Dilation[2] == 1 && c.Stride[2] < len(s.stem)
}

// stemWork is a stem cut into bands of output rows. Scratch holds rows of input with their padding, [row][channel][pitch].
type stemWork struct {
	Conv
	s             *simd
	y, x          []float32
	weights, bias []float32
	bands, pitch  int
	together      int // output blocks of a task of the weight gradient
}

// bandOfStem is the floats of scratch of a band: as many as stay in the first-level cache beside the output.
const bandOfStem = 8 << 10

func (c Conv) runStem(s *simd, y, x, w, b []float32) {
	out, outs := c.Out(), blocks(c.OutC)
	bias := borrow(outs * Block)
	defer release(bias)
	clear(*bias)
	copy(*bias, b)
	packed := borrow(c.InC * c.Kernel[1] * c.Kernel[2] * outs * Block)
	defer release(packed)
	c.packStem(s, *packed, w)
	j := stemWork{Conv: c, s: s, y: y, x: x, weights: *packed, bias: *bias, pitch: c.stemPitch()}
	j.bands = min(out[1], max(c.stemBands(), (4*Threads()+c.N-1)/c.N))
	stemBands.run(c.N*j.bands, j)
}

// stemPitch is the floats of a row of a channel with its padding.
func (c Conv) stemPitch() int {
	return max(c.PadLo[2]+c.In[2], c.Stride[2]*(c.Out()[2]-1)+c.Kernel[2])
}

// stemBands is into how many bands an image is cut so that each stays in cache.
func (c Conv) stemBands() int {
	rows := c.Out()[1]
	return min(rows, max(1, rows*c.Stride[1]*c.InC*c.stemPitch()/bandOfStem))
}

// packStem packs the weights: [panel][tap row][channel][tap column][lane of the panel].
func (c Conv) packStem(s *simd, packed, w []float32) {
	outs, panel, taps := blocks(c.OutC), s.pointPanel(), c.Kernel[1]*c.Kernel[2]
	all := c.InC * taps
	lent := borrow(all * panel * Block) // [channel][tap][lane]
	defer release(lent)
	for o := 0; o < outs; o += panel {
		wide := min(panel, outs-o) * Block
		rows := min(wide, c.OutC-o*Block)
		part := (*lent)[:all*wide]
		if rows < wide {
			clear(part)
		}
		s.transposeInto(part, wide, w[o*Block*all:], all, rows, all)
		to, run := packed[o*Block*all:], c.Kernel[2]*wide
		for h := range c.Kernel[1] {
			for in := range c.InC {
				copy(to[(h*c.InC+in)*run:][:run], part[(in*c.Kernel[1]+h)*run:])
			}
		}
	}
}

var stemBands = newLoop(func(j *stemWork, i int) {
	out, outs, panel := j.Out(), blocks(j.OutC), j.s.pointPanel()
	image, band := i/j.bands, i%j.bands
	first, last := out[1]*band/j.bands, out[1]*(band+1)/j.bands
	rowFloats := j.InC * j.pitch
	lent := borrow(j.rowsSeen(first, last) * rowFloats)
	defer release(lent)
	j.padRows(*lent, image, first*j.Stride[1]-j.PadLo[1])
	pixels := out[1] * out[2]
	for o := 0; o < outs; o += panel {
		w := j.weights[o*Block*j.InC*j.Kernel[1]*j.Kernel[2]:]
		for r := first; r < last; r++ {
			j.s.stem[j.Stride[2]].run(0, tiles(out[2]), out[2], min(panel, outs-o), j.Kernel[1]*j.InC, j.Kernel[2],
				(*lent)[(r-first)*j.Stride[1]*rowFloats:], j.Stride[2], j.pitch*4, w, &j.bias[o*Block],
				j.y[((image*outs+o)*pixels+r*out[2])*Block:], pixels*pixelBytes, &noFetch)
		}
	}
})

// rowsSeen is how many rows of input output rows [first, last) see.
func (j *stemWork) rowsSeen(first, last int) int { return (last-first-1)*j.Stride[1] + j.Kernel[1] }

// padRows writes rows of an image from row on, of all channels, with their padding.
func (j *stemWork) padRows(dst []float32, image, row int) {
	height, width := j.In[1], j.In[2]
	for ; len(dst) > 0; row++ {
		for in := range j.InC {
			to := dst[:j.pitch]
			dst = dst[j.pitch:]
			if row < 0 || row >= height {
				clear(to)
				continue
			}
			clear(to[:j.PadLo[2]])
			n := copy(to[j.PadLo[2]:], j.x[((image*j.InC+in)*height+row)*width:][:width])
			clear(to[j.PadLo[2]+n:])
		}
	}
}

// stemGradReadsRows reports whether the weight gradient is: with 7 taps in a row, or 3 where they give sums enough to keep the multipliers busy.
func (c Conv) stemGradReadsRows(s *simd) bool {
	return c.readsRows(s) && (c.Kernel[2] == 7 || c.Kernel[2] == 3 && s.pointPanel() > 1)
}

// runStemGrad computes dw. A task owns the weights that lead to some output blocks.
func (c Conv) runStemGrad(s *simd, dw, x, dy []float32) {
	j := stemWork{Conv: c, s: s, y: dy, x: x, weights: dw, bands: c.stemBands(), pitch: c.stemPitch()}
	outs := blocks(c.OutC)
	j.together = max(1, min(s.pointPanel(), outs/Threads()))
	stemRowGrads.run((outs+j.together-1)/j.together, j)
}

var stemRowGrads = newLoop(func(j *stemWork, i int) {
	out, o := j.Out(), i*j.together
	nb := min(j.together, blocks(j.OutC)-o)
	wide, planes := nb*Block, j.Kernel[1]*j.InC
	sums := borrow(planes * j.Kernel[2] * wide) // [tap row][channel][tap column][lane]
	defer release(sums)
	clear(*sums)
	lent := borrow(j.rowsSeen(0, (out[1]+j.bands-1)/j.bands) * j.InC * j.pitch)
	defer release(lent)
	for step := range j.N * j.bands {
		j.addStemBand(*sums, *lent, step/j.bands, step%j.bands, o, nb)
	}
	j.unpackStem(*sums, o, wide)
})

// addStemBand adds what a band of output rows gives to the sums of nb output blocks from o on.
func (j *stemWork) addStemBand(sums, rows []float32, image, band, o, nb int) {
	out, taps, wide, rowFloats := j.Out(), j.Kernel[2], nb*Block, j.InC*j.pitch
	first, last := out[1]*band/j.bands, out[1]*(band+1)/j.bands
	rows = rows[:j.rowsSeen(first, last)*rowFloats]
	j.padRows(rows, image, first*j.Stride[1]-j.PadLo[1])
	pixels := out[1] * out[2]
	for r := first; r < last; r++ {
		dy := &j.y[((image*blocks(j.OutC)+o)*pixels+r*out[2])*Block]
		x := rows[(r-first)*j.Stride[1]*rowFloats:]
		for plane := range j.Kernel[1] * j.InC {
			for v, n := 0, taps%4; v < taps; v, n = v+n, 4 { // 3 or 3+4
				j.s.stemGrad[j.Stride[2]][n][nb](out[2], &x[plane*j.pitch+v], dy, pixels*pixelBytes, &sums[(plane*taps+v)*wide], wide*4, &nothingAhead, 1, 0)
			}
		}
	}
}

// unpackStem stores the sums in the plain layout of the weights.
func (j *stemWork) unpackStem(sums []float32, o, wide int) {
	kh, kw := j.Kernel[1], j.Kernel[2]
	lent := borrow(len(sums)) // [channel][tap][lane]
	defer release(lent)
	for h := range kh {
		for in := range j.InC {
			copy((*lent)[(in*kh+h)*kw*wide:], sums[(h*j.InC+in)*kw*wide:][:kw*wide])
		}
	}
	all := j.InC * kh * kw
	j.s.transposeInto(j.weights[o*Block*all:], all, *lent, wide, all, min(wide, j.OutC-o*Block))
}
