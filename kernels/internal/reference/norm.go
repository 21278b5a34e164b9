package reference

import "math"

// Norm is the definition of batch normalisation followed by an optional addition and ReLU, over x (N, C, Spatial).
type Norm struct {
	N, C, Spatial int
	Eps           float64
	ReLU          bool
}

func (n Norm) each(c int, f func(i int)) {
	for image := range n.N {
		for p := range n.Spatial {
			f((image*n.C+c)*n.Spatial + p)
		}
	}
}

// Train returns y and the statistics of each channel.
func (n Norm) Train(x, residual, gamma, beta []float32) (y, mean, invstd []float64) {
	y, mean, invstd = make([]float64, len(x)), make([]float64, n.C), make([]float64, n.C)
	count := float64(n.N * n.Spatial)
	for c := range n.C {
		n.each(c, func(i int) { mean[c] += float64(x[i]) / count })
		var variance float64
		n.each(c, func(i int) { variance += (float64(x[i]) - mean[c]) * (float64(x[i]) - mean[c]) / count })
		invstd[c] = 1 / math.Sqrt(variance+n.Eps)
		n.each(c, func(i int) {
			y[i] = (float64(x[i])-mean[c])*invstd[c]*float64(gamma[c]) + float64(beta[c])
			if residual != nil {
				y[i] += float64(residual[i])
			}
			if n.ReLU {
				y[i] = max(0, y[i])
			}
		})
	}
	return y, mean, invstd
}

// Backward returns the gradients of x, the residual, gamma and beta.
func (n Norm) Backward(dy, y, x, gamma []float32, mean, invstd []float64) (dx, dr, dgamma, dbeta []float64) {
	dx, dr, dgamma, dbeta = make([]float64, len(x)), make([]float64, len(x)), make([]float64, n.C), make([]float64, n.C)
	count := float64(n.N * n.Spatial)
	for c := range n.C {
		xhat := func(i int) float64 { return (float64(x[i]) - mean[c]) * invstd[c] }
		n.each(c, func(i int) {
			if dr[i] = float64(dy[i]); n.ReLU && y[i] <= 0 {
				dr[i] = 0
			}
			dbeta[c] += dr[i]
			dgamma[c] += dr[i] * xhat(i)
		})
		n.each(c, func(i int) {
			dx[i] = float64(gamma[c]) * invstd[c] * (dr[i] - dbeta[c]/count - xhat(i)*dgamma[c]/count)
		})
	}
	return dx, dr, dgamma, dbeta
}
