package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// An Event tells an observer what happens. It is one of the types below.
type Event interface{ isEvent() }

// Started comes first. Cells is the number of cells that will run.
type Started struct {
	Path  string
	Cells int
}

// CellStarted comes before a cell runs. Title is the nearest Markdown heading above it.
type CellStarted struct {
	Path       string
	Number, Of int
	Title      string
}

// CellOutput is something that a running cell shows.
type CellOutput struct {
	Path   string
	Number int
	Event  repl.Event
}

// CellDone comes after a cell ran. Value is that of its last expression, nil if it has none; Failure is nil if the
// cell succeeded.
type CellDone struct {
	Path    string
	Number  int
	Title   string
	Elapsed time.Duration
	Value   *display.Bundle
	Failure *Failure
	// Differences are those of this cell's outputs from the stored ones.
	Differences []Difference
}

// Finished comes last, after the notebook was saved.
type Finished struct{ Result Result }

func (Started) isEvent()     {}
func (CellStarted) isEvent() {}
func (CellOutput) isEvent()  {}
func (CellDone) isEvent()    {}
func (Finished) isEvent()    {}

// A Result is how the run of one notebook ended.
type Result struct {
	Path        string
	Cells       int // code cells in the notebook
	Run         int // of them, cells that ran
	Failures    []Failure
	Differences []Difference // from the stored outputs, if they were compared
	Stop        *Stop        // why the run ended early, nil if it didn't
	Err         error        // what kept the notebook from being run or saved; nil for failing cells
	Unsaved     bool         // Err is about saving
	Elapsed     time.Duration
}

// Passed reports whether every cell ran without failing and as stored, and the notebook was saved.
func (r Result) Passed() bool {
	return len(r.Failures) == 0 && len(r.Differences) == 0 && r.Stop == nil && r.Err == nil
}

// Unfinished says why the run ended between two cells, nil if it didn't: where a cell was stopped, its failure says so.
func (r Result) Unfinished() error {
	if n := len(r.Failures); r.Stop == nil || n > 0 && r.Failures[n-1].Stop == r.Stop {
		return nil
	}
	return fmt.Errorf("%w before cell %d of %d", r.Stop, r.Run+1, r.Cells)
}

// abort records what ended the run between cells.
func (r *Result) abort(ctx context.Context, err error) {
	if ctx.Err() != nil {
		r.Stop = stopOf(ctx)
	} else {
		r.Err = err
	}
}

// ErrNoFailure is the failure of a cell that is tagged to fail and doesn't.
var ErrNoFailure = errors.New("did not fail, although it is tagged raises-exception")

// A Failure is one cell that did not succeed. One of Cell and Stop is set if the cell's code is to blame or it was
// stopped; with neither, Err is a fault of ours.
type Failure struct {
	Number, Of int
	Index      int    // of the cell in the file, from 0
	Title      string // the nearest heading above
	Count      int    // the cell is In[Count] in messages
	Source     string
	Cell       *repl.CellError
	Stop       *Stop
	Err        error
	Output     []string // the last lines that the cell printed
}
