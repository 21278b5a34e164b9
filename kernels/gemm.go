package kernels

// GEMM computes c = alpha*op(a)*op(b) + beta*c for row-major matrices: op(a) is m x k, op(b) is k x n, c is m x n, and op transposes
// its operand when the flag is set. lda, ldb and ldc are the distances between the stored rows. With beta 0, c may hold anything, NaN too.
func GEMM(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	checkMatrix("a", transA, m, k, a, lda)
	checkMatrix("b", transB, k, n, b, ldb)
	checkMatrix("c", false, m, n, c, ldc)
	ma, mb := matrix{a, lda, 1}, matrix{b, ldb, 1}
	if transA {
		ma = ma.transpose()
	}
	if transB {
		mb = mb.transpose()
	}
	gemm(m, n, k, alpha, ma, mb, beta, c, ldc)
}

func checkMatrix(name string, transposed bool, rows, cols int, x []float32, ld int) {
	if transposed {
		rows, cols = cols, rows
	}
	switch {
	case rows < 0 || cols < 0:
		panic(shapeErrorf("GEMM", "%s is %d x %d", name, rows, cols))
	case ld < max(1, cols):
		panic(shapeErrorf("GEMM", "rows of %s are %d apart but hold %d values", name, ld, cols))
	case rows > 0 && cols > 0 && len(x) < (rows-1)*ld+cols:
		panic(shapeErrorf("GEMM", "%s holds %d values, want at least %d (%d rows of %d, %d apart)",
			name, len(x), (rows-1)*ld+cols, rows, cols, ld))
	}
}

// Pieces of c that one task computes.
const (
	tileRows = 60
	tileCols = 256
)

// gemm splits c into tiles, each of which one task computes in order of k.
func gemm(m, n, k int, alpha float32, a, b matrix, beta float32, c []float32, ldc int) {
	if s := assembly(); s != nil {
		s.gemmPacked(m, n, k, alpha, a, b, beta, c, ldc)
		return
	}
	rows, cols := (m+tileRows-1)/tileRows, (n+tileCols-1)/tileCols
	portableProducts.run(rows*cols, product{m, n, k, alpha, beta, a, b, c, ldc})
}

// product is a call of GEMM.
type product struct {
	m, n, k     int
	alpha, beta float32
	a, b        matrix
	c           []float32
	ldc         int
}

var portableProducts = newLoop(func(p *product, t int) {
	cols := (p.n + tileCols - 1) / tileCols
	i, j := t/cols*tileRows, t%cols*tileCols
	tm, tn := min(tileRows, p.m-i), min(tileCols, p.n-j)
	to := p.c[i*p.ldc+j:]
	scaleRows(to, p.ldc, tm, tn, p.beta)
	if p.k > 0 && p.alpha != 0 {
		addTilePortable(tm, tn, p.k, p.alpha, p.a.at(i, 0), p.b.at(0, j), to, p.ldc)
	}
})

// addTilePortable adds alpha*a*b to a tile of c.
func addTilePortable(m, n, k int, alpha float32, a, b matrix, c []float32, ldc int) {
	const depthOfTile = 256
	pa, pb := borrow(m*depthOfTile), borrow(n*depthOfTile)
	defer release(pa)
	defer release(pb)
	for l := 0; l < k; l += depthOfTile {
		depth := min(depthOfTile, k-l)
		pack(*pa, a.at(0, l), m, depth, alpha)
		pack(*pb, b.at(l, 0), depth, n, 1)
		addProduct(m, n, depth, matrix{*pa, depth, 1}, *pb, n, c, ldc)
	}
}

// scaleRows multiplies m rows of n values by beta.
func scaleRows(c []float32, ldc, m, n int, beta float32) {
	for r := range m {
		scale(c[r*ldc:][:n], beta)
	}
}

// scale: x[i] *= beta, where 0 clears even NaN.
func scale(x []float32, beta float32) {
	switch beta {
	case 0:
		clear(x)
	case 1:
	default:
		for i := range x {
			x[i] *= beta
		}
	}
}

// pack copies a rows x cols view to dst row by row, times alpha.
func pack(dst []float32, m matrix, rows, cols int, alpha float32) {
	for i := range rows {
		d := dst[i*cols:][:cols]
		if m.col == 1 {
			copy(d, m.data[i*m.row:])
		} else {
			for j := range d {
				d[j] = m.data[i*m.row+j*m.col]
			}
		}
		if alpha != 1 {
			scale(d, alpha)
		}
	}
}
