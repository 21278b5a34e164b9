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

// Train normalises with the statistics of this batch (biased variance) and stores them in mean and invstd (C each) for Backward.
// It moves runMean and runVar, which may be nil, towards the batch mean and the unbiased batch variance.
func (n BatchNorm) Train(y, x, gamma, beta, mean, invstd, runMean, runVar []float32) {
	NormAct{BatchNorm: n}.Train(y, x, nil, gamma, beta, mean, invstd, runMean, runVar)
}

// Eval normalises with the running statistics.
func (n BatchNorm) Eval(y, x, gamma, beta, runMean, runVar []float32) {
	NormAct{BatchNorm: n}.Eval(y, x, nil, gamma, beta, runMean, runVar)
}

// Backward computes the gradients after Train from dy, x and what Train stored. dgamma and dbeta may be nil; all are overwritten.
func (n BatchNorm) Backward(dx, dgamma, dbeta, dy, x, gamma, mean, invstd []float32) {
	NormAct{BatchNorm: n}.Backward(dx, nil, dgamma, dbeta, dy, x, gamma, mean, invstd)
}

// EvalBackward computes the gradients after Eval, where mean and variance are constants.
func (n BatchNorm) EvalBackward(dx, dgamma, dbeta, dy, x, gamma, runMean, runVar []float32) {
	NormAct{BatchNorm: n}.EvalBackward(dx, nil, dgamma, dbeta, dy, x, gamma, runMean, runVar)
}

// NormAct is batch normalisation with what follows it in a residual network, in two passes over memory instead of four:
//
//	y = BatchNorm(x) + residual, then max(y, 0) with ReLU
//
// With Blocked all tensors are in the blocked layout. Of the tensors, y may be x, and dx may be dy.
type NormAct struct {
	BatchNorm
	Blocked, ReLU bool
	// Passed is PassedLen() words, a bit for each value: whether ReLU let it through, which is less to read than y. With ReLU
	// the backward passes need it as Train or Eval wrote it; those write it unless it is nil.
	Passed []uint16
}

// PassedLen is how long Passed must be.
func (n NormAct) PassedLen() int {
	units, size := n.planes()
	return n.N * units * blocks(size)
}

// planes is how many planes an image has, and how many values each.
func (n NormAct) planes() (units, size int) {
	if n.Blocked {
		return blocks(n.C), n.Spatial * Block
	}
	return n.C, n.Spatial
}

// Train is BatchNorm.Train with the addition of residual, unless it is nil, and the activation.
func (n NormAct) Train(y, x, residual, gamma, beta, mean, invstd, runMean, runVar []float32) {
	const op = "NormAct.Train"
	w := n.borrow(op, x, [][]float32{y}, [][]float32{residual}, gamma, beta, runMean, runVar)
	defer w.release()
	checkLen(op, "mean", len(mean), n.C)
	checkLen(op, "invstd", len(invstd), n.C)
	w.x, w.y, w.residual = x, y, residual
	w.sumMoments()
	for c := range n.C {
		mu, variance := w.moment(c)
		mean[c], invstd[c] = float32(mu), float32(1/math.Sqrt(variance+float64(n.Eps)))
		n.track(runMean, runVar, c, mu, variance)
	}
	w.apply(gamma, beta, mean, func(c int) float64 { return float64(invstd[c]) })
}

// track folds a batch's statistics into the running ones. A batch of one value has no unbiased variance; its biased one is used.
func (n BatchNorm) track(runMean, runVar []float32, c int, mean, variance float64) {
	count, m := float64(n.N*n.Spatial), float64(n.Momentum)
	if runMean != nil {
		runMean[c] = float32((1-m)*float64(runMean[c]) + m*mean)
	}
	if runVar != nil {
		runVar[c] = float32((1-m)*float64(runVar[c]) + m*variance*count/max(1, count-1))
	}
}

// Eval is BatchNorm.Eval with the addition of residual, unless it is nil, and the activation.
func (n NormAct) Eval(y, x, residual, gamma, beta, runMean, runVar []float32) {
	const op = "NormAct.Eval"
	w := n.borrow(op, x, [][]float32{y}, [][]float32{residual}, gamma, beta)
	defer w.release()
	checkLen(op, "runMean", len(runMean), n.C)
	checkLen(op, "runVar", len(runVar), n.C)
	w.x, w.y, w.residual = x, y, residual
	w.apply(gamma, beta, runMean, func(c int) float64 { return n.invstd(runVar[c]) })
}

// invstd is that of a running variance.
func (n BatchNorm) invstd(variance float32) float64 {
	return 1 / math.Sqrt(float64(variance)+float64(n.Eps))
}

// Backward computes the gradients after Train. dresidual, the gradient of the residual, and dgamma and dbeta may be nil; all are
// overwritten. With ReLU it needs Passed.
func (n NormAct) Backward(dx, dresidual, dgamma, dbeta, dy, x, gamma, mean, invstd []float32) {
	const op = "NormAct.Backward"
	w := n.borrowBackward(op, dx, dresidual, dgamma, dbeta, dy, x, gamma, mean)
	defer w.release()
	checkLen(op, "invstd", len(invstd), n.C)
	w.backward(dgamma, dbeta, gamma, mean, func(c int) float64 { return float64(invstd[c]) }, true)
}

// EvalBackward computes the gradients after Eval. With ReLU it needs Passed.
func (n NormAct) EvalBackward(dx, dresidual, dgamma, dbeta, dy, x, gamma, runMean, runVar []float32) {
	const op = "NormAct.EvalBackward"
	w := n.borrowBackward(op, dx, dresidual, dgamma, dbeta, dy, x, gamma, runMean)
	defer w.release()
	checkLen(op, "runVar", len(runVar), n.C)
	w.backward(dgamma, dbeta, gamma, runMean, func(c int) float64 { return n.invstd(runVar[c]) }, false)
}

func (n NormAct) borrowBackward(op string, dx, dresidual, dgamma, dbeta, dy, x, gamma, mean []float32) *normWork {
	if n.ReLU && n.Passed == nil {
		panic(shapeErrorf(op, "Passed is nil, but ReLU needs what Train wrote there"))
	}
	checkLen(op, "mean", len(mean), n.C)
	w := n.borrow(op, x, [][]float32{dx, dy}, [][]float32{dresidual}, gamma, dgamma, dbeta)
	w.x, w.dx, w.dy, w.residual = x, dx, dy, dresidual
	return w
}

// borrow checks the arguments of an operation and lays out its work.
func (n NormAct) borrow(op string, x []float32, tensors, maybe [][]float32, perChannel ...[]float32) *normWork {
	if n.N < 1 || n.C < 1 || n.Spatial < 1 {
		panic(shapeErrorf(op, "x is (%d, %d, %d)", n.N, n.C, n.Spatial))
	}
	units, size := n.planes()
	want := n.N * units * size
	checkLen(op, "x", len(x), want)
	for _, t := range tensors {
		checkLen(op, "a tensor", len(t), want)
	}
	for _, t := range maybe {
		checkOptional(op, "the residual or its gradient", t, want)
	}
	for _, s := range perChannel {
		checkOptional(op, "a per-channel argument", s, n.C)
	}
	if n.Passed != nil {
		checkLen(op, "Passed", len(n.Passed), n.PassedLen())
	}
	w := spareNormWork.Get().(*normWork)
	w.NormAct, w.units, w.size = n, units, size
	return w
}

// one is gamma[c], or 1 without gamma.
func one(gamma []float32, c int) float32 {
	if gamma == nil {
		return 1
	}
	return gamma[c]
}
