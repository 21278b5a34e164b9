package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/groupnb/groupnb/internal/runner"
)

// stoppable returns a context that the first SIGINT, SIGTERM or SIGHUP ends, with a *runner.Stop as its cause, and a
// channel that the second one closes: then nobody waits any more.
func stoppable(parent context.Context) (ctx context.Context, kill <-chan struct{}, done func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	killed, quit := make(chan struct{}), make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			cancel(stopFor(s))
			if s == os.Interrupt && isTerminal(os.Stderr) {
				fmt.Fprint(os.Stderr, "\r\x1b[Kgroupnb: interrupting; Ctrl-C again to kill\n")
			}
		case <-quit:
			return
		}
		select {
		case <-signals:
			close(killed)
		case <-quit:
		}
	}()
	return ctx, killed, func() {
		signal.Stop(signals)
		close(quit)
		cancel(nil)
	}
}

func stopFor(s os.Signal) *runner.Stop {
	if s == os.Interrupt {
		return runner.Interrupted
	}
	return runner.Terminated
}
