package worker

import (
	"time"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// run executes a program in a goroutine of its own.
func (w *worker) run(c *running, q wire.Request) {
	w.out.begin(q.Cell)
	fault := w.execute(c, q)
	c.end()
	w.interp.stopping.Wait()
	if why := c.stopped(); why != nil {
		fault = why
	}
	w.out.end(q.Cell)
	w.send(wire.Reply{Op: wire.Done, Cell: q.Cell, Bundle: c.result.Load(), Fault: fault})
}

func (w *worker) execute(c *running, q wire.Request) *wire.Fault {
	program, fault := w.interp.install(q.Types, q.Decls, q.Entry)
	if fault != nil {
		return fault
	}
	w.send(wire.Reply{Op: wire.Installed, Cell: q.Cell})
	if program == nil {
		return nil
	}
	return w.interp.call(c, program)
}

func (w *worker) interrupt(number uint64) {
	if c := w.cells.now(); c.number == number {
		w.stop(c, &wire.Fault{Kind: "interrupted", Text: "interrupted"})
	}
}

// stop ends a cell: compiled code that polls its context, sleeps and, by the interpreter, interpreted code.
func (w *worker) stop(c *running, why *wire.Fault) {
	if c.stop(why, func() { w.interp.stop(c) }) {
		c.cancel()
	}
}

// sleep is time.Sleep for cells: stopping the cell ends it, but not that of another goroutine.
func (w *worker) sleep(d time.Duration) {
	c := w.cells.mine()
	if !c.isMain() {
		time.Sleep(d)
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	}
}
