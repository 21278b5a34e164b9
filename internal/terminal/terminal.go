// Package terminal is a Go session at a terminal: read a cell, run it, show what it shows.
//
//	r := &terminal.REPL{Session: s, Editor: terminal.NewPlain(os.Stdin, os.Stdout, nil), Out: os.Stdout, Err: os.Stderr}
//	err := r.Run(ctx)
//
// A cell is read over as many lines as it needs. Ctrl-C clears the input or interrupts the running cell and never
// leaves; Ctrl-D on empty input does. The package knows how to edit, colour and picture; what Go means is the session's.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

// A Session runs cells and knows the language; *magic.Session is one.
type Session interface {
	Helper
	Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error)
	Inspect(source string, cursor, detail int) (repl.Doc, bool)
}

// A Helper knows the language that is typed.
type Helper interface {
	IsComplete(source string) (status, indent string)
	Complete(source string, cursor int) repl.Completion
}

// An Editor reads what the user types. ReadCell returns io.EOF when the user is done and ErrInterrupted after Ctrl-C;
// it asks whole whether what was typed so far is a whole cell. Ask reads one line for a running cell.
type Editor interface {
	ReadCell(ctx context.Context, prompt string, whole func(source string) bool) (string, error)
	Ask(ctx context.Context, prompt string, password bool) (string, error)
}

// ErrInterrupted is returned by [Editor.ReadCell] when the user pressed Ctrl-C.
var ErrInterrupted = errors.New("interrupted")

// A REPL joins a session and a terminal.
type REPL struct {
	Session    Session
	Editor     Editor
	Out, Err   io.Writer        // Out gets what cells show, Err errors and notices
	Interrupts <-chan os.Signal // Ctrl-C while a cell runs
	Color      bool
	Images     Images
	Screen     func() (cols, rows int) // size of the terminal; nil if Out is none

	next     int                // the number of the next cell
	failed   bool               // the last cell did
	saved    *notebook.Notebook // the session so far
	recorder *runner.Recorder
}

// Run reads and runs cells until the user is done or ctx is. Failing cells are no error of Run.
func (r *REPL) Run(ctx context.Context) error {
	r.next, r.saved, r.recorder = 1, notebook.New(), runner.NewRecorder()
	for {
		source, err := r.Editor.ReadCell(ctx, fmt.Sprintf("In[%d]: ", r.next), r.whole)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, ErrInterrupted):
			continue
		case err != nil:
			return err
		case strings.TrimSpace(source) == "":
			continue
		}
		run := r.cell
		if isCommand(source) {
			run = r.command
		}
		if err := run(ctx, source); errors.Is(err, errQuit) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// whole reports whether source can run as it stands. What can never become valid runs too, to show its error.
func (r *REPL) whole(source string) bool {
	if isCommand(source) {
		return true
	}
	status, _ := r.Session.IsComplete(source)
	return status != "incomplete"
}

// cell runs one cell. Only failures that end the session are errors.
func (r *REPL) cell(ctx context.Context, source string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done, watched := make(chan struct{}), make(chan struct{})
	defer func() {
		close(done)
		<-watched // or it might take the next cell's interrupt
	}()
	go func() {
		defer close(watched)
		select {
		case <-r.Interrupts:
			cancel()
		case <-done:
		}
	}()
	p := Printer{Out: r.Out, Err: r.Err, Color: r.Color, Images: r.Images, Screen: r.Screen}
	c := r.saved.Add(notebook.Code, source)
	r.recorder.Begin(c)
	ask := func(prompt string, password bool) (string, error) {
		p.asked()
		return r.Editor.Ask(ctx, prompt, password)
	}
	res, err := r.Session.Execute(ctx, repl.Cell{Source: source, Stdin: ask}, func(e repl.Event) {
		r.recorder.Record(e)
		p.Event(e)
	})
	p.End()
	if res.Value != nil {
		p.Value(*res.Value)
	}
	c.Count, r.next = res.Count, res.Count+1
	r.recorder.Result(res)
	var cellErr *repl.CellError
	r.failed = errors.As(err, &cellErr)
	if !r.failed {
		return err
	}
	p.Error(cellErr)
	r.recorder.Error(cellErr.Name, cellErr.Msg, cellErr.Traceback)
	return nil
}
