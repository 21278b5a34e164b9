package repl

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/groupnb/groupnb/internal/cell"
	"github.com/groupnb/groupnb/internal/symbols"
	"github.com/groupnb/groupnb/repl/display"
)

// Options say how a session runs. The zero value is good.
type Options struct {
	Dir         string        // working directory of the cells; default: this process's
	Env         []string      // added to the environment, "NAME=value"
	MemoryLimit int64         // bytes that cells may allocate; 0 for no limit
	MaxOutput   int64         // printed bytes of one cell that become events, the rest goes to a file; default 10 MB
	Grace       time.Duration // from an interrupt to the end of the process; default 2 s
	Command     []string      // program that calls Hook first, and arguments; default: this executable

	// Late receives what goroutines of a cell show after the cell has ended, one event at a time, from a goroutine of
	// the session. If it is nil, these events are those of the running or next cell.
	Late func(cell string, e Event)
}

const (
	defaultMaxOutput = 10 << 20
	defaultGrace     = 2 * time.Second
)

// A Session is a live Go session. Its methods are safe for concurrent use; cells run one at a time.
type Session struct {
	o    Options
	late *late

	running sync.Mutex // held by the method that uses the worker

	front   sync.Mutex // of what follows; lockFront takes it
	fe      *cell.FrontEnd
	pending *cellRun // the running cell, while fe does not have its declarations

	mu        sync.Mutex
	worker    *future            // the worker there is or will be
	interrupt context.CancelFunc // of the running cell
	count     int
	cells     uint64
	closed    bool
}

// ErrClosed is what a closed session answers.
var ErrClosed = errors.New("the session is closed")

// Start begins a session. Its worker starts in the background; ctx ends the attempt, not the session.
func Start(ctx context.Context, o Options) (*Session, error) {
	if o.MaxOutput == 0 {
		o.MaxOutput = defaultMaxOutput
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Session{o: o}
	s.late = newLate(o)
	c, err := connect(o, s.late.journal)
	if err != nil {
		return nil, err
	}
	s.worker = soon(func() (*connection, error) { return c, c.awaitReady() })
	s.fe = newFrontEnd() // while the worker starts
	return s, nil
}

func newFrontEnd() *cell.FrontEnd { return cell.New(symbols.Importer(), symbols.Packages()) }

// A Cell is source to execute.
type Cell struct {
	Source string
	Name   string // in positions; default In[n] where n is Result.Count
	Silent bool   // do not count it
	// Stdin answers the cell when it reads standard input; nil or an error means that there is none.
	Stdin func(prompt string, password bool) (string, error)
}

// A Result is what a cell came to.
type Result struct {
	Count int             // the number of this execution, from 1
	Value *display.Bundle // of its last expression; nil if there is nothing to show
}

// Interrupt asks the running cell, if any, to stop, as the end of its context does.
func (s *Session) Interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.interrupt != nil {
		s.interrupt()
	}
}

// Restart forgets everything and begins anew with a fresh worker.
func (s *Session) Restart(ctx context.Context) error {
	s.Interrupt()
	s.running.Lock()
	defer s.running.Unlock()
	s.mu.Lock()
	old, closed := s.worker, s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if c, _ := old.wait(context.Background()); c != nil {
		c.kill()
		<-c.gone
	}
	s.front.Lock()
	s.fe = newFrontEnd()
	s.front.Unlock()
	s.mu.Lock()
	s.count = 0
	s.worker = soon(s.fresh)
	w := s.worker
	s.mu.Unlock()
	_, err := w.wait(ctx)
	return err
}

// fresh starts a worker that knows nothing yet.
func (s *Session) fresh() (*connection, error) {
	c, err := connect(s.o, s.late.journal)
	if err != nil {
		return nil, err
	}
	return c, c.awaitReady()
}

// Close ends the session. When it returns, no process of it is left.
func (s *Session) Close() error {
	s.mu.Lock()
	w := s.worker
	s.closed = true
	s.mu.Unlock()
	if c, _ := w.wait(context.Background()); c != nil {
		c.kill()
		<-c.gone
	}
	s.late.close()
	return nil
}
