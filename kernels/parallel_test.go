package kernels

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestParallelCoversOnce(t *testing.T) {
	defer SetThreads(0)
	for _, threads := range []int{0, 1, 2, 3, 8} {
		SetThreads(threads)
		for _, n := range []int{0, 1, 2, 7, 1000} {
			hits := make([]atomic.Int32, n)
			Parallel(n, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					hits[i].Add(1)
				}
			})
			for i := range hits {
				if h := hits[i].Load(); h != 1 {
					t.Fatalf("%d threads, n=%d: index %d was done %d times", threads, n, i, h)
				}
			}
		}
	}
}

func TestParallelNestedAndConcurrent(t *testing.T) {
	defer SetThreads(0)
	SetThreads(4)
	var total atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				Parallel(10, func(lo, hi int) {
					Parallel(hi-lo, func(lo, hi int) { total.Add(int64(hi - lo)) })
				})
			}
		})
	}
	wg.Wait()
	if got := total.Load(); got != 8*50*10 {
		t.Errorf("%d pieces of work done, want %d", got, 8*50*10)
	}
}

func TestParallelPanics(t *testing.T) {
	defer SetThreads(0)
	SetThreads(4)
	for range 20 {
		func() {
			defer func() {
				if p := recover(); p != "boom" {
					t.Errorf("recovered %v, want boom", p)
				}
			}()
			Parallel(100, func(lo, hi int) {
				if hi > 60 {
					panic("boom")
				}
			})
		}()
	}
	Parallel(4, func(lo, hi int) {}) // the pool works afterwards
}

// After a while without work the workers must not use the processor.
func TestPoolParks(t *testing.T) {
	defer SetThreads(0)
	SetThreads(4)
	Parallel(8, func(lo, hi int) {})
	deadline := time.Now().Add(time.Minute)
	for _, w := range pool.list {
		for !w.parked.Load() {
			if time.Now().After(deadline) {
				t.Fatal("a worker still spins")
			}
			runtime.Gosched()
		}
	}
	done := false
	Parallel(2, func(lo, hi int) { // it wakes again
		if lo == 0 {
			done = true
		}
	})
	if !done {
		t.Error("no work done after parking")
	}
}
