package nn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/groupnb/groupnb/kernels"
	"github.com/groupnb/groupnb/repl/display"
)

// evalBatch is how many examples a pass without training takes at once.
const evalBatch = 128

// Evaluation says how well a model does on a data set.
type Evaluation struct {
	Loss     float64 // mean over the examples
	Accuracy float64 // share from 0 to 1 of the examples with the right class; NaN without classes
	Examples int
	// Top5 is the number of examples whose class is among the five most likely ones.
	Top5 int
	// Confusion counts examples of class i (row) that were taken for class j.
	Confusion [][]int
}

// String gives the two numbers.
func (e Evaluation) String() string {
	if math.IsNaN(e.Accuracy) {
		return fmt.Sprintf("loss %.4f of %d examples", e.Loss, e.Examples)
	}
	return fmt.Sprintf("loss %.4f, accuracy %.2f%% of %d examples", e.Loss, 100*e.Accuracy, e.Examples)
}

// Recall is, for each class, the share of its examples that were recognised; 0 for a class without examples.
func (e Evaluation) Recall() []float64 {
	r := make([]float64, len(e.Confusion))
	for i, row := range e.Confusion {
		n := 0
		for _, c := range row {
			n += c
		}
		r[i] = float64(row[i]) / float64(max(n, 1))
	}
	return r
}

// Precision is, for each class, the share of what was taken for it that belongs to it; 0 if nothing was.
func (e Evaluation) Precision() []float64 {
	p := make([]float64, len(e.Confusion))
	for j := range p {
		n := 0
		for _, row := range e.Confusion {
			n += row[j]
		}
		p[j] = float64(e.Confusion[j][j]) / float64(max(n, 1))
	}
	return p
}

// F1 is, for each class, the harmonic mean of recall and precision.
func (e Evaluation) F1() []float64 {
	f, p := e.Recall(), e.Precision()
	for i, r := range f {
		if f[i] = 0; r+p[i] > 0 {
			f[i] = 2 * r * p[i] / (r + p[i])
		}
	}
	return f
}

// Table writes the confusion matrix as text, a row for each true class; names may be nil.
func (e Evaluation) Table(names []string) string {
	var b strings.Builder
	for i, row := range e.Confusion {
		name := fmt.Sprint(i)
		if i < len(names) {
			name = names[i]
		}
		fmt.Fprintf(&b, "%-12s", name)
		for _, c := range row {
			fmt.Fprintf(&b, "%6d", c)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Evaluate measures mean cross-entropy, accuracy and confusion on d, with running statistics. It stops between batches
// when the notebook cell is interrupted; the error then wraps context.Canceled.
func (m *Model) Evaluate(d Dataset) (e Evaluation, err error) {
	return m.EvaluateLoss(d, CrossEntropy())
}

// EvaluateLoss is [Model.Evaluate] with another loss, such as [MSE] for a network that computes numbers.
func (m *Model) EvaluateLoss(d Dataset, loss Loss) (e Evaluation, err error) {
	defer recovered(&err)
	if loss == nil {
		return e, errors.New("the loss is nil")
	}
	return m.evaluate(display.Context(), d, loss)
}

func (m *Model) evaluate(ctx context.Context, d Dataset, loss Loss) (Evaluation, error) {
	var sum tally
	var e Evaluation
	var scratch Tensor
	err := m.each(ctx, d, func(b *Batch, out *Tensor) {
		scratch.fit(out.Shape)
		sum.add(loss.Loss(&scratch, out, b), out, b)
		e.count(out, b)
	})
	e.Loss, e.Accuracy = sum.means()
	e.Examples = sum.counted
	return e, err
}

func (e *Evaluation) count(out *Tensor, b *Batch) {
	if len(out.Shape) != 2 || len(b.Y) != out.Shape[0] {
		return
	}
	classes := out.Shape[1]
	for len(e.Confusion) < classes {
		e.Confusion = append(e.Confusion, make([]int, classes))
	}
	for i, y := range b.Y {
		if y < 0 || y >= classes {
			continue
		}
		row := out.Data[i*classes:][:classes]
		e.Confusion[y][argmax(row)]++
		if rank(row, y) < 5 {
			e.Top5++
		}
	}
}

// rank is how many numbers of a row are larger than number y.
func rank(row []float32, y int) int {
	n := 0
	for _, v := range row {
		if v > row[y] {
			n++
		}
	}
	return n
}

// each runs the model over d and calls f with every batch and its output.
func (m *Model) each(ctx context.Context, d Dataset, f func(*Batch, *Tensor), keep ...int) error {
	if err := someData(d); err != nil {
		return err
	}
	var b Batch
	indices := make([]int, 0, evalBatch)
	for at := 0; at < d.Len(); at += evalBatch {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("stopped after %d of %d examples: %w", at, d.Len(), err)
		}
		indices = indices[:0]
		for i := at; i < min(at+evalBatch, d.Len()); i++ {
			indices = append(indices, i)
		}
		d.Read(&b, indices)
		f(&b, m.run(b.X, m.plan(b.X.Shape, false, false, keep...)))
	}
	return nil
}

// someData refuses a data set that is nil, as after a reading error that was not looked at, or empty.
func someData(d Dataset) error {
	if v := reflect.ValueOf(d); d == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return errors.New("the data set is nil")
	}
	if d.Len() == 0 {
		return errors.New("the data set is empty")
	}
	return nil
}

// fit gives a scratch tensor the shape, keeping its memory if that suffices.
func (t *Tensor) fit(shape []int) {
	n := size(shape)
	if cap(t.Data) < n {
		t.Data = make([]float32, n)
	}
	t.Data, t.Shape = t.Data[:n], append(t.Shape[:0], shape...)
}

// Predict returns the most likely class of each example of x (N, ...).
func (m *Model) Predict(x *Tensor) (classes []int, err error) {
	defer recovered(&err)
	x.check("Predict")
	for at := 0; at < x.Shape[0]; at += evalBatch {
		part := x.Slice(at, min(at+evalBatch, x.Shape[0]))
		out := m.run(part, m.plan(part.Shape, false, false))
		if len(out.Shape) != 2 {
			panic(ShapeError{Op: "Predict", What: "the output", Want: "(N, classes)", Got: out.Shape})
		}
		row := out.Shape[1]
		for i := range out.Shape[0] {
			scores := out.Data[i*row:][:row]
			if !finite(scores) {
				return nil, fmt.Errorf("Predict: the output for example %d is not finite: %.4g", at+i, scores[:min(row, 8)])
			}
			classes = append(classes, argmax(scores))
		}
	}
	return classes, nil
}

// Probabilities turns logits (N, classes) into softmax probabilities.
func Probabilities(logits *Tensor) *Tensor {
	if len(logits.Shape) != 2 {
		panic(ShapeError{Op: "Probabilities", Want: "(N, classes)", Got: logits.Shape})
	}
	y := NewTensor(logits.Shape...)
	kernels.Softmax(y.Data, logits.Data, y.Shape[0], y.Shape[1])
	return y
}
