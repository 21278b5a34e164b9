package reference

// GEMM returns alpha*op(a)*op(b) + beta*c with the values between the rows of c unchanged.
func GEMM(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) []float64 {
	out := make([]float64, len(c))
	for i, v := range c {
		out[i] = float64(v)
	}
	at := func(x []float32, ld int, transposed bool, i, j int) float64 {
		if transposed {
			i, j = j, i
		}
		return float64(x[i*ld+j])
	}
	for i := range m {
		for j := range n {
			var s float64
			for l := range k {
				s += at(a, lda, transA, i, l) * at(b, ldb, transB, l, j)
			}
			out[i*ldc+j] = float64(alpha)*s + float64(beta)*float64(c[i*ldc+j])
		}
	}
	return out
}
