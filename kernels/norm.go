package kernels

import "math"

// BatchNorm normalises each channel of x (N, C, Spatial) over images and pixels (Ioffe and Szegedy 2015, arXiv:1502.03167):
//
//	y = (x - mean) * invstd * gamma + beta,  invstd = 1/sqrt(var + Eps)
//
// gamma and beta hold C values, or are nil for 1 and 0. Momentum is the weight of the new batch in the running statistics, as in
// PyTorch (Keras's momentum is 1 minus it).
type BatchNorm struct {
	N, C, Spatial int
	Eps, Momentum float32
}

func (n BatchNorm) check(op string, x, y []float32, perChannel ...[]float32) {
	if n.N < 1 || n.C < 1 || n.Spatial < 1 {
		panic(shapeErrorf(op, "x is (%d, %d, %d)", n.N, n.C, n.Spatial))
	}
	checkLen(op, "x", len(x), n.N*n.C*n.Spatial)
	checkLen(op, "y", len(y), n.N*n.C*n.Spatial)
	for _, s := range perChannel {
		checkOptional(op, "a per-channel argument", s, n.C)
	}
}

// planes calls f with each image's piece of channel c of x and y.
func (n BatchNorm) planes(c int, x, y []float32, f func(x, y []float32)) {
	for i := range n.N {
		lo := (i*n.C + c) * n.Spatial
		f(x[lo:lo+n.Spatial], y[lo:lo+n.Spatial])
	}
}

// Train normalises with the statistics of this batch (biased variance) and stores them in mean and invstd (C each) for Backward.
// It moves runMean and runVar, which may be nil, towards the batch mean and the unbiased batch variance.
func (n BatchNorm) Train(y, x, gamma, beta, mean, invstd, runMean, runVar []float32) {
	const op = "BatchNorm.Train"
	n.check(op, x, y, gamma, beta, runMean, runVar)
	checkLen(op, "mean", len(mean), n.C)
	checkLen(op, "invstd", len(invstd), n.C)
	tasks(n.C, func(c int) {
		mu, variance := n.moments(c, x)
		inv := 1 / math.Sqrt(variance+float64(n.Eps))
		mean[c], invstd[c] = float32(mu), float32(inv)
		n.track(runMean, runVar, c, mu, variance)
		n.apply(c, y, x, mu, inv, gamma, beta)
	})
}

// moments returns the mean and the biased variance of channel c, in two passes.
func (n BatchNorm) moments(c int, x []float32) (mean, variance float64) {
	count := float64(n.N * n.Spatial)
	n.planes(c, x, x, func(x, _ []float32) { mean += sum(x) })
	mean /= count
	n.planes(c, x, x, func(x, _ []float32) { variance += sumSquares(x, mean) })
	return mean, variance / count
}

// track folds a batch's statistics into the running ones. A batch of one value has no unbiased variance; it counts as 0.
func (n BatchNorm) track(runMean, runVar []float32, c int, mean, variance float64) {
	count, m := float64(n.N*n.Spatial), float64(n.Momentum)
	if runMean != nil {
		runMean[c] = float32((1-m)*float64(runMean[c]) + m*mean)
	}
	if runVar != nil {
		runVar[c] = float32((1-m)*float64(runVar[c]) + m*variance*count/max(1, count-1))
	}
}

func sum(x []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(x) >= 4; x = x[4:] {
		s0 += float64(x[0])
		s1 += float64(x[1])
		s2 += float64(x[2])
		s3 += float64(x[3])
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return (s0 + s1) + (s2 + s3)
}

// sumSquares is the sum of (x[i] - mean)^2.
func sumSquares(x []float32, mean float64) float64 {
	var s0, s1 float64
	for ; len(x) >= 2; x = x[2:] {
		a, b := float64(x[0])-mean, float64(x[1])-mean
		s0 += a * a
		s1 += b * b
	}
	for _, v := range x {
		s0 += (float64(v) - mean) * (float64(v) - mean)
	}
	return s0 + s1
}

// apply: y = x*scale + shift over channel c.
func (n BatchNorm) apply(c int, y, x []float32, mean, inv float64, gamma, beta []float32) {
	s := inv * float64(one(gamma, c))
	scale, shift := float32(s), float32(float64(at(beta, c))-mean*s)
	n.planes(c, x, y, func(x, y []float32) {
		y = y[:len(x)]
		for i, v := range x {
			y[i] = float32(v*scale) + shift
		}
	})
}

// one is gamma[c], or 1 without gamma.
func one(gamma []float32, c int) float32 {
	if gamma == nil {
		return 1
	}
	return gamma[c]
}

// Eval normalises with the running statistics.
func (n BatchNorm) Eval(y, x, gamma, beta, runMean, runVar []float32) {
	const op = "BatchNorm.Eval"
	n.check(op, x, y, gamma, beta)
	checkLen(op, "runMean", len(runMean), n.C)
	checkLen(op, "runVar", len(runVar), n.C)
	tasks(n.C, func(c int) {
		inv := 1 / math.Sqrt(float64(runVar[c])+float64(n.Eps))
		n.apply(c, y, x, float64(runMean[c]), inv, gamma, beta)
	})
}

// Backward computes the gradients after Train from dy, x and what Train stored. dgamma and dbeta may be nil; all are overwritten.
func (n BatchNorm) Backward(dx, dgamma, dbeta, dy, x, gamma, mean, invstd []float32) {
	const op = "BatchNorm.Backward"
	n.check(op, x, dy, gamma, dgamma, dbeta)
	checkLen(op, "dx", len(dx), len(x))
	checkLen(op, "mean", len(mean), n.C)
	checkLen(op, "invstd", len(invstd), n.C)
	count := float64(n.N * n.Spatial)
	tasks(n.C, func(c int) {
		mu, inv := float64(mean[c]), float64(invstd[c])
		db, dg := n.gradients(c, dgamma, dbeta, dy, x, mu, inv)
		// dx = gamma*inv * (dy - db/count - xhat*dg/count), written as dy*p + x*q + r
		p := float64(one(gamma, c)) * inv
		q := -p * inv * dg / count
		n.backwardApply(c, dx, dy, x, p, q, -p*db/count-q*mu)
	})
}

// EvalBackward computes the gradients after Eval, where mean and variance are constants.
func (n BatchNorm) EvalBackward(dx, dgamma, dbeta, dy, x, gamma, runMean, runVar []float32) {
	const op = "BatchNorm.EvalBackward"
	n.check(op, x, dy, gamma, dgamma, dbeta)
	checkLen(op, "dx", len(dx), len(x))
	checkLen(op, "runMean", len(runMean), n.C)
	checkLen(op, "runVar", len(runVar), n.C)
	tasks(n.C, func(c int) {
		inv := 1 / math.Sqrt(float64(runVar[c])+float64(n.Eps))
		n.gradients(c, dgamma, dbeta, dy, x, float64(runMean[c]), inv)
		n.backwardApply(c, dx, dy, x, float64(one(gamma, c))*inv, 0, 0)
	})
}

// gradients returns and stores the sums of dy and of dy*xhat over channel c, xhat = (x-mean)*inv.
func (n BatchNorm) gradients(c int, dgamma, dbeta, dy, x []float32, mean, inv float64) (db, dg float64) {
	n.planes(c, x, dy, func(x, dy []float32) {
		dy = dy[:len(x)]
		var b, g float64
		for i, v := range x {
			d := float64(dy[i])
			b += d
			g += d * (float64(v) - mean)
		}
		db += b
		dg += g
	})
	dg *= inv
	if dbeta != nil {
		dbeta[c] = float32(db)
	}
	if dgamma != nil {
		dgamma[c] = float32(dg)
	}
	return db, dg
}

// backwardApply: dx = dy*p + x*q + r over channel c.
func (n BatchNorm) backwardApply(c int, dx, dy, x []float32, p, q, r float64) {
	p32, q32, r32 := float32(p), float32(q), float32(r)
	for i := range n.N {
		lo := (i*n.C + c) * n.Spatial
		dx, dy, x := dx[lo:lo+n.Spatial], dy[lo:lo+n.Spatial], x[lo:lo+n.Spatial]
		for i, d := range dy {
			dx[i] = float32(d*p32) + float32(x[i]*q32) + r32
		}
	}
}
