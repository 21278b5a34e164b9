package kernels

import "sync"

// loop is the tasks of one kind of work. What they work on, a T, lies in boxes that are used again, so that a call allocates nothing;
// what a closure works on would be allocated at every call.
type loop[T any] struct{ boxes sync.Pool }

type box[T any] struct {
	work T
	task func(i int)
}

// newLoop makes a loop of task, which does number i of the work.
func newLoop[T any](task func(work *T, i int)) *loop[T] {
	return &loop[T]{sync.Pool{New: func() any {
		b := new(box[T])
		b.task = func(i int) { task(&b.work, i) }
		return b
	}}}
}

// run does n tasks of work, as tasks does.
func (l *loop[T]) run(n int, work T) {
	b := l.boxes.Get().(*box[T])
	b.work = work
	tasks(n, b.task)
	var none T
	b.work = none // let go of what it holds
	l.boxes.Put(b)
}

// piecewise is a loop over pieces of n elements.
type piecewise[T any] struct{ pieces *loop[counted[T]] }

type counted[T any] struct {
	n    int
	work T
}

// elementsPerTask is the piece of an elementwise operation that is worth a thread's attention.
const elementsPerTask = 1 << 14

// newPiecewise makes a loop of task, which does elements [lo, hi) of the work.
func newPiecewise[T any](task func(work *T, lo, hi int)) piecewise[T] {
	return piecewise[T]{newLoop(func(c *counted[T], i int) {
		task(&c.work, i*elementsPerTask, min(c.n, (i+1)*elementsPerTask))
	})}
}

// run does work on n elements.
func (p piecewise[T]) run(n int, work T) {
	p.pieces.run((n+elementsPerTask-1)/elementsPerTask, counted[T]{n, work})
}
