package repl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/groupnb/groupnb/internal/cell"
	"github.com/groupnb/groupnb/internal/worker/wire"
)

// Names of cell errors.
const (
	CompileError = "compile error" // the cell was refused and nothing of it ran
	Panic        = "panic"         // as in Go, also in a goroutine of the cell
	Exit         = "exit"          // os.Exit or log.Fatal
	Fatal        = "fatal"         // the Go runtime gave up: stack overflow, concurrent map writes, out of memory
	Interrupted  = "interrupted"   // the cell stopped when asked
	Killed       = "killed"        // by a signal, or because it did not stop when asked
)

// A CellError is what the code of a cell did wrong.
type CellError struct {
	Name      string   // one of the names above
	Msg       string   // in Go's words
	Cell      string   // where: the cell's name, "" if unknown
	Line, Col int      // from 1; Col counts bytes
	Traceback []string // a line for each error or frame, innermost first, with excerpts for compile errors
	Lost      bool     // the session's variables are gone: a fresh worker runs
	LostVars  []string // their names
}

func (e *CellError) Error() string {
	var b strings.Builder
	if e.Cell != "" {
		fmt.Fprintf(&b, "%s:%d:%d: ", e.Cell, e.Line, e.Col)
	}
	if e.Name != CompileError && e.Name != e.Msg {
		b.WriteString(e.Name + ": ")
	}
	b.WriteString(e.Msg)
	if len(e.LostVars) > 0 {
		fmt.Fprintf(&b, "; lost: %s", strings.Join(e.LostVars, ", "))
	}
	return b.String()
}

func compileError(errs cell.Errors) *CellError {
	e := &CellError{Name: CompileError, Msg: errs[0].Msg, Cell: errs[0].Cell, Line: errs[0].Line, Col: errs[0].Col}
	for _, d := range errs {
		e.Traceback = append(e.Traceback, d.Error())
		if d.Excerpt != "" {
			e.Traceback = append(e.Traceback, strings.Split(d.Excerpt, "\n")...)
		}
	}
	return e
}

// faultError turns what the worker tells into an error of the cell.
func faultError(f *wire.Fault) *CellError {
	e := &CellError{Name: f.Kind, Msg: f.Text, Traceback: f.Trace}
	switch f.Kind {
	case "install":
		e.Name, e.Msg = CompileError, "the interpreter cannot run this: "+f.Text
	case "goexit":
		e.Name = Exit
	}
	return e
}

// located adds where the fault happened: front names the functions and finds the positions.
func (e *CellError) located(f *wire.Fault, front *cell.FrontEnd) *CellError {
	if len(f.Trace) > 0 {
		e.Traceback = front.Trace(f.At, f.Trace)
	}
	if len(e.Traceback) > 0 {
		e.Cell, e.Line, e.Col = position(e.Traceback[0])
	}
	return e
}

// position reads "In[3]:4:2: function".
func position(frame string) (name string, line, col int) {
	fields := strings.SplitN(frame, ":", 4)
	if len(fields) < 3 {
		return "", 0, 0
	}
	line, err1 := strconv.Atoi(fields[1])
	col, err2 := strconv.Atoi(strings.TrimSpace(fields[2]))
	if err1 != nil || err2 != nil {
		return "", 0, 0
	}
	return fields[0], line, col
}
