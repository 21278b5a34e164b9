package nn

import (
	"fmt"
	"math"
)

// A Loss compares a batch of outputs with what they should be.
type Loss interface {
	// Loss returns the value and writes its gradient with respect to out, which has out's shape, to grad.
	Loss(grad, out *Tensor, b *Batch) float64
}

// A Batch is what a network trains on in one step.
type Batch struct {
	X *Tensor // inputs (N, ...)
	Y []int   // class of each input, for classification
	// Target holds values to reach: (N, classes) shares of each class for CrossEntropy (mixup), or numbers to
	// approximate for MSE. Nil if Y says it all.
	Target *Tensor
}

// Labels makes the batch of a lesson: class labels without inputs.
func Labels(y ...int) *Batch { return &Batch{Y: y} }

// CrossEntropyLoss is softmax cross-entropy; see [CrossEntropy].
type CrossEntropyLoss struct {
	Smoothing float64   // share of each label that goes to all classes evenly
	Weights   []float64 // of the classes; nil means 1
	Sum       bool      // sum over the batch instead of the (weighted) mean
}

// CrossEntropy is the mean of -log softmax(logits)[label] over the batch, computed in float64 without overflow.
func CrossEntropy() *CrossEntropyLoss { return &CrossEntropyLoss{} }

// LabelSmoothing trains towards (1-eps) of the label and eps spread over all classes (Szegedy et al. 2016).
func LabelSmoothing(eps float64) *CrossEntropyLoss { return &CrossEntropyLoss{Smoothing: eps} }

// ClassWeights weighs each class; the mean divides by the sum of the weights, as in PyTorch.
func ClassWeights(w ...float64) *CrossEntropyLoss { return &CrossEntropyLoss{Weights: w} }

// Of returns the loss of logits (N, classes) and its gradient, for lessons.
func (l *CrossEntropyLoss) Of(logits *Tensor, labels ...int) (float64, *Tensor) {
	grad := NewTensor(logits.Shape...)
	return l.Loss(grad, logits, Labels(labels...)), grad
}

// Loss implements [Loss]. It panics with a ShapeError or ConfigError if the batch doesn't fit the logits.
func (l *CrossEntropyLoss) Loss(grad, out *Tensor, b *Batch) float64 {
	if len(out.Shape) != 2 {
		panic(ShapeError{Op: "CrossEntropy", Want: "(N, classes)", Got: out.Shape})
	}
	n, classes := out.Shape[0], out.Shape[1]
	l.check(b, n, classes)
	norm := 1.0
	if !l.Sum {
		norm = 1 / max(l.total(b, n), math.SmallestNonzeroFloat64)
	}
	var loss float64
	for i := range n {
		row, g := out.Data[i*classes:][:classes], grad.Data[i*classes:][:classes]
		logSum := logSumExp(row)
		w := l.weightOf(b, i)
		for c, z := range row {
			t := l.target(b, i, c, classes)
			p := float64(z) - logSum
			loss -= t * p
			g[c] = float32(norm * (w*math.Exp(p) - t))
		}
	}
	return loss * norm
}

func (l *CrossEntropyLoss) check(b *Batch, n, classes int) {
	if classes < 2 {
		refuse("CrossEntropy", "%d class; BCEWithLogits decides between two, MSE compares numbers", classes)
	}
	if l.Weights != nil && len(l.Weights) != classes {
		refuse("CrossEntropy", "%d class weights for %d classes", len(l.Weights), classes)
	}
	checkRange("CrossEntropy", "the smoothing", l.Smoothing, 0, 1)
	var sum float64
	for _, w := range l.Weights {
		checkRange("CrossEntropy", "a class weight", w, 0, math.Inf(1))
		sum += w
	}
	if l.Weights != nil && sum == 0 {
		refuse("CrossEntropy", "all class weights are 0")
	}
	if b.Target != nil {
		if s := b.Target.Shape; len(s) != 2 || s[0] != n || s[1] != classes {
			panic(ShapeError{Op: "CrossEntropy", What: "the target", Want: fmt.Sprintf("(%d, %d)", n, classes), Got: s})
		}
		return
	}
	if len(b.Y) != n {
		refuse("CrossEntropy", "%d labels for %d rows of logits", len(b.Y), n)
	}
	for i, y := range b.Y {
		if y < 0 || y >= classes {
			refuse("CrossEntropy", "label %d of row %d is not one of %d classes", y, i, classes)
		}
	}
}

// target is the weight that row i puts on class c: its share, times the class weight.
func (l *CrossEntropyLoss) target(b *Batch, i, c, classes int) float64 {
	var t float64
	switch {
	case b.Target != nil:
		t = float64(b.Target.Data[i*classes+c])
	case b.Y[i] == c:
		t = 1
	}
	t = (1-l.Smoothing)*t + l.Smoothing/float64(classes)
	if l.Weights != nil {
		t *= l.Weights[c]
	}
	return t
}

// weightOf is the sum of row i's targets, which is the factor of the softmax in the gradient.
func (l *CrossEntropyLoss) weightOf(b *Batch, i int) float64 {
	if l.Weights == nil && b.Target == nil {
		return 1
	}
	classes := len(l.Weights)
	if b.Target != nil {
		classes = b.Target.Shape[1]
	}
	var w float64
	for c := range classes {
		w += l.target(b, i, c, classes)
	}
	return w
}

// total is what the mean divides by.
func (l *CrossEntropyLoss) total(b *Batch, n int) float64 {
	if l.Weights == nil || b.Target != nil {
		return float64(n)
	}
	var w float64
	for _, y := range b.Y {
		w += l.Weights[y]
	}
	return w
}

func logSumExp(row []float32) float64 {
	top := math.Inf(-1)
	for _, v := range row {
		top = max(top, float64(v))
	}
	var s float64
	for _, v := range row {
		s += math.Exp(float64(v) - top)
	}
	return top + math.Log(s)
}
