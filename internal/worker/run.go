package worker

import (
	"encoding/binary"
	"syscall"
	"time"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// A run is a cell to execute.
type run struct {
	cell *running
	mark func() // makes the calling goroutine part of it
	q    wire.Request
}

// runAll executes programs one after another, on one goroutine: its stack has grown by the first and serves the others.
func (w *worker) runAll() {
	for r := range w.runs {
		r.mark()
		w.run(r.cell, r.q)
	}
}

func (w *worker) run(c *running, q wire.Request) {
	fault := w.execute(c, q)
	c.end()
	w.interp.stopping.Wait()
	if why := c.stopped(); why != nil {
		fault = why
	}
	w.out.restore()
	w.send(wire.Reply{Op: wire.Done, Cell: q.Cell, Bundle: c.result.Load(), Fault: fault})
}

func (w *worker) execute(c *running, q wire.Request) *wire.Fault {
	program, fault := w.interp.install(q.Types, q.Decls, q.Entry)
	if fault != nil {
		return fault
	}
	tellInstalled(q.Cell)
	if program == nil {
		return nil
	}
	return w.interp.call(c, program)
}

// tellInstalled leaves word that the declarations of a cell are held, for a session that outlives this process.
func tellInstalled(cell uint64) {
	syscall.Write(installedFD, binary.BigEndian.AppendUint64(nil, cell))
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
