package kernels

// The choice of tiles for the output of a pass.

// chooseTiles picks the tile that wastes least on the output.
func (p *directPass) chooseTiles(s *simd) {
	height, width := p.out[0], p.out[1]
	cost := 1 << 62
	kernels := s.conv[p.key()]
	for _, k := range kernels {
		if k.edged && !p.edged(k) {
			continue
		}
		rows, last := height/k.rows*k.rows, k
		if rest := height - rows; rest > 0 {
			last = tileForRest(kernels, k, rest)
			rows += last.rows
		}
		columns := (width + k.cols - 1) / k.cols
		weight := 2*rows*columns*k.cols + 3*columns*(rows/k.rows) - b2i(k.edged)
		if weight < cost {
			p.tile, p.lastTile, cost = k, last, weight
		}
	}
}

// tileForRest is the tile for the last rows, when fewer are left than tile k has: one with exactly so many, or k itself.
func tileForRest(kernels []convKernel, k convKernel, rest int) convKernel {
	for _, l := range kernels {
		if l.rows == rest && l.cols == k.cols && l.edged == k.edged {
			return l
		}
	}
	return k
}

// edged says that an edged tile computes whole rows whose padding is one pixel at each end, or at the left with a stride.
func (p *directPass) edged(k convKernel) bool {
	return k.cols == p.out[1] && p.pad[1] == 1 && (p.stride > 1 || p.in[1] == p.out[1])
}

// tileRows is the number of rows of tiles.
func (p *directPass) tileRows() int { return (p.out[0] + p.tile.rows - 1) / p.tile.rows }

// tileRow returns the first output row of row t of tiles and its kernel. The last row of tiles may have a lower kernel, or else
// overlaps the one before it.
func (p *directPass) tileRow(t int) (int, convKernel) {
	r := t * p.tile.rows
	if r+p.tile.rows <= p.out[0] {
		return r, p.tile
	}
	return max(0, min(r, p.out[0]-p.lastTile.rows)), p.lastTile
}

// rowsOfBand returns the rows of tiles that belong to a band.
func (p *directPass) rowsOfBand(band, bands int) (first, last int) {
	n := p.tileRows()
	return n * band / bands, n * (band + 1) / bands
}

// padding says, in the kernels' terms, which tap row sees only padding for the first and for the last of rows output rows from r on: the
// first one at the top of the image, the last one at its bottom. 0 is none.
func (p *directPass) padding(r, rows int) (top, bottom int) {
	if r*p.stride < p.pad[0] {
		top = p.kh
	}
	if (r+rows-1)*p.stride-p.pad[0]+p.kh-1 >= p.in[0] {
		bottom = 1
	}
	return top, bottom
}
