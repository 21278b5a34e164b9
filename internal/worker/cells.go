package worker

import (
	"context"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/groupnb/groupnb/internal/worker/wire"
	"github.com/groupnb/groupnb/repl/display"
)

// A running is a cell: the one that runs, or an earlier one whose goroutines may live on.
type running struct {
	number  uint64
	label   uintptr // of its goroutines
	ctx     context.Context
	cancel  context.CancelFunc
	ended   chan struct{}  // closed when its entry function has ended
	main    atomic.Uintptr // the goroutine that runs it
	leaving atomic.Bool    // that goroutine has been stopped and runs deferred calls

	result atomic.Pointer[display.Bundle]

	mu    sync.Mutex  // of what follows
	runs  bool        // its entry function is called
	over  bool        // as ended tells: it cannot be stopped any more, or code of the next cell would be
	fault *wire.Fault // what stopped it
}

// isOver tells whether only goroutines of the cell may still run.
func (c *running) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// isMain tells whether the calling goroutine, which belongs to the cell, is the one that runs it.
func (c *running) isMain() bool { return !c.isOver() && c.main.Load() == goroutine() }

// stop notes why the cell is stopped and, if it runs already, stops it by how; false if it is over or stopped already.
func (c *running) stop(why *wire.Fault, how func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.fault != nil {
		return false
	}
	c.fault = why
	if c.runs {
		how()
	}
	return true
}

// stopped returns what stopped the cell, nil if nothing did.
func (c *running) stopped() *wire.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fault
}

// enter says that the entry function is about to run; false if the cell was stopped before.
func (c *running) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs = c.fault == nil
	return c.runs
}

// endsWithin waits for the end of the entry function and reports whether it came in time.
func (c *running) endsWithin(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c.ended:
		return true
	case <-t.C:
		return false
	}
}

// end says that the entry function has ended.
func (c *running) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	close(c.ended)
}

// cells knows to which cell each goroutine belongs. Goroutines inherit the profiler labels of the one that starts them,
// so a label set where a cell begins marks all that it starts, through compiled code too.
type cells struct {
	current atomic.Pointer[running]
	mu      sync.RWMutex
	byLabel map[uintptr]*running
}

func newCells() *cells {
	cs := &cells{byLabel: map[uintptr]*running{}}
	cs.current.Store(newRunning(0))
	return cs
}

func newRunning(number uint64) *running {
	c := &running{number: number, ended: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// begin makes a new cell current, and the calling goroutine and those it will start part of it.
func (cs *cells) begin(number uint64) *running {
	c := newRunning(number)
	labels := pprof.WithLabels(context.Background(), pprof.Labels("cell", strconv.FormatUint(number, 10)))
	pprof.SetGoroutineLabels(labels)
	label := profLabel()
	c.label = uintptr(label)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.current.Store(c)
	cs.byLabel[c.label] = c
	// When no goroutine carries the label any more, the cell can be forgotten.
	runtime.AddCleanup((*[1]byte)(label), cs.forget, forgotten{uintptr(label), number})
	return c
}

type forgotten struct {
	label  uintptr
	number uint64
}

func (cs *cells) forget(f forgotten) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c := cs.byLabel[f.label]; c != nil && c.number == f.number {
		delete(cs.byLabel, f.label)
	}
}

// mine returns the cell that the calling goroutine belongs to; the current one if it cannot be told.
func (cs *cells) mine() *running {
	label, now := uintptr(profLabel()), cs.now()
	if now.label == label {
		return now
	}
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	if c := cs.byLabel[label]; c != nil {
		return c
	}
	return now
}

func (cs *cells) now() *running { return cs.current.Load() }
