package worker

import (
	"encoding/binary"
	"runtime"
	"time"

	"github.com/groupnb/groupnb/internal/nowait"
	"github.com/groupnb/groupnb/internal/worker/wire"
)

// run executes a program and answers, even if the program ends the goroutine.
func (w *worker) run(q wire.Request) {
	c := w.cells.begin(q.Cell)
	if w.interrupted.Load() == q.Cell {
		w.interrupt(q.Cell) // which came first
	}
	fault := &wire.Fault{Kind: "goexit", Text: "runtime.Goexit ended the cell"}
	defer func() { w.finish(c, fault) }()
	fault = w.execute(c, q)
}

func (w *worker) finish(c *running, fault *wire.Fault) {
	runtime.UnlockOSThread() // which the cell may have forgotten
	c.end()
	w.interp.stopping.Wait()
	if why := c.stopped(); why != nil {
		fault = why
	}
	w.out.restore()
	w.send(wire.Reply{Op: wire.Done, Cell: c.number, Bundle: c.result.Load(), Fault: fault})
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
	nowait.Write(installedFD, binary.BigEndian.AppendUint64(nil, cell))
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
