package kernels

// operands are those of an elementwise operation.
type operands struct {
	y, a, b []float32
	alpha   float32
}

// part is elements [lo, hi).
func (v *operands) part(lo, hi int) (y, a, b []float32) {
	y, a = v.y[lo:hi], v.a[lo:hi]
	if v.b != nil {
		b = v.b[lo:hi]
	}
	return y, a, b
}

// ReLU computes y = max(x, 0), keeping NaN. y and x may be the same slice.
func ReLU(y, x []float32) {
	checkLen("ReLU", "y", len(y), len(x))
	reluPieces.run(len(x), operands{y: y, a: x})
}

var reluPieces = newPiecewise(func(v *operands, lo, hi int) {
	y, x, _ := v.part(lo, hi)
	s, n := whole(len(x))
	if n > 0 {
		s.relu(n, &y[0], &x[0])
	}
	for i := n * Block; i < len(x); i++ {
		y[i] = x[i]
		if y[i] < 0 {
			y[i] = 0
		}
	}
})

// ReLUBackward computes dx = dy where y, the output of ReLU, is positive, and 0 elsewhere. dx and dy may be the same slice.
func ReLUBackward(dx, dy, y []float32) {
	checkLen("ReLUBackward", "dx", len(dx), len(y))
	checkLen("ReLUBackward", "dy", len(dy), len(y))
	reluBackwardPieces.run(len(y), operands{y: dx, a: dy, b: y})
}

var reluBackwardPieces = newPiecewise(func(v *operands, lo, hi int) {
	dx, dy, y := v.part(lo, hi)
	s, n := whole(len(y))
	if n > 0 {
		s.reluBackward(n, &dx[0], &dy[0], &y[0])
	}
	for i := n * Block; i < len(y); i++ {
		dx[i] = dy[i]
		if y[i] <= 0 {
			dx[i] = 0
		}
	}
})

// Add computes y = a + b. Any of them may be the same slice.
func Add(y, a, b []float32) {
	checkLen("Add", "a", len(a), len(y))
	checkLen("Add", "b", len(b), len(y))
	addPieces.run(len(y), operands{y: y, a: a, b: b})
}

var addPieces = newPiecewise(func(v *operands, lo, hi int) {
	y, a, b := v.part(lo, hi)
	s, n := whole(len(y))
	if n > 0 {
		s.add(n, &y[0], &a[0], &b[0])
	}
	for i := n * Block; i < len(y); i++ {
		y[i] = a[i] + b[i]
	}
})

// Scale computes y = alpha * x. y and x may be the same slice.
func Scale(y []float32, alpha float32, x []float32) {
	checkLen("Scale", "y", len(y), len(x))
	scalePieces.run(len(x), operands{y: y, a: x, alpha: alpha})
}

var scalePieces = newPiecewise(func(v *operands, lo, hi int) {
	y, x, _ := v.part(lo, hi)
	for i, x := range x {
		y[i] = v.alpha * x
	}
})
