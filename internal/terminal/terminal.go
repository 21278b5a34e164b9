// Package terminal is a Go session at a terminal: read a cell, run it, show what it shows.
//
//	r := &terminal.REPL{Session: s, Editor: terminal.NewPlain(os.Stdin, os.Stdout), Out: os.Stdout, Err: os.Stderr}
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

	"github.com/groupnb/groupnb/repl"
)

// A Session runs cells; *repl.Session is one.
type Session interface {
	Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error)
	IsComplete(source string) (status, indent string)
}

// An Editor reads cells. ReadCell returns io.EOF when the user is done and ErrInterrupted after Ctrl-C; it asks whole
// whether what was typed so far is a whole cell.
type Editor interface {
	ReadCell(ctx context.Context, prompt string, whole func(source string) bool) (string, error)
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
}

// Run reads and runs cells until the user is done or ctx is. Failing cells are no error of Run.
func (r *REPL) Run(ctx context.Context) error {
	for n := 1; ; {
		source, err := r.Editor.ReadCell(ctx, fmt.Sprintf("In[%d]: ", n), r.whole)
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
		count, err := r.cell(ctx, source)
		if err != nil {
			return err
		}
		n = count + 1
	}
}

// whole reports whether source can run as it stands. What can never become valid runs too, to show its error.
func (r *REPL) whole(source string) bool {
	status, _ := r.Session.IsComplete(source)
	return status != "incomplete"
}

// cell runs one cell and returns its number. Only failures that end the session are errors.
func (r *REPL) cell(ctx context.Context, source string) (count int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-r.Interrupts:
			cancel()
		case <-done:
		}
	}()
	p := Printer{Out: r.Out, Err: r.Err, Color: r.Color}
	res, err := r.Session.Execute(ctx, repl.Cell{Source: source}, p.Event)
	if res.Value != nil {
		p.Value(*res.Value)
	}
	p.End()
	var cellErr *repl.CellError
	if errors.As(err, &cellErr) {
		p.Error(cellErr)
		err = nil
	}
	return res.Count, err
}
