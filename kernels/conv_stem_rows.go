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
	j := stemWork{Conv: c, s: s, y: y, x: x, weights: *packed, bias: *bias}
	j.pitch = max(c.PadLo[2]+c.In[2], c.Stride[2]*(out[2]-1)+c.Kernel[2])
	perRow := c.Stride[1] * c.InC * j.pitch
	j.bands = min(out[1], max(1, out[1]*perRow/bandOfStem, (4*Threads()+c.N-1)/c.N))
	stemBands.run(c.N*j.bands, j)
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
	lent := borrow(((last-first-1)*j.Stride[1] + j.Kernel[1]) * rowFloats)
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
