package kernels

import "sync"

// normWork is a normalisation on its way through memory. A unit is what shares a vector of per-channel values: a channel of a plain
// tensor, whose value fills the vector, or a block of a blocked one. It is borrowed and has its tasks ready, so that a call allocates
// nothing.
type normWork struct {
	NormAct
	units    int
	size     int // floats of a plane of a unit
	x, y     []float32
	dx, dy   []float32
	residual []float32 // or its gradient
	a, b, c  []float32 // vectors of the units
	partial  []float64 // two vectors of sums for every unit and image

	momentsOf, gradSumsOf, applyTo, gradApplyTo func(task int)
}

var spareNormWork = sync.Pool{New: func() any {
	w := new(normWork)
	w.momentsOf, w.gradSumsOf, w.applyTo, w.gradApplyTo = w.momentsTask, w.gradSumsTask, w.applyTask, w.gradApplyTask
	return w
}}

// release gives w back, without what it refers to.
func (w *normWork) release() {
	w.x, w.y, w.dx, w.dy, w.residual, w.Passed = nil, nil, nil, nil, nil, nil
	spareNormWork.Put(w)
}

// normVectors are operands of the assembly besides tensors. They are borrowed because what assembly is given by way of a table would
// otherwise be allocated for every plane.
type normVectors struct {
	a    [Block]float32
	sums [2 * Block]float32
}

var spareNormVectors = sync.Pool{New: func() any { return new(normVectors) }}

// eachPlane runs a task for every unit and image.
func (w *normWork) eachPlane(task func(i int)) { tasks(w.units*w.N, task) }

// plane is the part of x that belongs to a task.
func (w *normWork) plane(x []float32, task int) []float32 {
	if x == nil {
		return nil
	}
	unit, image := task%w.units, task/w.units
	return x[(image*w.units+unit)*w.size:][:w.size]
}

// vector is that of a task's unit.
func (w *normWork) vector(v []float32, task int) *[Block]float32 {
	return (*[Block]float32)(v[task%w.units*Block:])
}

// zeros is v with room for a vector for each unit, all zero.
func (w *normWork) zeros(v []float32) []float32 {
	n := w.units * Block
	if cap(v) < n {
		v = make([]float32, n)
	}
	clear(v[:n])
	return v[:n]
}

// set gives channel c its value in v.
func (w *normWork) set(v []float32, c int, value float32) {
	if w.Blocked {
		v[c] = value
	} else {
		fill(v[c*Block:][:Block], value)
	}
}

// large says that y will not be in cache any more when the next operation reads it, nor is already because it is x.
func (w *normWork) large(y, x []float32) bool {
	return w.N*w.units*w.size >= largeTensor && &y[0] != &x[0]
}

// sumChunk is how many floats are summed in float32 before they go on in float64.
const sumChunk = 1 << 14

// sums fills partial: task adds two quantities of a plane.
func (w *normWork) sums(task func(i int)) {
	n := w.units * w.N * 2 * Block
	if cap(w.partial) < n {
		w.partial = make([]float64, n)
	}
	w.partial = w.partial[:n]
	clear(w.partial)
	w.eachPlane(task)
}

// addPartial adds what was summed of a piece of a task's plane.
func (w *normWork) addPartial(task int, v *normVectors) {
	unit, image := task%w.units, task/w.units
	total := w.partial[(unit*w.N+image)*2*Block:][:2*Block]
	for i, s := range v.sums {
		total[i] += float64(s)
	}
	clear(v.sums[:])
}

// total is the two sums of channel c over all images.
func (w *normWork) total(c int) (first, second float64) {
	unit, lane, lanes := c, 0, Block
	if w.Blocked {
		unit, lane, lanes = c/Block, c%Block, 1
	}
	for image := range w.N {
		t := w.partial[(unit*w.N+image)*2*Block+lane:]
		for l := range lanes {
			first += t[l]
			second += t[Block+l]
		}
	}
	return first, second
}

// sumMoments sums deviations from a value of the channel, so that a large mean costs no digits.
func (w *normWork) sumMoments() {
	w.a = w.zeros(w.a)
	for c := range w.C {
		w.set(w.a, c, w.shift(c))
	}
	w.sums(w.momentsOf)
}

func (w *normWork) shift(c int) float32 {
	if w.Blocked {
		return w.x[c/Block*w.size+c%Block]
	}
	return w.x[c*w.size]
}

func (w *normWork) momentsTask(task int) {
	v := spareNormVectors.Get().(*normVectors)
	defer spareNormVectors.Put(v)
	clear(v.sums[:])
	x := w.plane(w.x, task)
	for lo := 0; lo < w.size; lo += sumChunk {
		moments(x[lo:min(w.size, lo+sumChunk)], w.vector(w.a, task), &v.sums)
		w.addPartial(task, v)
	}
}

// moment is the mean and the biased variance of channel c.
func (w *normWork) moment(c int) (mean, variance float64) {
	first, second := w.total(c)
	count := float64(w.N * w.Spatial)
	d := first / count
	variance = second/count - d*d
	if variance < 0 {
		variance = 0 // rounding; NaN stays
	}
	return float64(w.shift(c)) + d, variance
}

// apply is the second pass: y = x*scale + shift, and what follows.
func (w *normWork) apply(gamma, beta, mean []float32, invstd func(c int) float64) {
	w.a, w.b = w.zeros(w.a), w.zeros(w.b)
	for c := range w.C {
		scale := invstd(c) * float64(one(gamma, c))
		w.set(w.a, c, float32(scale))
		w.set(w.b, c, float32(float64(at(beta, c))-float64(mean[c])*scale))
	}
	w.eachPlane(w.applyTo)
}

func (w *normWork) applyTask(task int) {
	normApply(w.plane(w.y, task), w.plane(w.x, task), w.plane(w.residual, task), w.passed(task), w.vector(w.a, task), w.vector(w.b, task),
		w.ReLU, w.large(w.y, w.x))
}

// backward: with g = dy where the activation let through, db = sum(g) and dg = sum(g*xhat),
//
//	dx = gamma*invstd * (g - db/count - xhat*dg/count)
//
// which is g*a + x*b + c; without statistics of the batch b and c are 0.
func (w *normWork) backward(dgamma, dbeta, gamma, mean []float32, invstd func(c int) float64, batch bool) {
	w.a = w.zeros(w.a)
	for c := range w.C {
		w.set(w.a, c, mean[c])
	}
	w.sums(w.gradSumsOf)
	w.a, w.b, w.c = w.zeros(w.a), w.zeros(w.b), w.zeros(w.c)
	count := float64(w.N * w.Spatial)
	for c := range w.C {
		db, dg := w.total(c)
		dg *= invstd(c)
		if dbeta != nil {
			dbeta[c] = float32(db)
		}
		if dgamma != nil {
			dgamma[c] = float32(dg)
		}
		a := float64(one(gamma, c)) * invstd(c)
		w.set(w.a, c, float32(a))
		if batch {
			b := -a * invstd(c) * dg / count
			w.set(w.b, c, float32(b))
			w.set(w.c, c, float32(-a*db/count-b*float64(mean[c])))
		}
	}
	w.eachPlane(w.gradApplyTo)
}

func (w *normWork) gradSumsTask(task int) {
	v := spareNormVectors.Get().(*normVectors)
	defer spareNormVectors.Put(v)
	clear(v.sums[:])
	dy, x, passed := w.plane(w.dy, task), w.plane(w.x, task), w.passed(task)
	for lo := 0; lo < w.size; lo += sumChunk {
		hi := min(w.size, lo+sumChunk)
		part := passed
		if passed != nil {
			part = passed[lo/Block:]
		}
		gradSums(dy[lo:hi], x[lo:hi], part, w.vector(w.a, task), &v.sums)
		w.addPartial(task, v)
	}
}

func (w *normWork) gradApplyTask(task int) {
	gradApply(w.plane(w.dx, task), w.plane(w.residual, task), w.plane(w.dy, task), w.plane(w.x, task), w.passed(task),
		w.vector(w.a, task), w.vector(w.b, task), w.vector(w.c, task), w.large(w.dx, w.dy))
}

// passed is the bits of a task's plane, nil without an activation or if nobody wants them.
func (w *normWork) passed(task int) []uint16 {
	if !w.ReLU || w.Passed == nil {
		return nil
	}
	words := blocks(w.size)
	return w.Passed[task*words:][:words]
}
