package repl

import "github.com/groupnb/groupnb/internal/worker/wire"

// An execution is a cell in the worker.
type execution struct {
	number  uint64
	journal *journal
	asks    chan wire.Reply
	done    chan struct{} // closed when the worker has answered and all that the cell printed is in the journal
	answer  wire.Reply    // valid when done
}

func newExecution(number uint64, j *journal) *execution {
	return &execution{number: number, journal: j, asks: make(chan wire.Reply, 1), done: make(chan struct{})}
}
