package kernels

import (
	"runtime"
	"sync"
	"sync/atomic"
)

var threads atomic.Int64

// SetThreads sets how many threads kernels use; n < 1 means GOMAXPROCS, the default.
// Results are bit-identical for every n: work is split over outputs and sums have a fixed order.
func SetThreads(n int) { threads.Store(int64(max(n, 0))) }

// Threads is the number of threads that kernels use now.
func Threads() int {
	if n := int(threads.Load()); n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// Parallel calls f on disjoint ranges [lo, hi) that cover [0, n), on up to Threads goroutines, and returns when all are done.
// f must write only what belongs to its range. Calls may nest and may come from many goroutines. A panic in f is raised again here.
func Parallel(n int, f func(lo, hi int)) {
	t := min(Threads(), n)
	if t <= 1 {
		if n > 0 {
			f(0, n)
		}
		return
	}
	tasks(t, func(i int) { f(n*i/t, n*(i+1)/t) })
}

// tasks calls f(0) .. f(n-1), each once, handing them out one by one to up to Threads goroutines.
func tasks(n int, f func(i int)) {
	t := min(Threads(), n)
	if t <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var (
		next   atomic.Int64
		wg     sync.WaitGroup
		failed atomic.Pointer[any]
	)
	work := func() {
		defer func() {
			if p := recover(); p != nil {
				failed.CompareAndSwap(nil, &p)
			}
		}()
		for i := next.Add(1) - 1; i < int64(n) && failed.Load() == nil; i = next.Add(1) - 1 {
			f(int(i))
		}
	}
	wg.Add(t - 1)
	for range t - 1 {
		go func() { defer wg.Done(); work() }()
	}
	work()
	wg.Wait()
	if p := failed.Load(); p != nil {
		panic(*p)
	}
}
