package kernels

// Linear is the fully connected layer y = x*transpose(w) + b: x is (N, In), w is (Out, In), b is (Out), y is (N, Out).
type Linear struct{ N, In, Out int }

func (l Linear) check(op string, x, y, w int) {
	if l.N < 0 || l.In < 1 || l.Out < 1 {
		panic(shapeErrorf(op, "batch of %d, %d inputs, %d outputs", l.N, l.In, l.Out))
	}
	checkLen(op, "input", x, l.N*l.In)
	checkLen(op, "output", y, l.N*l.Out)
	checkLen(op, "weights", w, l.Out*l.In)
}

// Forward computes y; b may be nil.
func (l Linear) Forward(y, x, w, b []float32) {
	l.check("Linear.Forward", len(x), len(y), len(w))
	checkOptional("Linear.Forward", "bias", b, l.Out)
	for i := range l.N {
		if b == nil {
			clear(y[i*l.Out:][:l.Out])
		} else {
			copy(y[i*l.Out:], b)
		}
	}
	GEMM(false, true, l.N, l.Out, l.In, 1, x, l.In, w, l.In, 1, y, l.Out)
}

// BackwardData computes dx = dy*w and overwrites it.
func (l Linear) BackwardData(dx, dy, w []float32) {
	l.check("Linear.BackwardData", len(dx), len(dy), len(w))
	GEMM(false, false, l.N, l.In, l.Out, 1, dy, l.Out, w, l.In, 0, dx, l.In)
}

// BackwardWeights computes dw = transpose(dy)*x and db, the column sums of dy, and overwrites them; db may be nil.
func (l Linear) BackwardWeights(dw, db, x, dy []float32) {
	l.check("Linear.BackwardWeights", len(x), len(dy), len(dw))
	checkOptional("Linear.BackwardWeights", "bias gradient", db, l.Out)
	GEMM(true, false, l.Out, l.In, l.N, 1, dy, l.Out, x, l.In, 0, dw, l.In)
	if db != nil {
		channelSums(db, dy, l.N, l.Out, 1)
	}
}
