package kernels

// Packed matrix products: a is packed into tiles of up to rowsOfTile rows that lie element by element beside each other, b into
// panels of a few vectors of columns, both in blocks of depthOfPack of the sum, so that a kernel reads both in order (as in Goto and
// van de Geijn 2008, "Anatomy of high-performance matrix multiplication").
const (
	rowsOfTile  = 6
	depthOfPack = 256
)

// tile returns the first row and the number of rows of tile t when m rows are split evenly into tiles.
func tile(m, t int) (first, rows int) {
	count := tiles(m)
	big := m % count
	return t*(m/count) + min(t, big), m/count + b2i(t < big)
}

func tiles(m int) int { return (m + rowsOfTile - 1) / rowsOfTile }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// packTiles packs alpha*a (m x k) for multiply.
func packTiles(dst []float32, a matrix, m, k int, alpha float32) {
	for l := 0; l < k; l += depthOfPack {
		packDepth(dst[l*m:], a.at(0, l), m, min(depthOfPack, k-l), alpha)
	}
}

// packDepth packs one block of the sum: dst[first*depth + l*rows + i] for every tile.
func packDepth(dst []float32, a matrix, m, depth int, alpha float32) {
	for t := range tiles(m) {
		first, rows := tile(m, t)
		packTile(dst[first*depth:], a.at(first, 0), rows, depth, alpha)
	}
}

func packTile(dst []float32, a matrix, rows, depth int, alpha float32) {
	if a.col == 1 {
		for i := range rows {
			src := a.data[i*a.row:][:depth]
			for l, v := range src {
				dst[l*rows+i] = alpha * v
			}
		}
		return
	}
	for l := range depth {
		d := dst[l*rows:][:rows]
		src := a.data[l*a.col:]
		for i := range d {
			d[i] = alpha * src[i*a.row]
		}
	}
}

// rowsTogether is how many rows of c a task computes: many, so that it packs b but once for them, yet few enough to occupy the threads
// and to keep the packed copy of a in cache. Results do not depend on it.
func rowsTogether(m, n, k int) int {
	const packedFloats, few = 1 << 22, 48
	cols, want := (n+tileCols-1)/tileCols, 2*Threads()
	if Threads() == 1 {
		want = 1
	}
	slabs := max(1, (want+cols-1)/max(1, cols))
	rows := max(few, (m+slabs-1)/slabs)
	rows = min(rows, max(few, packedFloats/max(1, k)))
	return min(m, (rows+rowsOfTile-1)/rowsOfTile*rowsOfTile)
}

// gemmPacked packs a once for all tasks, slab by slab of rows; a task computes the product of a slab with some columns.
func (s *simd) gemmPacked(m, n, k int, alpha float32, a, b matrix, beta float32, c []float32, ldc int) {
	if k == 0 || alpha == 0 {
		scaleRows(c, ldc, m, n, beta)
		return
	}
	slab := rowsTogether(m, n, k)
	if slab == 0 || n == 0 {
		return
	}
	slabs, depths, cols := (m+slab-1)/slab, (k+depthOfPack-1)/depthOfPack, (n+tileCols-1)/tileCols
	packed := borrow(m * k)
	defer release(packed)
	p := packedProduct{product{m, n, k, alpha, beta, a, b, c, ldc}, s, *packed, slab, slabs, depths}
	slabPacks.run(slabs*depths, p)
	slabProducts.run(slabs*cols, p)
}

// packedProduct is a product of which a is packed in slabs of rows.
type packedProduct struct {
	product
	s                   *simd
	packed              []float32
	slab, slabs, depths int
}

var (
	slabPacks = newLoop(func(p *packedProduct, t int) {
		i, l := t/p.depths*p.slab, t%p.depths*depthOfPack
		rows := min(p.slab, p.m-i)
		packDepth(p.packed[i*p.k+l*rows:], p.a.at(i, l), rows, min(depthOfPack, p.k-l), p.alpha)
	})
	slabProducts = newLoop(func(p *packedProduct, t int) {
		i, j := t%p.slabs*p.slab, t/p.slabs*tileCols
		rows, width := min(p.slab, p.m-i), min(tileCols, p.n-j)
		to := p.c[i*p.ldc+j:]
		scaleRows(to, p.ldc, rows, width, p.beta)
		p.s.multiply(rows, width, p.k, p.packed[i*p.k:], factor{matrix: p.b.at(0, j)}, to, p.ldc)
	})
)

// panelCols is the widest panel of b that the kernels take.
func (s *simd) panelCols() int {
	n := 1
	for s.lanes*n < 64 && s.gemm[rowsOfTile][n+1] != nil {
		n++
	}
	return n * s.lanes
}

// factor is the second factor of a product: a matrix, or the columns of a convolution that window shows of a tensor, from a pixel on.
type factor struct {
	matrix
	window *window
	x      []float32
	pixel  int
}

// panel writes rows [l0, l1) and columns [j0, j1) of b to dst, ld apart. It may leave anything beyond column j1.
func (b *factor) panel(s *simd, dst []float32, ld, l0, l1, j0, j1 int) {
	switch {
	case b.window != nil:
		b.window.gather(dst, ld, b.x, l0, l1, b.pixel+j0, b.pixel+j1)
	case b.col == 1:
		for l := l0; l < l1; l++ {
			d := dst[(l-l0)*ld:][:ld]
			copy(d, b.data[l*b.row+j0:][:j1-j0])
		}
	default:
		s.transposeInto(dst, ld, b.data[l0*b.row+j0*b.col:], b.col, j1-j0, l1-l0)
	}
}

// multiply adds a (m x k, packed by packTiles) times b to c.
func (s *simd) multiply(m, n, k int, packed []float32, b factor, c []float32, ldc int) {
	cols := s.panelCols()
	buf := borrow(cols*depthOfPack + 2*rowsOfTile*cols)
	defer release(buf)
	panel, edge := (*buf)[:cols*depthOfPack], (*buf)[cols*depthOfPack:]
	for j := 0; j < n; j += cols {
		width := min(cols, n-j)
		vectors := (width + s.lanes - 1) / s.lanes
		for l := 0; l < k; l += depthOfPack {
			depth := min(depthOfPack, k-l)
			b.panel(s, panel[:depth*vectors*s.lanes], vectors*s.lanes, l, l+depth, j, j+width)
			for t := range tiles(m) {
				first, rows := tile(m, t)
				kernel := s.gemm[rows][vectors]
				a := &packed[l*m+first*depth]
				to := c[first*ldc+j:]
				if width == vectors*s.lanes {
					kernel(depth, a, &panel[0], &to[0], ldc*4)
				} else {
					addEdge(kernel, depth, a, &panel[0], edge[:rows*vectors*s.lanes], to, rows, width, ldc)
				}
			}
		}
	}
}

// addEdge lets a kernel write to edge, whose rows are whole vectors, and adds the first width columns to c.
func addEdge(kernel func(k int, a, b, c *float32, ldc int), k int, a, b *float32, edge, c []float32, rows, width, ldc int) {
	clear(edge)
	ld := len(edge) / rows
	kernel(k, a, b, &edge[0], ld*4)
	for i := range rows {
		d := c[i*ldc:][:width]
		for j, v := range edge[i*ld:][:width] {
			d[j] += v
		}
	}
}

// transposeInto: dst[j*dld+i] = src[i*sld+j] for rows x cols of src.
func (s *simd) transposeInto(dst []float32, dld int, src []float32, sld, rows, cols int) {
	n := s.lanes
	wholeRows, wholeCols := rows/n*n, cols/n*n
	if wholeCols > 0 {
		for i := 0; i < wholeRows; i += n {
			s.transpose(cols/n, &dst[i], dld*4, n*dld*4, &src[i*sld], sld*4, n*4)
			if last := cols - n; last%n != 0 { // once more at the end, overlapping
				s.transpose(1, &dst[last*dld+i], dld*4, 0, &src[i*sld+last], sld*4, 0)
			}
		}
		wholeCols = cols
	}
	for i := range rows {
		from := 0
		if i < wholeRows {
			from = wholeCols
		}
		row := src[i*sld:][:cols]
		for j := from; j < cols; j++ {
			dst[j*dld+i] = row[j]
		}
	}
}

// multiplyDots adds to c (m x n) the products of the rows of a and b, as addDots does.
func (s *simd) multiplyDots(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	mask := &tailMasks[k%s.lanes][0]
	for j := 0; j < n; {
		cols := s.dotsFit(m, n-j).cols
		for i := 0; i < m; {
			d := s.dotsFit(m-i, cols)
			d.f(k, &a[i*lda], lda*4, &b[j*ldb], ldb*4, &c[i*ldc+j], ldc*4, mask)
			i += d.rows
		}
		j += cols
	}
}

// dotsFit is the largest kernel for at most rows and cols.
func (s *simd) dotsFit(rows, cols int) dotsKernel {
	for _, d := range s.dots {
		if d.rows <= rows && d.cols <= cols {
			return d
		}
	}
	panic("kernels: there is no 1x1 dots kernel")
}
