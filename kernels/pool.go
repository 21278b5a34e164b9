package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Handing a piece of work to a goroutine that sleeps takes some 75 microseconds, longer than many kernels run. So the workers spin for
// a while after their last piece before they park.
const spinTime = 300 * time.Microsecond

// pool is the workers that help the goroutine which calls a kernel. One call at a time has them; others do their work alone.
var pool workers

type workers struct {
	busy atomic.Bool
	list []*worker // guarded by busy
	job  job       // likewise
}

// worker waits for jobs at its mailbox.
type worker struct {
	mail   atomic.Pointer[job]
	parked atomic.Bool
	wake   chan struct{}
	_      [40]byte // keep workers in different cache lines
}

// run does a job with as many workers as it has ranges, beside the caller.
func (p *workers) run(j *job) {
	helpers := len(j.ranges) - 1
	for len(p.list) < helpers {
		w := &worker{wake: make(chan struct{}, 1)}
		p.list = append(p.list, w)
		go w.loop(len(p.list))
	}
	for _, w := range p.list[:helpers] {
		w.mail.Store(j)
		if w.parked.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	j.work(0)
	started := helpers
	for _, w := range p.list[:helpers] {
		if w.mail.CompareAndSwap(j, nil) { // it has not begun, and nothing is left to do
			started--
		}
	}
	for spins := 0; j.done.Load() < int64(started); spins++ {
		if pause(); spins%1024 == 1023 {
			runtime.Gosched()
		}
	}
	j.f = nil // let go of what it holds
	if p := j.failure.Load(); p != nil {
		panic(*p)
	}
}

// loop does the jobs that come, as thread number id.
func (w *worker) loop(id int) {
	for {
		if j := w.next(); j != nil {
			j.work(id)
			j.done.Add(1)
		}
	}
}

// next waits for a job, spinning first. It may return nil after it was parked.
func (w *worker) next() *job {
	begin := time.Now()
	for spins := 1; ; spins++ {
		if w.mail.Load() != nil {
			return w.mail.Swap(nil)
		}
		if pause(); spins%64 == 0 && time.Since(begin) > spinTime {
			break
		}
	}
	w.parked.Store(true)
	if w.mail.Load() == nil || !w.parked.CompareAndSwap(true, false) {
		<-w.wake
	}
	return w.mail.Swap(nil)
}
