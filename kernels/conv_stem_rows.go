package kernels

// A stem reads rows of plain images: neighbouring outputs see neighbouring values, so each of a stem's taps is a value for every pixel of a
// tile, and a vector of weights for every block of output channels.

type stemKernel func(rows, tiles, threes, ones int, table *int, x *float32, xrow int, w, bias, y *float32, yrow, yplane int)

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
	table         []int
	bands, pitch  int
}

// bandOfStem is the floats of scratch of a band: as many as stay in the first-level cache beside the output.
const bandOfStem = 8 << 10

func (c Conv) runStem(s *simd, y, x, w, b []float32) {
	outs, table := blocks(c.OutC), c.plan(s).stem
	packed := borrow((len(table) + 1) * outs * Block)
	defer release(packed)
	bias, weights := (*packed)[:outs*Block], (*packed)[outs*Block:]
	c.packStem(s, weights, w)
	j := stemWork{Conv: c, s: s, y: y, x: x, weights: weights, table: table, bands: c.stemBands(), pitch: c.stemPitch()}
	if b != nil {
		clear(bias)
		copy(bias, b)
		j.bias = bias
	}
	if t := Threads(); t > 1 {
		j.bands = min(c.Out()[1], max(j.bands, (4*t+c.N-1)/c.N))
	}
	stemBands.run(c.N*j.bands, j)
}

// stemTable is where in scratch, in bytes, an output's taps lie, in the order of the weights.
func (c Conv) stemTable() (table []int) {
	pitch := c.stemPitch()
	for in := range c.InC {
		for h := range c.Kernel[1] {
			for v := range c.Kernel[2] {
				table = append(table, ((h*c.InC+in)*pitch+v)*4)
			}
		}
	}
	return table
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

// packStem packs the weights: [panel][tap][lane of the panel].
func (c Conv) packStem(s *simd, packed, w []float32) {
	panel, taps := s.pointPanel()*Block, len(w)/c.OutC
	for o := 0; o < c.OutC; o += panel {
		wide := min(panel, blocks(c.OutC)*Block-o)
		rows := min(wide, c.OutC-o)
		part := packed[o*taps:][:taps*wide]
		if rows < wide {
			clear(part)
		}
		s.transposeInto(part, wide, w[o*taps:], taps, rows, taps)
	}
}

var stemBands = newLoop(func(j *stemWork, i int) {
	out, outs, panel := j.Out(), blocks(j.OutC), j.s.pointPanel()
	image, band := i/j.bands, i%j.bands
	first, last := j.band(band)
	lent := borrow(j.rowsSeen(last-first) * j.InC * j.pitch)
	defer release(lent)
	j.padRows(*lent, image, 0, j.InC, first)
	pixels := out[1] * out[2]
	for o := 0; o < outs; o += panel {
		var bias *float32
		if j.bias != nil {
			bias = &j.bias[o*Block]
		}
		y := j.y[((image*outs+o)*pixels+first*out[2])*Block:]
		j.runRows(last-first, min(panel, outs-o), *lent, j.weights[o*Block*len(j.table):], bias, y, pixels*pixelBytes)
	}
})

// pixelsOfStem is the pixels of a tile at most. Machines that know better change it.
var pixelsOfStem = rowsOfTile

// runRows computes rows of nb blocks of output channels.
func (j *stemWork) runRows(rows, nb int, x, w []float32, bias *float32, y []float32, yplane int) {
	width, stride, taps := j.Out()[2], j.Stride[2], len(j.table)
	tiles := (width + pixelsOfStem - 1) / pixelsOfStem
	at, size, big := 0, width/tiles, width%tiles // the first tiles have a pixel more
	for _, t := range [2]struct{ count, size int }{{big, size + 1}, {tiles - big, size}} {
		if t.count > 0 {
			j.s.stem[stride][t.size][nb](rows, t.count, taps/3, taps%3, &j.table[0], &x[at*stride], j.Stride[1]*j.InC*j.pitch*4, &w[0], bias,
				&y[at*Block], width*pixelBytes, yplane)
		}
		at += t.count * t.size
	}
}

// band is the output rows of a band.
func (j *stemWork) band(band int) (first, last int) {
	rows := j.Out()[1]
	return rows * band / j.bands, rows * (band + 1) / j.bands
}

// rowsSeen is how many rows of input so many output rows see.
func (j *stemWork) rowsSeen(rows int) int { return (rows-1)*j.Stride[1] + j.Kernel[1] }

// padRows fills dst with what output rows from row on see of channels of an image, from channel first on.
func (j *stemWork) padRows(dst []float32, image, first, channels, row int) {
	clear(dst)
	height, width, apart := j.In[1], j.In[2], channels*j.pitch
	from := row*j.Stride[1] - j.PadLo[1]
	above := max(0, -from)
	inside := min(len(dst)/apart, height-from) - above
	if inside <= 0 {
		return
	}
	for c := range channels {
		src := j.x[((image*j.InC+first+c)*height+from+above)*width:]
		j.s.copyWidth(dst[above*apart+c*j.pitch+j.PadLo[2]:], apart, src, inside, width)
	}
}

// copyWidth copies rows of so many floats to where they lie ld apart.
func (s *simd) copyWidth(dst []float32, ld int, src []float32, rows, width int) {
	lines := width / Block
	if lines == 0 {
		for r := range rows {
			copy(dst[r*ld:], src[r*width:][:width])
		}
		return
	}
	s.copyRows(rows, lines, &dst[0], ld*4, &src[0], width*4)
	if last := width - Block; width%Block > 0 { // once more at the end, overlapping
		s.copyRows(rows, 1, &dst[last], ld*4, &src[last], width*4)
	}
}
