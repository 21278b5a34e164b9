package kernels

// elementsPerTask is the piece of an elementwise operation that is worth a thread's attention.
const elementsPerTask = 1 << 14

// pieces calls f on ranges that cover [0, n) in parallel.
func pieces(n int, f func(lo, hi int)) {
	tasks((n+elementsPerTask-1)/elementsPerTask, func(i int) {
		f(i*elementsPerTask, min(n, (i+1)*elementsPerTask))
	})
}

// ReLU computes y = max(x, 0), keeping NaN. y and x may be the same slice.
func ReLU(y, x []float32) {
	checkLen("ReLU", "y", len(y), len(x))
	pieces(len(x), func(lo, hi int) {
		y, x := y[lo:hi], x[lo:hi]
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
}

// ReLUBackward computes dx = dy where y, the output of ReLU, is positive, and 0 elsewhere. dx and dy may be the same slice.
func ReLUBackward(dx, dy, y []float32) {
	checkLen("ReLUBackward", "dx", len(dx), len(y))
	checkLen("ReLUBackward", "dy", len(dy), len(y))
	pieces(len(y), func(lo, hi int) {
		dx, dy, y := dx[lo:hi], dy[lo:hi], y[lo:hi]
		s, n := whole(len(y))
		if n > 0 {
			s.reluBackward(n, &dx[0], &dy[0], &y[0])
		}
		for i := n * Block; i < len(y); i++ {
			dx[i] = passed(dy, y, i)
		}
	})
}

// Add computes y = a + b. Any of them may be the same slice.
func Add(y, a, b []float32) {
	checkLen("Add", "a", len(a), len(y))
	checkLen("Add", "b", len(b), len(y))
	pieces(len(y), func(lo, hi int) {
		y, a, b := y[lo:hi], a[lo:hi], b[lo:hi]
		s, n := whole(len(y))
		if n > 0 {
			s.add(n, &y[0], &a[0], &b[0])
		}
		for i := n * Block; i < len(y); i++ {
			y[i] = a[i] + b[i]
		}
	})
}

// Scale computes y = alpha * x. y and x may be the same slice.
func Scale(y []float32, alpha float32, x []float32) {
	checkLen("Scale", "y", len(y), len(x))
	pieces(len(x), func(lo, hi int) {
		y, x := y[lo:hi], x[lo:hi]
		for i, v := range x {
			y[i] = alpha * v
		}
	})
}
