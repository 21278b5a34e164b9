package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func randomTensor(seed uint64, shape ...int) *Tensor {
	r := rand.New(rand.NewPCG(seed, 0))
	t := NewTensor(shape...)
	normal(t.Data, 1, r)
	return t
}

func sameNumbers(t *testing.T, what string, got, want *Tensor, tol float64) {
	t.Helper()
	if !slices.Equal(got.Shape, want.Shape) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape, want.Shape)
	}
	for i, w := range want.Data {
		if d := math.Abs(float64(got.Data[i]) - float64(w)); !(d <= tol) {
			t.Fatalf("%s: [%d] = %g, want %g", what, i, got.Data[i], w)
		}
	}
}

// float64sOf returns a tensor's numbers as a truth to compare with.
func float64sOf(t *Tensor) []float64 {
	all := make([]float64, len(t.Data))
	for i, v := range t.Data {
		all[i] = float64(v)
	}
	return all
}

// channels cuts channels lo to hi-1 out of x (N, C, ...).
func channels(x *Tensor, lo, hi int) *Tensor {
	y := NewTensor(append([]int{x.Shape[0], hi - lo}, x.Shape[2:]...)...)
	plane := size(x.Shape[2:])
	for n := range x.Shape[0] {
		copy(y.Data[n*(hi-lo)*plane:], x.Data[(n*x.Shape[1]+lo)*plane:(n*x.Shape[1]+hi)*plane])
	}
	return y
}

func joinChannels(parts []*Tensor) *Tensor {
	total := 0
	for _, p := range parts {
		total += p.Shape[1]
	}
	y := NewTensor(append([]int{parts[0].Shape[0], total}, parts[0].Shape[2:]...)...)
	c := &call{x: parts}
	c.concat(func(whole, part []float32) { copy(whole, part) }, y, parts)
	return y
}
