//go:build unix && !linux

package repl

// A waiter waits until a pipe can be read, in the system: the scheduler does not know.
type waiter struct{ pipe int }

func newWaiter(pipe int) (*waiter, error) { return &waiter{pipe}, nil }

// wait returns when there is something to read, or the end.
func (w *waiter) wait() { poll(w.pipe) }

func (w *waiter) close() {}
