package worker

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestGoroutinesBelongToTheCellThatStartedThem(t *testing.T) {
	cs := newCells()
	one, two := make(chan *running), make(chan *running)
	ask := make(chan bool)
	var wg sync.WaitGroup
	in := func(number uint64, answer chan *running) {
		wg.Go(func() {
			cs.begin(number)
			go func() { // as compiled code would start one
				for range ask {
					answer <- cs.mine()
				}
			}()
		})
		wg.Wait()
	}
	in(1, one)
	in(2, two)
	for range 10 {
		ask <- true
		select {
		case c := <-one:
			if c.number != 1 {
				t.Errorf("a goroutine of cell 1 belongs to %d", c.number)
			}
		case c := <-two:
			if c.number != 2 {
				t.Errorf("a goroutine of cell 2 belongs to %d", c.number)
			}
		}
	}
	close(ask)
	if c := cs.mine(); c.number != 2 {
		t.Errorf("an unknown goroutine belongs to %d, not the current cell", c.number)
	}
}

func TestCellsWithoutGoroutinesAreForgotten(t *testing.T) {
	cs := newCells()
	var wg sync.WaitGroup
	for i := range uint64(100) {
		wg.Go(func() { cs.begin(i + 1) })
		wg.Wait()
	}
	for deadline := time.Now().Add(time.Minute); ; runtime.GC() {
		cs.mu.RLock()
		n := len(cs.byLabel)
		cs.mu.RUnlock()
		if n < 10 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of 100 cells are remembered", n)
		}
	}
}

func TestGoroutinesAreToldApart(t *testing.T) {
	mine := goroutine()
	other := make(chan uintptr)
	go func() { other <- goroutine() }()
	if o := <-other; mine == 0 || o == 0 || o == mine || goroutine() != mine {
		t.Errorf("mine %d, other %d", mine, o)
	}
}
