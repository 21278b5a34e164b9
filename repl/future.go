package repl

import (
	"context"
	"fmt"
	"time"
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

// startTimeout is far more than a worker ever needs to start.
const startTimeout = 30 * time.Second

// awaitReady waits until the worker serves.
func (c *connection) awaitReady() error {
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case <-c.ready:
		return nil
	case <-c.gone:
		return fmt.Errorf("the worker ended at its start (%s); does main call repl.Hook first?", deathError(c.state(), c.report).Msg)
	case <-timeout.C:
		c.kill()
		<-c.gone
		return fmt.Errorf("the worker did not serve within %v of its start; does main call repl.Hook first?", startTimeout)
	}
}
