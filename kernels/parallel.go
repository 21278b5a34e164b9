package kernels

import (
	"runtime"
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
	ranges.run(t, ranged{n, t, f})
}

// ranged is a call of Parallel, in t tasks.
type ranged struct {
	n, t int
	f    func(lo, hi int)
}

var ranges = newLoop(func(r *ranged, i int) { r.f(r.n*i/r.t, r.n*(i+1)/r.t) })

// tasks calls f(0) .. f(n-1), each once, on up to Threads threads. Each thread begins with a contiguous range of its own, so that
// calls over the same data keep it in the same caches, and then helps the others.
func tasks(n int, f func(i int)) {
	t := min(Threads(), n)
	if t > 1 && pool.busy.CompareAndSwap(false, true) {
		defer pool.busy.Store(false)
		pool.job.reset(n, t, f)
		pool.run(&pool.job)
		return
	}
	for i := range n { // alone, or called within or beside another call, whose threads are enough
		f(i)
	}
}

// job is one call of tasks.
type job struct {
	f       func(i int)
	ranges  []taskRange // one for each thread
	done    atomic.Int64
	failure atomic.Pointer[any]
}

// taskRange is a range of tasks of which next is not handed out yet. It fills a cache line.
type taskRange struct {
	next atomic.Int64
	end  int64
	_    [48]byte
}

// reset prepares j, which nobody works on any more, for n tasks.
func (j *job) reset(n, threads int, f func(i int)) {
	if len(j.ranges) != threads {
		j.ranges = make([]taskRange, threads)
	}
	for w := range threads {
		j.ranges[w].next.Store(int64(n * w / threads))
		j.ranges[w].end = int64(n * (w + 1) / threads)
	}
	j.f = f
	j.done.Store(0)
	j.failure.Store(nil)
}

// work does the tasks of range w and then what is left of the others.
func (j *job) work(w int) {
	defer func() {
		if p := recover(); p != nil {
			failure := p // p itself must not escape: this runs at every call
			j.failure.CompareAndSwap(nil, &failure)
		}
	}()
	for k := range j.ranges {
		r := &j.ranges[(w+k)%len(j.ranges)]
		for i := r.next.Add(1) - 1; i < r.end; i = r.next.Add(1) - 1 {
			if j.failure.Load() != nil {
				return
			}
			j.f(int(i))
		}
	}
}
