package nn

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// FilterCorr is the correlation coefficient of every two filters of a weight (filters, ...). Filters of different groups
// see different channels; the coefficient compares their numbers position by position all the same.
func FilterCorr(w *Tensor) *mat.Dense { return filterSimilarity(w, true) }

// FilterCosine is the cosine of the angle between every two filters of a weight (filters, ...).
func FilterCosine(w *Tensor) *mat.Dense { return filterSimilarity(w, false) }

func filterSimilarity(w *Tensor, centre bool) *mat.Dense {
	w.check("FilterCorr")
	if len(w.Shape) < 2 {
		panic(ShapeError{Op: "FilterCorr", What: "the weight", Want: "(filters, ...)", Got: w.Shape})
	}
	n := w.Shape[0]
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = unit(imageRows(w, i), centre)
	}
	m := mat.NewDense(n, n, nil)
	m.Apply(func(i, j int, _ float64) float64 {
		var dot float64
		for k, v := range rows[i] {
			dot += v * rows[j][k]
		}
		return dot
	}, m)
	return m
}

// unit scales a row to length 1, after taking away its mean if centred; a constant row becomes 0.
func unit(row []float32, centred bool) []float64 {
	out := make([]float64, len(row))
	var mean, square float64
	for _, v := range row {
		mean += float64(v)
	}
	mean /= float64(max(len(row), 1))
	if !centred {
		mean = 0
	}
	for i, v := range row {
		out[i] = float64(v) - mean
		square += out[i] * out[i]
	}
	if square > 0 {
		for i := range out {
			out[i] /= math.Sqrt(square)
		}
	}
	return out
}

// BlockScore says how much a matrix looks like groups: the mean absolute value inside the blocks of a groups x groups
// grid's diagonal, divided by that outside. 1 means no structure; a network with random weights already has more than 1
// where the architecture is grouped, so compare with one. It is 1 for a single group,
// and not a number if all is 0.
// It panics with a ConfigError unless groups divides both sizes.
func BlockScore(m mat.Matrix, groups int) float64 {
	rows, cols := m.Dims()
	if groups < 1 || rows%groups != 0 || cols%groups != 0 {
		refuse("BlockScore", "a %dx%d matrix is not divisible into %d groups", rows, cols, groups)
	}
	if groups == 1 {
		return 1
	}
	var in, out float64
	for i := range rows {
		for j := range cols {
			if v := math.Abs(m.At(i, j)); i/(rows/groups) == j/(cols/groups) {
				in += v
			} else {
				out += v
			}
		}
	}
	return in * float64(groups-1) / out
}
