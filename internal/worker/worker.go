package worker

import (
	"bufio"
	"errors"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/groupnb/groupnb/internal/worker/wire"
	"github.com/groupnb/groupnb/repl/display"
)

const (
	requestsFD  = 3
	repliesFD   = 4
	installedFD = 5
	maxStack    = 64 << 20 // a runaway recursion ends in a fraction of a second and some 150 MB
)

// worker is the process.
type worker struct {
	requests *os.File
	sendMu   sync.Mutex
	replies  *os.File
	seq      atomic.Uint64 // of markers for messages

	out    *output
	input  *input
	cells  *cells
	interp *interpreter
	runs   chan run // one at a time
}

// Main serves requests until the session goes.
func Main() {
	syscall.SetNonblock(requestsFD, true) // so that waiting for requests takes no thread
	w := &worker{
		requests: os.NewFile(requestsFD, "requests"),
		replies:  os.NewFile(repliesFD, "replies"),
		cells:    newCells(),
		runs:     make(chan run, 1),
	}
	os.Unsetenv(wire.Variable) // a program that a cell starts is no worker
	for _, fd := range []int{requestsFD, repliesFD, installedFD} {
		syscall.CloseOnExec(fd)
	}
	syscall.SetNonblock(installedFD, true)
	debug.SetMaxStack(maxStack)
	dieWithSession()
	go w.runAll()
	r := bufio.NewReader(w.requests)
	for {
		var q wire.Request
		if err := wire.Read(r, &q); err != nil {
			killGroup()
		}
		w.serve(q)
	}
}

func (w *worker) serve(q wire.Request) {
	switch q.Op {
	case wire.Init:
		w.init(q)
	case wire.Run:
		c, mark := w.cells.begin(q.Cell)
		w.runs <- run{c, mark, q}
	case wire.Interrupt:
		w.interrupt(q.Cell)
	case wire.Input:
		if q.Cell != w.cells.now().number {
			return // the answer to a question of a cell that is over
		}
		select {
		case w.input.lines <- q:
		default: // nobody asked
		}
	}
}

func (w *worker) init(q wire.Request) {
	if q.MemoryLimit > 0 {
		limitMemory(q.MemoryLimit)
	}
	w.out = newOutput(q.Key, w.cells)
	w.input = &input{ask: w.ask, lines: make(chan wire.Request, 1)}
	display.SetHost(host{w})
	w.installSupport()
	w.interp = newInterpreter(w)
	w.send(wire.Reply{Op: wire.Ready})
}

// send writes a reply; instead of a bundle that cannot be sent, the reason. A session that does not listen any more is
// gone.
func (w *worker) send(r wire.Reply) {
	w.sendMu.Lock()
	defer w.sendMu.Unlock()
	err := wire.Write(w.replies, &r)
	var bad *wire.Unsendable
	if errors.As(err, &bad) && r.Bundle != nil {
		b := display.NewText("this cannot be shown: " + bad.Reason)
		r.Bundle = &b
		err = wire.Write(w.replies, &r)
	}
	if err != nil {
		killGroup()
	}
}

// place sends a reply whose place among the printed bytes matters.
func (w *worker) place(r wire.Reply) {
	r.Seq = w.seq.Add(1)
	r.Cell = w.cells.mine().number
	w.send(r)
	w.out.mark(wire.Marker{Kind: wire.Message, N: r.Seq})
}
