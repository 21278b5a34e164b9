package kernels

import (
	"math"
	"testing"
)

// LevelsAgree computes the three directions between blocked tensors with AVX2 and with AVX-512 and compares them.
func (c Conv) LevelsAgree(t *testing.T) {
	if machineLevel() < avx512 {
		t.Skip("needs AVX-512 and AVX2")
	}
	was := active
	defer func() { active = was }()
	c = c.norm()
	r := newRand(c)
	blocked := func(channels, size int) []float32 {
		x := make([]float32, BlockedLen(c.N, channels, size))
		ToBlocked(x, uniform(r, c.N*channels*size), c.N, channels, size)
		return x
	}
	x, dy, w := blocked(c.InC, volume(c.In)), blocked(c.OutC, volume(c.Out())), uniform(r, c.WeightLen())
	var results [2][3][]float32
	for i, l := range []level{avx2, avx512} {
		active = l
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		c.ForwardBlocked(y, x, w, nil)
		c.BackwardDataBlocked(dx, dy, w)
		c.BackwardWeightsBlocked(dw, nil, x, dy)
		results[i] = [3][]float32{y, dx, dw}
	}
	for i, name := range []string{"y", "dx", "dw"} {
		var largest, difference float64
		for j, v := range results[0][i] {
			largest = max(largest, math.Abs(float64(v)))
			difference = max(difference, math.Abs(float64(v)-float64(results[1][i][j])))
		}
		if !(difference <= 2e-5*largest) {
			t.Errorf("%s: instruction sets differ by %g, the largest value is %g", name, difference, largest)
		}
	}
}
