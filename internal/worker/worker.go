package worker

import (
	"bufio"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/groupnb/groupnb/internal/nowait"
	"github.com/groupnb/groupnb/internal/worker/wire"
	"github.com/groupnb/groupnb/repl/display"
)

const (
	requestsFD  = 3
	repliesFD   = 4
	installedFD = 5
	urgentFD    = 6

	maxStack = 64 << 20 // a runaway recursion ends in a fraction of a second and some 150 MB

	// slack is memory never touched, which the collector counts: while the heap is small, it need not run as often,
	// and a large heap grows no more for it.
	slack = 32 << 20
)

// worker is the process.
type worker struct {
	requests *bufio.Reader
	urgent   *bufio.Reader
	sendMu   sync.Mutex
	replies  *nowait.Stream
	seq      atomic.Uint64 // of markers for messages

	out    *output
	input  *input
	cells  *cells
	interp *interpreter

	interrupted atomic.Uint64 // the last cell to interrupt; it may not have begun
}

// Main serves requests until the session goes.
func Main() {
	w := &worker{
		requests: bufio.NewReader(sessionPipe(requestsFD, "requests")),
		replies:  sessionPipe(repliesFD, "replies"),
		urgent:   bufio.NewReader(sessionPipe(urgentFD, "urgent requests")),
		cells:    newCells(),
	}
	os.Unsetenv(wire.Variable) // a program that a cell starts is no worker
	for _, fd := range []int{requestsFD, repliesFD, installedFD, urgentFD} {
		syscall.CloseOnExec(fd)
	}
	syscall.SetNonblock(installedFD, true)
	debug.SetMaxStack(maxStack)
	defer runtime.KeepAlive(make([]byte, slack))
	dieWithSession()
	go w.serveUrgent()
	go w.serveRequests()
	select {}
}

// sessionPipe is a pipe to or from the session.
func sessionPipe(fd int, name string) *nowait.Stream {
	syscall.SetNonblock(fd, true)
	s, err := nowait.NewStream(os.NewFile(uintptr(fd), name))
	if err != nil {
		killGroup()
	}
	return s
}

// serveRequests reads requests and runs cells, all on one goroutine: its stack has grown by the first cell and serves
// the others. A cell may end the goroutine, and then another goes on.
func (w *worker) serveRequests() {
	defer func() { go w.serveRequests() }()
	for {
		switch q := receive(w.requests); q.Op {
		case wire.Init:
			w.init(q)
		case wire.Run:
			w.run(q)
		}
	}
}

// serveUrgent serves what a cell that runs must not hold up.
func (w *worker) serveUrgent() {
	for {
		switch q := receive(w.urgent); q.Op {
		case wire.Interrupt:
			w.interrupted.Store(q.Cell)
			w.interrupt(q.Cell)
		case wire.Input:
			w.answer(q)
		}
	}
}

// receive reads a request. Without a session there is nothing left to do.
func receive(r *bufio.Reader) (q wire.Request) {
	if err := wire.Read(r, &q); err != nil {
		killGroup()
	}
	return q
}

func (w *worker) answer(q wire.Request) {
	if q.Cell != w.cells.now().number {
		return // the answer to a question of a cell that is over
	}
	select {
	case w.input.lines <- q:
	default: // nobody asked
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
