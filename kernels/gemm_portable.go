package kernels

// matrix is a view of float32s: element (i, j) is at data[i*row + j*col].
type matrix struct {
	data     []float32
	row, col int
}

func (m matrix) transpose() matrix { return matrix{m.data, m.col, m.row} }

// at is the view that begins at element (i, j).
func (m matrix) at(i, j int) matrix { return matrix{m.data[i*m.row+j*m.col:], m.row, m.col} }

// kBlock rows of b and stripWidth columns fit the first-level cache.
const (
	kBlock     = 32
	stripWidth = 128
)

// addProduct adds a (m x k) times b (k x n, unit column stride) to c (m x n, unit column stride):
//
//	c[i][j] += sum over l of a[i][l] * b[l][j]
//
// Every element is summed in the same order whatever m and n are, so callers may split over both.
func addProduct(m, n, k int, a matrix, b []float32, ldb int, c []float32, ldc int) {
	for j := 0; j < n; j += stripWidth {
		w := min(stripWidth, n-j)
		for l := 0; l < k; l += kBlock {
			depth := min(kBlock, k-l)
			for i := 0; i < m; i += 2 {
				addRows(min(2, m-i), w, depth, a.at(i, l), b[l*ldb+j:], ldb, c[i*ldc+j:], ldc)
			}
		}
	}
}

// addRows is addProduct for one or two rows of c.
func addRows(m, n, k int, a matrix, b []float32, ldb int, c []float32, ldc int) {
	y := c[:n]
	z := y
	var w [8]float32
	if m == 2 {
		z = c[ldc:][:n]
	}
	for l := 0; l < k; l += 4 {
		w = [8]float32{}
		depth := min(4, k-l)
		for d := range depth {
			w[d] = a.data[(l+d)*a.col]
			if m == 2 {
				w[4+d] = a.data[a.row+(l+d)*a.col]
			}
		}
		row := func(d int) []float32 { return b[(l+d)*ldb:][:n] }
		switch {
		case depth < 4:
			for d := range depth {
				addScaled(y, row(d), w[d])
				if m == 2 {
					addScaled(z, row(d), w[4+d])
				}
			}
		case m == 2:
			addScaled4x2(y, z, row(0), row(1), row(2), row(3), &w)
		default:
			addScaled4(y, row(0), row(1), row(2), row(3), &w)
		}
	}
}

// addScaled: y[i] += w * x[i]
func addScaled(y, x []float32, w float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += float32(w * x[i])
	}
}

// addScaled4: y[i] += w[0]*x0[i] + w[1]*x1[i] + w[2]*x2[i] + w[3]*x3[i]
func addScaled4(y, x0, x1, x2, x3 []float32, w *[8]float32) {
	n := len(y)
	x0, x1, x2, x3 = x0[:n], x1[:n], x2[:n], x3[:n]
	w0, w1, w2, w3 := w[0], w[1], w[2], w[3]
	for i := range y {
		y[i] += float32(w0*x0[i]) + float32(w1*x1[i]) + float32(w2*x2[i]) + float32(w3*x3[i])
	}
}

// addScaled4x2 is addScaled4 for y with w[0:4] and for z with w[4:8].
func addScaled4x2(y, z, x0, x1, x2, x3 []float32, w *[8]float32) {
	n := len(y)
	z, x0, x1, x2, x3 = z[:n], x0[:n], x1[:n], x2[:n], x3[:n]
	w0, w1, w2, w3, w4, w5, w6, w7 := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
	for i := range y {
		a, b, c, d := x0[i], x1[i], x2[i], x3[i]
		y[i] += float32(w0*a) + float32(w1*b) + float32(w2*c) + float32(w3*d)
		z[i] += float32(w4*a) + float32(w5*b) + float32(w6*c) + float32(w7*d)
	}
}

// addDots adds to c (m x n) the products of the rows of a (m x k) and of b (n x k), all with unit column stride:
//
//	c[i][j] += sum over l of a[i][l] * b[j][l]
func addDots(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	for j := 0; j < n; j += 4 {
		for i := 0; i < m; i += 2 {
			if n-j >= 4 && m-i >= 2 {
				dots2x4(k, a[i*lda:], lda, b[j*ldb:], ldb, c[i*ldc+j:], ldc)
				continue
			}
			for r := i; r < min(i+2, m); r++ {
				for s := j; s < min(j+4, n); s++ {
					c[r*ldc+s] += dot(a[r*lda:][:k], b[s*ldb:][:k])
				}
			}
		}
	}
}

func dot(x, y []float32) float32 {
	y = y[:len(x)]
	var s float32
	for i, v := range x {
		s += float32(v * y[i])
	}
	return s
}

// dots2x4: c[i][j] += dot(row i of a, row j of b) for two rows of a and four of b.
func dots2x4(k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	a0, a1 := a[:k], a[lda:][:k]
	b0, b1, b2, b3 := b[:k], b[ldb:][:k], b[2*ldb:][:k], b[3*ldb:][:k]
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	for l := range k {
		x, y := a0[l], a1[l]
		v := b0[l]
		s00 += float32(x * v)
		s10 += float32(y * v)
		v = b1[l]
		s01 += float32(x * v)
		s11 += float32(y * v)
		v = b2[l]
		s02 += float32(x * v)
		s12 += float32(y * v)
		v = b3[l]
		s03 += float32(x * v)
		s13 += float32(y * v)
	}
	r0, r1 := c[:4], c[ldc:][:4]
	r0[0] += s00
	r0[1] += s01
	r0[2] += s02
	r0[3] += s03
	r1[0] += s10
	r1[1] += s11
	r1[2] += s12
	r1[3] += s13
}
