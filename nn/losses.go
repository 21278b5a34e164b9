package nn

import (
	"math"
	"slices"
)

// pointwise is a loss that compares numbers one by one: the mean of f(out, target) over all.
type pointwise struct {
	name string
	f    func(x, t float64) (loss, slope float64)
}

// MSE is the mean of the squared differences from the batch's Target.
func MSE() Loss {
	return pointwise{"MSE", func(x, t float64) (float64, float64) { return (x - t) * (x - t), 2 * (x - t) }}
}

// SmoothL1 is the mean of d²/2 where the difference d from the Target is below 1 and |d| - 1/2 elsewhere (Huber's loss).
func SmoothL1() Loss {
	return pointwise{"SmoothL1", func(x, t float64) (float64, float64) {
		d := x - t
		if math.Abs(d) < 1 {
			return d * d / 2, d
		}
		return math.Abs(d) - 0.5, math.Copysign(1, d)
	}}
}

// BCEWithLogits is the mean binary cross-entropy between sigmoid(out) and the Target, without overflow.
func BCEWithLogits() Loss {
	return pointwise{"BCEWithLogits", func(x, t float64) (float64, float64) {
		return max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x))), sigmoid(x) - t
	}}
}

// Loss implements Loss. It panics with a ShapeError unless the batch has a Target of out's shape.
func (p pointwise) Loss(grad, out *Tensor, b *Batch) float64 {
	if b.Target == nil || !slices.Equal(b.Target.Shape, out.Shape) {
		var got []int
		if b.Target != nil {
			got = b.Target.Shape
		}
		panic(ShapeError{Op: p.name, Want: shapeString(out.Shape), Got: got, What: "the target"})
	}
	var loss float64
	n := float64(max(len(out.Data), 1))
	for i, x := range out.Data {
		l, slope := p.f(float64(x), float64(b.Target.Data[i]))
		loss += l
		grad.Data[i] = float32(slope / n)
	}
	return loss / n
}
