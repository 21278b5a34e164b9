package kernels

import "math"

// SoftmaxCrossEntropy is the loss of logits (N, Classes) against class labels:
//
//	loss = mean over n of -sum over k of target[n][k] * log softmax(logits[n])[k]
//
// target is 1-Smoothing on the label plus Smoothing/Classes everywhere. Weights, nil or one per class, multiply the terms; the mean
// then divides by the sum of the labels' weights, as PyTorch's does. With Sum the loss is the sum instead of the mean.
type SoftmaxCrossEntropy struct {
	N, Classes int
	Smoothing  float32
	Weights    []float32
	Sum        bool
}

// Loss returns the loss and, unless dlogits is nil, writes its gradient with respect to logits.
func (s SoftmaxCrossEntropy) Loss(dlogits, logits []float32, labels []int) float64 {
	const op = "SoftmaxCrossEntropy.Loss"
	if s.N < 1 || s.Classes < 1 {
		panic(shapeErrorf(op, "batch of %d, %d classes", s.N, s.Classes))
	}
	checkLen(op, "logits", len(logits), s.N*s.Classes)
	checkLen(op, "labels", len(labels), s.N)
	checkOptional(op, "dlogits", dlogits, len(logits))
	checkOptional(op, "weights", s.Weights, s.Classes)
	var norm float64
	for i, l := range labels {
		if l < 0 || l >= s.Classes {
			panic(shapeErrorf(op, "label %d is %d but there are %d classes", i, l, s.Classes))
		}
		norm += float64(one(s.Weights, l))
	}
	if s.Sum {
		norm = 1
	}
	var loss float64
	for i, l := range labels {
		row := logits[i*s.Classes:][:s.Classes]
		var grad []float32
		if dlogits != nil {
			grad = dlogits[i*s.Classes:][:s.Classes]
		}
		loss += s.row(grad, row, l, norm)
	}
	return loss / norm
}

// row returns the loss of one example and writes the gradient of loss/norm.
func (s SoftmaxCrossEntropy) row(grad, row []float32, label int, norm float64) float64 {
	m, z := logSumExp(row)
	uniform := float64(s.Smoothing) / float64(s.Classes)
	var loss, mass float64 // mass is the weighted sum of the targets
	for k, v := range row {
		t := uniform
		if k == label {
			t += 1 - float64(s.Smoothing)
		}
		if t *= float64(one(s.Weights, k)); t != 0 {
			loss -= t * (float64(v) - m - z)
			mass += t
		}
		if grad != nil {
			grad[k] = float32(-t / norm)
		}
	}
	for k := range grad {
		grad[k] += float32(mass * math.Exp(float64(row[k])-m-z) / norm)
	}
	return loss
}

// logSumExp returns the maximum m of x and log(sum(exp(x-m))).
func logSumExp(x []float32) (m, z float64) {
	m = math.Inf(-1)
	for _, v := range x {
		m = max(m, float64(v))
	}
	for _, v := range x {
		z += math.Exp(float64(v) - m)
	}
	return m, math.Log(z)
}

// Softmax computes y = softmax(x) over each row of x (n, classes). y and x may be the same slice.
func Softmax(y, x []float32, n, classes int) {
	if n < 0 || classes < 1 {
		panic(shapeErrorf("Softmax", "batch of %d, %d classes", n, classes))
	}
	checkLen("Softmax", "x", len(x), n*classes)
	checkLen("Softmax", "y", len(y), n*classes)
	softmaxes.run(n, softmaxRows{y, x, classes})
}

type softmaxRows struct {
	y, x    []float32
	classes int
}

var softmaxes = newLoop(func(s *softmaxRows, i int) {
	row, y := s.x[i*s.classes:][:s.classes], s.y[i*s.classes:][:s.classes]
	m, z := logSumExp(row)
	for k, v := range row {
		y[k] = float32(math.Exp(float64(v) - m - z))
	}
})
