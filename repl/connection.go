package repl

import (
	"os"
	"sync"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// A connection turns what a worker sends into events of the cells they belong to.
type connection struct {
	*process
	journalOf func(cell uint64) *journal // for what belongs to no running cell
	ready     chan struct{}              // closed when the worker serves
	gone      chan struct{}              // closed when it has ended and all it sent is in the journals
	report    string                     // of the Go runtime, valid when gone

	mu      sync.Mutex
	current *execution
	last    uint64 // number of the cell that runs or has run last

	out, errs *tap
	// Under the lock of out: replies whose marker has not come, and the number of the one that a marker waits for.
	placed  map[uint64]wire.Reply
	missing uint64

	crash   crashText      // under the lock of errs
	streams [2]wire.Marker // what standard output and standard error carry now, each under the lock of its tap
}

func connect(o Options, journalOf func(cell uint64) *journal) (*connection, error) {
	p, err := startProcess(o)
	if err != nil {
		return nil, err
	}
	c := &connection{
		process: p, journalOf: journalOf, placed: map[uint64]wire.Reply{},
		ready: make(chan struct{}), gone: make(chan struct{}),
		streams: [2]wire.Marker{{Kind: wire.Stdout}, {Kind: wire.Stderr}},
	}
	c.out = newTap(p.printed[0], wire.Splitter{Key: p.key, Text: func(b []byte) { c.print(0, b) }, Mark: c.markOut})
	c.errs = newTap(p.printed[1], wire.Splitter{Key: p.key, Text: func(b []byte) { c.print(1, c.crash.take(b)) }, Mark: c.markErr})
	go c.run()
	return c, nil
}

// run serves the worker until it has ended.
func (c *connection) run() {
	c.serve(c.reply, c.out, c.errs)
	c.report = string(c.crash.release())
	close(c.gone)
}

func (c *connection) state() *os.ProcessState { return c.cmd.ProcessState }

// begin makes e the running cell and sends its program.
func (c *connection) begin(e *execution, q wire.Request) {
	c.mu.Lock()
	c.current, c.last = e, e.number
	c.mu.Unlock()
	q.Op, q.Cell = wire.Run, e.number
	c.send(q) // if it cannot be sent, the worker is gone and that tells
}

// leave says that the running cell is over.
func (c *connection) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = nil
}

// running returns the execution of a cell, nil if it does not run.
func (c *connection) running(cell uint64) *execution {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil && c.current.number == cell {
		return c.current
	}
	return nil
}

func (c *connection) journal(cell uint64) *journal {
	if e := c.running(cell); e != nil {
		return e.journal
	}
	return c.journalOf(cell)
}

func (c *connection) print(descriptor int, b []byte) {
	if len(b) == 0 {
		return
	}
	m := c.streams[descriptor]
	if m.N == 0 {
		c.mu.Lock()
		m.N = c.last
		c.mu.Unlock()
	}
	name := "stdout"
	if m.Kind == wire.Stderr {
		name = "stderr"
	}
	c.journal(m.N).print(name, b)
}

// markOut takes a marker among the printed bytes; false if the reply that belongs there has not arrived yet.
func (c *connection) markOut(m wire.Marker) bool {
	if m.Kind != wire.Message {
		c.streams[0] = m
		return true
	}
	r, ok := c.placed[m.N]
	if !ok {
		c.missing = m.N
		return false
	}
	delete(c.placed, m.N)
	c.place(r)
	return true
}

func (c *connection) markErr(m wire.Marker) bool {
	c.streams[1] = m
	return true
}

// reply takes a message. One with a place waits for its marker among the printed bytes, or the marker for it.
func (c *connection) reply(r wire.Reply) {
	switch r.Op {
	case wire.Ready:
		close(c.ready)
	case wire.Done:
		c.finish(r)
	default:
		c.out.mu.Lock()
		defer c.out.mu.Unlock()
		if c.missing != r.Seq {
			c.placed[r.Seq] = r
			return
		}
		c.missing = 0
		c.place(r)
		c.out.split.Resume()
	}
}

// finish ends a cell. All that it printed is in the pipes.
func (c *connection) finish(r wire.Reply) {
	c.out.drain()
	c.errs.drain()
	c.errs.mu.Lock()
	c.print(1, c.crash.release()) // it was no crash: the worker lives
	c.errs.mu.Unlock()
	if e := c.running(r.Cell); e != nil {
		e.answer = r
		close(e.done)
	}
}

func (c *connection) place(r wire.Reply) {
	switch r.Op {
	case wire.Show:
		if r.Bundle != nil {
			c.journal(r.Cell).add(Display{Bundle: *r.Bundle, ID: r.ID, Update: r.Update})
		}
	case wire.Clear:
		c.journal(r.Cell).add(Clear{Wait: r.Wait})
	case wire.Notice:
		c.journal(r.Cell).add(Notice{Text: r.Text})
	case wire.Ask:
		if e := c.running(r.Cell); e != nil {
			select {
			case e.asks <- r:
			default:
			}
		} else {
			c.send(wire.Request{Op: wire.Input, Cell: r.Cell, EOF: true})
		}
	}
}
