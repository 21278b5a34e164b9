package repl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/groupnb/groupnb/internal/cell"
	"github.com/groupnb/groupnb/internal/worker/wire"
)

// Execute runs a cell and returns when it has ended; emit, called from one goroutine and in order, receives what it
// shows meanwhile. The end of ctx interrupts the cell; if it does not stop within the grace time its process is ended.
//
// An error of type *CellError is the fault of the cell, and the session goes on. Any other error is not.
func (s *Session) Execute(ctx context.Context, c Cell, emit func(Event)) (Result, error) {
	s.running.Lock()
	defer s.running.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := s.admit(&c, cancel)
	if err != nil {
		return r, err
	}
	defer s.dismiss()
	conn, err := s.usable(ctx)
	if err != nil {
		return r, err
	}
	p, err := s.compile(c)
	if err != nil {
		return r, err
	}
	for _, n := range p.Notices {
		emit(Notice{n})
	}
	if p.Decls == "" && p.Entry == "" && p.Types == "" {
		s.commit(p)
		return r, nil
	}
	run := &cellRun{session: s, conn: conn, cell: c, program: p, emit: emit}
	r.Value, err = run.toEnd(ctx)
	return r, err
}

// admit counts the cell and makes it interruptible.
func (s *Session) admit(c *Cell, cancel context.CancelFunc) (Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Result{}, ErrClosed
	}
	s.interrupt = cancel
	if !c.Silent {
		s.count++
	}
	if c.Name == "" {
		c.Name = fmt.Sprintf("In[%d]", s.count)
	}
	return Result{Count: s.count}, nil
}

func (s *Session) dismiss() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupt = nil
}

const beforeCell = "the worker ended before this cell, which did not run: "

// usable returns the worker. If it ended since the last cell, this cell fails instead of working on lost variables.
func (s *Session) usable(ctx context.Context) (*connection, error) {
	s.mu.Lock()
	w := s.worker
	s.mu.Unlock()
	conn, err := w.wait(ctx)
	if ctx.Err() != nil {
		return nil, &CellError{Name: Interrupted, Msg: "interrupted before the worker had started"}
	} else if err != nil {
		s.replace()
		return nil, err
	}
	select {
	case <-conn.gone:
		e := deathError(conn.state(), conn.report)
		e.Msg = beforeCell + e.Msg
		e.LostVars = s.replace()
		return nil, e
	default:
		return conn, nil
	}
}

func (s *Session) compile(c Cell) (p *cell.Program, err error) {
	s.lockFront()
	defer s.front.Unlock()
	defer func() {
		if r := recover(); r != nil {
			// Compile changes nothing before Commit, so the session goes on as if the cell had been refused.
			err = &CellError{Name: CompileError, Cell: c.Name,
				Msg: fmt.Sprintf("a defect of groupnb keeps this cell from running, please report it: %v", r)}
		}
	}()
	p, err = s.fe.Compile(c.Name, c.Source)
	var errs cell.Errors
	if errors.As(err, &errs) && len(errs) > 0 {
		return nil, compileError(errs)
	}
	return p, err
}

// fault turns what the worker tells into an error of the cell, with positions.
func (s *Session) fault(f *wire.Fault) *CellError {
	s.lockFront()
	defer s.front.Unlock()
	return faultError(f).located(f, s.fe)
}

func (s *Session) commit(p *cell.Program) {
	s.front.Lock()
	defer s.front.Unlock()
	s.fe.Commit(p)
}

// lockFront takes the front end, up to date: with the declarations that the worker holds of the running cell.
func (s *Session) lockFront() {
	s.front.Lock()
	if r := s.pending; r != nil && r.conn.holds(r.exec.number) {
		s.fe.Commit(r.program)
		s.pending = nil
	}
}

// settle notes the declarations of the cell that ran, if the worker held them, and which cell runs next.
func (s *Session) settle(next *cellRun) {
	s.lockFront()
	defer s.front.Unlock()
	s.pending = next
}

// replace starts a fresh worker that gets the declarations again, and returns the names of the variables lost.
func (s *Session) replace() (lost []string) {
	s.lockFront()
	for _, v := range s.fe.Vars() {
		lost = append(lost, v.Name)
	}
	p := s.fe.Replay()
	s.front.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return lost
	}
	s.cells++
	number := s.cells
	s.worker = soon(func() (*connection, error) {
		conn, err := s.fresh()
		if err != nil {
			return conn, err
		}
		return conn, s.replay(conn, p, number)
	})
	return lost
}

// replay installs declarations in a fresh worker. If that fails they are forgotten, so that none is half there.
func (s *Session) replay(conn *connection, p *cell.Program, number uint64) error {
	e := newExecution(number, newJournal(s.o.MaxOutput))
	conn.begin(e, wire.Request{Name: p.Name, Types: p.Types, Decls: p.Decls, Entry: p.Entry})
	defer conn.leave()
	select {
	case <-e.done:
		if e.answer.Fault == nil {
			s.commit(p)
			return nil
		}
	case <-conn.gone:
	}
	s.front.Lock()
	s.fe = newFrontEnd()
	s.front.Unlock()
	select {
	case <-conn.gone:
		return errors.New("the fresh worker ended when it was given the session's declarations; they are forgotten")
	default:
		s.late.journal(number).add(Notice{"the session's declarations could not be restored and are forgotten: " + e.answer.Fault.Text})
		return nil
	}
}

// A cellRun is a cell on its way.
type cellRun struct {
	session *Session
	conn    *connection
	cell    Cell
	program *cell.Program
	emit    func(Event)

	exec    *execution
	flushed time.Time // when events were last given out
	killed  bool      // by us, after the grace time
}

// dump is how long the Go runtime gets to print its goroutines before the process is ended.
const dump = 300 * time.Millisecond

func (r *cellRun) flush(end bool) {
	r.flushed = time.Now()
	for _, e := range r.exec.journal.take(end) {
		r.emit(e)
	}
}
