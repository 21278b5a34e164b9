package jupyter

import (
	"errors"
	"fmt"
	"strings"

	"github.com/groupnb/groupnb/repl"
)

// ANSI colours, which every front end renders in tracebacks.
const (
	red   = "\x1b[31m"
	faint = "\x1b[2m"
	plain = "\x1b[0m"
)

// errorOf describes an error of the user's code, or of ours.
func (k *kernel) errorOf(err error) errorContent {
	var cell *repl.CellError
	if !errors.As(err, &cell) {
		k.log.once("execute: %v", err)
		cell = &repl.CellError{Name: "kernel error", Msg: err.Error()}
	}
	return errorContent{Name: cell.Name, Value: value(cell), Traceback: traceback(cell)}
}

// value is the message with its place.
func value(e *repl.CellError) string {
	if e.Cell == "" {
		return e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Cell, e.Line, e.Col, e.Msg)
}

// traceback is what a front end shows: what happened, where, and what it cost. The lines of a compile error say what
// happened themselves.
func traceback(e *repl.CellError) []string {
	lines := []string{red + e.Name + plain + ": " + e.Msg}
	if e.Name == repl.CompileError && len(e.Traceback) > 0 {
		lines[0] = red + e.Name + plain
	}
	lines = append(lines, e.Traceback...)
	if len(e.LostVars) > 0 {
		lines = append(lines, faint+"Variables lost with the process: "+strings.Join(e.LostVars, ", ")+plain)
	} else if e.Lost {
		lines = append(lines, faint+"The process was replaced; types and functions are declared again."+plain)
	}
	return lines
}
