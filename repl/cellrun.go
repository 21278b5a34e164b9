package repl

import (
	"context"
	"fmt"
	"time"

	"github.com/groupnb/groupnb/internal/worker/wire"
	"github.com/groupnb/groupnb/repl/display"
)

// toEnd runs the cell and returns when it or its worker has ended.
func (r *cellRun) toEnd(ctx context.Context) (*display.Bundle, error) {
	r.start()
	r.exec.journal.drain(true)
	defer r.exec.journal.drain(false)
	defer r.session.late.end()
	defer r.conn.leave()
	var flush, deadline <-chan time.Time
	stop := ctx.Done()
	for {
		select {
		case <-r.exec.journal.ready:
			if flush == nil {
				flush = time.After(r.pause())
			}
		case <-r.exec.journal.full:
			r.flush(false)
		case <-flush:
			flush = nil
			r.flush(false)
		case ask := <-r.exec.asks:
			r.flush(false) // the prompt may be printed text
			go r.answer(ask)
		case <-stop:
			stop = nil
			r.conn.send(wire.Request{Op: wire.Interrupt, Cell: r.exec.number})
			deadline = time.After(r.session.o.Grace)
		case <-deadline:
			deadline = r.end()
		case <-r.exec.done:
			r.session.settle(nil)
			r.flush(true)
			return r.result()
		case <-r.conn.gone:
			r.session.settle(nil)
			r.flush(true)
			return nil, r.death()
		}
	}
}

// pause is how long what gathers now shall wait for more.
func (r *cellRun) pause() time.Duration {
	if time.Since(r.flushed) > 2*interval {
		return moment
	}
	return interval
}

func (r *cellRun) start() {
	s := r.session
	s.mu.Lock()
	s.cells++
	number := s.cells
	s.mu.Unlock()
	r.exec = newExecution(number, s.late.begin(number, r.cell.Name))
	s.settle(r)
	p := r.program
	r.conn.begin(r.exec, wire.Request{Name: p.Name, Types: p.Types, Decls: p.Decls, Entry: p.Entry})
}

// end goes one step down the ladder: first the worker prints what it is doing, then it is ended.
func (r *cellRun) end() (next <-chan time.Time) {
	if !r.killed {
		r.killed = true
		r.conn.quit()
		return time.After(dump)
	}
	r.conn.kill()
	return nil
}

func (r *cellRun) answer(ask wire.Reply) {
	q := wire.Request{Op: wire.Input, Cell: ask.Cell, EOF: true}
	if r.cell.Stdin != nil {
		if text, err := r.cell.Stdin(ask.Text, ask.Password); err == nil {
			q.Text, q.EOF = text, false
		}
	}
	r.conn.send(q)
}

func (r *cellRun) result() (*display.Bundle, error) {
	a := r.exec.answer
	if a.Fault != nil {
		return nil, r.session.fault(a.Fault)
	}
	return a.Bundle, nil
}

// death explains the end of the worker and starts another.
func (r *cellRun) death() error {
	e := deathError(r.conn.state(), r.conn.report)
	if r.killed {
		e.Name = Killed
		e.Msg = fmt.Sprintf("the cell did not stop within %v of the interrupt and its process was ended%s", r.session.o.Grace, stuckIn(r.conn.report))
	}
	if !r.conn.holds(r.exec.number) {
		e.Msg = beforeCell + e.Msg
	}
	e.LostVars = r.session.replace()
	return e
}
