package kernels

// paddedPlanes is scratch that holds rows of the input planes of a set with their padding.
type paddedPlanes struct {
	pass        *directPass // for the size of the input
	data        []float32   // [plane][row][pitch][Block]
	source      tensor      // of which they are block after block of an image
	image       int
	block       int
	x           []float32 // those blocks and what follows them, unless source is plain
	first       int       // input row of scratch row 0
	before      int       // columns of padding at the left
	rows, pitch int
	filled      int // scratch rows that are in place
	step        int // input rows that the next row of tiles will add
}

// cover makes room for what all passes need for a band, and reports whether that is anything.
func (c *paddedPlanes) cover(passes []directPass, band, bands int) bool {
	first, last := 1<<30, -1<<30
	for i := range passes {
		p := &passes[i]
		t0, t1 := p.rowsOfBand(band, bands)
		if t0 == t1 {
			continue
		}
		r, _ := p.tileRow(t0)
		first = min(first, r*p.stride-p.pad[0])
		r, k := p.tileRow(t1 - 1)
		last = max(last, (r+k.rows-1)*p.stride-p.pad[0]+p.kh)
		c.before = max(c.before, p.pad[1])
	}
	for i := range passes {
		p := &passes[i]
		c.pitch = max(c.pitch, c.before-p.pad[1]+p.key().pixels(max(p.tile.cols, p.out[1])))
	}
	c.first, c.rows = first, last-first
	return first < last
}

// fill puts scratch rows below end in place, for tiles of so many rows.
func (c *paddedPlanes) fill(s *simd, end, tileRows int) {
	if c.filled >= end {
		return
	}
	height, width := c.pass.in[0], c.pass.in[1]
	for plane := range c.pass.planes {
		dst := c.data[(plane*c.rows+c.filled)*c.pitch*Block:][:(end-c.filled)*c.pitch*Block]
		if c.source.plain {
			c.source.padRows(s, dst, c.image, c.block+plane, height, width, c.first+c.filled, c.before, c.pitch)
			continue
		}
		s.padPlane(dst, c.x[plane*height*width*Block:], height, width, c.first+c.filled, c.before, c.pitch)
	}
	c.filled = end
	c.step = c.pass.stride * tileRows
}

// ahead is where tile i of a row of tiles should prefetch, so that together they fetch the input rows that are needed next: those of
// the next fill, or else the first ones of the next set. The next tile prefetches tile bytes further.
func (c *paddedPlanes) ahead(i, tiles int) (at *float32, plane, tile int) {
	if c.source.plain {
		return &c.data[0], 0, 0
	}
	height, width := c.pass.in[0], c.pass.in[1]
	row, size := c.first+c.filled, height*width*Block
	rows := min(height-row, c.step)
	from := row * width * Block
	if rows <= 0 {
		from, rows = c.pass.planes*size, min(height, c.pass.kh+c.step)
	}
	if from += rows * width * i / tiles * Block; from < 0 || from >= len(c.x) {
		return &c.data[0], 0, 0
	}
	return &c.x[from], size * 4, rows * width / tiles * pixelBytes
}

// padPlane writes rows of pitch pixels that begin with row first of a plane: before zeros, then the plane's row, then zeros. Rows outside
// the plane are zeros, and so is dst beyond len(dst)/pitch rows.
func (s *simd) padPlane(dst, plane []float32, height, width, first, before, pitch int) {
	rows := len(dst) / (pitch * Block)
	above := min(rows, max(0, -first))
	clear(dst[:above*pitch*Block])
	inside := max(0, min(rows-above, height-(first+above)))
	clear(dst[(above+inside)*pitch*Block:])
	if inside == 0 {
		return
	}
	skipped := max(0, -before) // a negative pad cuts the row
	before = max(0, before)
	shown := max(0, min(width-skipped, pitch-before))
	if shown == 0 {
		clear(dst)
		return
	}
	src := plane[((first+above)*width+skipped)*Block:]
	s.padRows(inside, &dst[above*pitch*Block], &src[0], before, shown, pitch-before-shown, (width-shown)*pixelBytes)
}

// padRows is padPlane for a block of a plain tensor.
func (t tensor) padRows(s *simd, dst []float32, image, block, height, width, first, before, pitch int) {
	skipped := max(0, -before)
	before = max(0, before)
	shown := max(0, min(width-skipped, pitch-before))
	channels := t.present(block)
	for ; len(dst) > 0; first++ {
		row := dst[:min(len(dst), pitch*Block)]
		dst = dst[len(row):]
		clear(row)
		if first < 0 || first >= height || shown == 0 {
			continue
		}
		src, to := t.channel(image, t.first(block))[first*width+skipped:], row[before*Block:]
		if channels == Block {
			s.transposeInto(to, Block, src, t.pixels, Block, shown)
			continue
		}
		for c := range channels {
			for i, v := range src[c*t.pixels:][:shown] {
				to[i*Block+c] = v
			}
		}
	}
}
