package repl

import (
	"sync"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// An execution is a cell in the worker.
type execution struct {
	number    uint64
	journal   *journal
	asks      chan wire.Reply
	installed chan struct{} // closed when the worker holds the declarations
	done      chan struct{} // closed when the worker has answered and all that the cell printed is in the journal
	answer    wire.Reply    // valid when done

	mu      sync.Mutex
	waiting int // for: the answer and the ends of two streams
}

func newExecution(number uint64, j *journal) *execution {
	return &execution{
		number: number, journal: j, waiting: 3,
		asks: make(chan wire.Reply, 1), installed: make(chan struct{}), done: make(chan struct{}),
	}
}

// part notes that one of the three things has come.
func (e *execution) part() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting--; e.waiting == 0 {
		close(e.done)
	}
}

// isInstalled tells whether the worker holds the declarations.
func (e *execution) isInstalled() bool {
	select {
	case <-e.installed:
		return true
	default:
		return false
	}
}
