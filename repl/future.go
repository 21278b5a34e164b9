package repl

import (
	"context"
	"errors"
)

// A future is a worker that is being started.
type future struct {
	done chan struct{}
	conn *connection
	err  error
}

func soon(start func() (*connection, error)) *future {
	f := &future{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.conn, f.err = start()
	}()
	return f
}

// wait returns the worker when it serves. The connection may be there beside an error.
func (f *future) wait(ctx context.Context) (*connection, error) {
	select {
	case <-f.done:
		return f.conn, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// awaitReady waits until the worker serves.
func (c *connection) awaitReady() error {
	select {
	case <-c.ready:
		return nil
	case <-c.gone:
		return errors.New("the worker ended at its start: " + deathError(c.state(), c.report).Msg)
	}
}
