// Package runner executes notebooks and records what they show.
//
//	res := runner.Run(ctx, "train.ipynb", nb, runner.Options{
//		Start: func(ctx context.Context) (runner.Session, error) { return repl.Start(ctx, repl.Options{}) },
//		Save:  func(nb *notebook.Notebook) error { return nb.WriteFile("out.ipynb") },
//	})
//
// Whatever stops a run - a failing cell, a time limit, a signal, a dead worker - the outputs so far are saved, the
// cell that was interrupted says so, cells that were not run have neither count nor outputs, and no process stays.
// Source cells are never changed. The package prints nothing: what happens is told to Options.Observe, and what it
// looks like is the business of package report.
package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/repl"
)

// A Session runs cells; repl.Session is one. When ctx is done, Execute interrupts the cell, kills what doesn't stop
// soon, and returns. Close may be called while Execute runs.
type Session interface {
	Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error)
	Close() error
}

// Options say how a notebook is run. Only Start is needed.
type Options struct {
	Start       func(ctx context.Context) (Session, error)
	Save        func(*notebook.Notebook) error // called after cells, at most once a second, and at the end
	Observe     func(Event)                    // called from one goroutine at a time
	Kill        <-chan struct{}                // closed: don't wait for the cell to react to an interrupt
	Timeout     time.Duration                  // of the whole notebook; 0 is none
	CellTimeout time.Duration                  // of each cell; 0 is none
	KeepGoing   bool                           // run the cells after a failing one
	Until       int                            // the number of the last cell to run; 0 runs all
	Short       bool                           // leave out cells tagged slow
	Compare     *Rules                         // compare the outputs with those that the notebook had; nil doesn't
}

// Run executes the code cells of nb, which it changes, in order. path only names the notebook in events.
// ctx done stops it; context.Cause(ctx) should be a *Stop that says why.
func Run(ctx context.Context, path string, nb *notebook.Notebook, o Options) Result {
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, timeout("notebook", o.Timeout))
		defer cancel()
	}
	r := &run{Options: o, path: path, nb: nb, recorder: NewRecorder(), saver: saver{save: o.Save, nb: nb}, began: time.Now()}
	r.plan()
	r.tell(Started{Path: path, Cells: len(r.steps)})
	r.execute(ctx)
	r.finish()
	return r.result
}

// A run is one execution of one notebook.
type run struct {
	Options
	path     string
	nb       *notebook.Notebook
	steps    []step
	recorder *Recorder
	saver    saver
	began    time.Time
	result   Result
}

func (r *run) execute(ctx context.Context) {
	s, err := r.Start(ctx)
	if err != nil {
		r.result.abort(ctx, fmt.Errorf("start a Go session: %w", err))
		return
	}
	defer func() {
		if err := s.Close(); err != nil && r.result.Err == nil {
			r.result.Err = fmt.Errorf("close the Go session: %w", err)
		}
	}()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-r.Kill:
			s.Close()
		case <-done:
		}
	}()
	for _, step := range r.steps {
		if ctx.Err() != nil {
			r.result.abort(ctx, ctx.Err())
			return
		}
		if goOn := r.step(ctx, s, step); !goOn {
			return
		}
	}
}

// step runs one cell and reports whether to go on with the next.
func (r *run) step(ctx context.Context, s Session, st step) bool {
	cellCtx, cancel := ctx, context.CancelFunc(func() {})
	if r.CellTimeout > 0 {
		cellCtx, cancel = context.WithTimeoutCause(ctx, r.CellTimeout, timeout("cell", r.CellTimeout))
	}
	defer cancel()
	r.tell(CellStarted{Path: r.path, Number: st.number, Of: r.result.Cells, Title: st.title})
	r.recorder.Begin(st.cell)
	start := time.Now()
	res, err := s.Execute(cellCtx, repl.Cell{Source: st.cell.Source}, func(e repl.Event) {
		r.recorder.Record(e)
		r.tell(CellOutput{Path: r.path, Number: st.number, Event: e})
		r.saver.during(r.recorder)
	})
	st.cell.Count = res.Count
	if st.cell.Count == 0 {
		st.cell.Count = r.result.Run + 1
	}
	r.result.Run++
	r.recorder.Result(res)
	failure := r.judge(cellCtx, st, err)
	var differences []Difference
	if failure == nil {
		differences = r.compare(st)
		r.result.Differences = append(r.result.Differences, differences...)
	}
	r.saver.after(r.recorder)
	r.tell(CellDone{Path: r.path, Number: st.number, Title: st.title, Elapsed: time.Since(start), Value: res.Value,
		Failure: failure, Differences: differences})
	if failure == nil {
		return true
	}
	r.result.Failures = append(r.result.Failures, *failure)
	if stop := failure.Stop; stop != nil && (stop.What != "cell" || !r.KeepGoing) {
		r.result.Stop = stop
		return false
	}
	return r.KeepGoing && r.result.Err == nil
}

// judge turns the error of a cell into a Failure and records it as the cell's last output.
func (r *run) judge(ctx context.Context, st step, err error) *Failure {
	var cellErr *repl.CellError
	isCell := errors.As(err, &cellErr)
	if err == nil && st.mayFail() {
		err = ErrNoFailure
	} else if err == nil {
		return nil
	}
	f := &Failure{Number: st.number, Of: r.result.Cells, Index: st.index, Title: st.title, Count: st.cell.Count, Source: st.cell.Source, Err: err}
	if errors.Is(err, ErrNoFailure) {
		return f
	}
	if isCell && ctx.Err() == nil && st.mayFail() {
		r.recorder.Error(cellErr.Name, cellErr.Msg, cellErr.Traceback)
		return nil
	}
	if ctx.Err() != nil {
		f.Stop = stopOf(ctx)
		r.recorder.Error(f.Stop.Name, f.Stop.Error(), nil)
	} else if isCell {
		f.Cell = cellErr
		r.recorder.Error(cellErr.Name, cellErr.Msg, cellErr.Traceback)
	} else {
		r.result.Err = fmt.Errorf("cell %d: %w", st.number, err)
		r.recorder.Error("session", err.Error(), nil)
	}
	r.recorder.Settle()
	f.Output = lastLines(st.cell, 10)
	return f
}

// compare sets the outputs of a cell against the stored ones, unless the cell was stored without having run.
func (r *run) compare(st step) []Difference {
	if r.Compare == nil || st.stored.Count == 0 || st.cell.HasTag(ignoreOutput...) {
		return nil
	}
	r.recorder.Settle()
	found := r.Compare.Compare(st.stored.Outputs, st.cell.Outputs)
	for i := range found {
		found[i].Number, found[i].Of, found[i].Index = st.number, r.result.Cells, st.index
	}
	return found
}

func (r *run) finish() {
	if err := r.saver.final(r.recorder); err != nil && r.result.Err == nil {
		r.result.Err, r.result.Unsaved = fmt.Errorf("save: %w", err), true
	}
	r.result.Elapsed = time.Since(r.began)
	r.tell(Finished{Result: r.result})
}

func (r *run) tell(e Event) {
	if r.Observe != nil {
		r.Observe(e)
	}
}

// lastLines returns the end of what the cell printed.
func lastLines(c *notebook.Cell, n int) []string {
	var text strings.Builder
	for _, out := range c.Outputs {
		text.WriteString(out.Text)
	}
	trimmed := strings.TrimRight(text.String(), "\n")
	if trimmed == "" {
		return nil
	}
	lines := strings.Split(trimmed, "\n")
	return lines[max(0, len(lines)-n):]
}
