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
	arrived *sync.Cond
	placed  map[uint64]wire.Reply // replies whose marker has not come
	ended   bool
	current *execution

	crash   crashText
	streams [2]wire.Marker // what standard output and standard error carry now
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
	c.arrived = sync.NewCond(&c.mu)
	go c.run()
	return c, nil
}

// run serves the worker until it has ended.
func (c *connection) run() {
	out := &wire.Splitter{Key: c.key, Text: func(b []byte) { c.print(0, b) }, Mark: c.markOut}
	errs := &wire.Splitter{Key: c.key, Text: func(b []byte) { c.print(1, c.crash.take(b)) }, Mark: c.markErr}
	c.serve(c.reply, func(fd int, b []byte) {
		if fd == 1 {
			out.Write(b)
		} else {
			errs.Write(b)
		}
	}, c.end)
	out.Flush()
	errs.Flush()
	c.report = string(c.crash.release())
	close(c.gone)
}

func (c *connection) state() *os.ProcessState { return c.cmd.ProcessState }

// begin makes e the running cell and sends its program.
func (c *connection) begin(e *execution, q wire.Request) {
	c.mu.Lock()
	c.current = e
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
	name := "stdout"
	if c.streams[descriptor].Kind == wire.Stderr {
		name = "stderr"
	}
	c.journal(c.streams[descriptor].N).print(name, b)
}

func (c *connection) markOut(m wire.Marker) {
	switch m.Kind {
	case wire.Stdout, wire.Stderr:
		c.streams[0] = m
	case wire.Message:
		if r, ok := c.wait(m.N); ok {
			c.place(r)
		}
	case wire.End:
		if e := c.running(m.N); e != nil {
			e.part()
		}
	}
}

func (c *connection) markErr(m wire.Marker) {
	switch m.Kind {
	case wire.Stderr:
		c.streams[1] = m
	case wire.End:
		c.print(1, c.crash.release())
		if e := c.running(m.N); e != nil {
			e.part()
		}
	}
}

// reply takes a message. One with a place waits for its marker among the printed bytes.
func (c *connection) reply(r wire.Reply) {
	switch r.Op {
	case wire.Ready:
		close(c.ready)
	case wire.Installed:
		if e := c.running(r.Cell); e != nil {
			close(e.installed)
		}
	case wire.Done:
		if e := c.running(r.Cell); e != nil {
			e.answer = r
			e.part()
		}
	default:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.placed[r.Seq] = r
		c.arrived.Broadcast()
	}
}

func (c *connection) wait(seq uint64) (r wire.Reply, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if r, ok = c.placed[seq]; ok || c.ended {
			delete(c.placed, seq)
			return r, ok
		}
		c.arrived.Wait()
	}
}

func (c *connection) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.arrived.Broadcast()
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
