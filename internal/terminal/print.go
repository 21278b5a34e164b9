package terminal

import (
	"fmt"
	"io"
	"strings"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// A Printer writes what a cell shows to a terminal or a file.
type Printer struct {
	Out, Err io.Writer
	Color    bool

	midline bool // the last line on Out has no end yet
}

// Event writes what a running cell emits.
func (p *Printer) Event(e repl.Event) {
	switch e := e.(type) {
	case repl.Stream:
		if e.Name == "stderr" {
			io.WriteString(p.Err, e.Text)
			return
		}
		io.WriteString(p.Out, e.Text)
		p.midline = !strings.HasSuffix(e.Text, "\n")
	case repl.Notice:
		p.End()
		fmt.Fprintf(p.Err, "groupnb: %s\n", e.Text)
	case repl.Display:
		if !e.Update {
			p.Value(e.Bundle)
		}
	}
}

// Value writes a value's text on lines of its own.
func (p *Printer) Value(b display.Bundle) {
	p.End()
	fmt.Fprintln(p.Out, strings.TrimSuffix(b.Text(), "\n"))
}

// End ends a line that the cell left open.
func (p *Printer) End() {
	if p.midline {
		fmt.Fprintln(p.Out)
		p.midline = false
	}
}

// Error writes why a cell failed: compile errors with their excerpts, others with where they were.
func (p *Printer) Error(e *repl.CellError) {
	p.End()
	lines := e.Traceback
	if e.Name != repl.CompileError || len(lines) == 0 {
		lines = []string{headline(e)}
		for _, frame := range e.Traceback {
			lines = append(lines, "    "+frame)
		}
	}
	if len(e.LostVars) > 0 {
		lines = append(lines, "lost: "+strings.Join(e.LostVars, ", "))
	}
	fmt.Fprintln(p.Err, paint(p.Color, "31", strings.Join(lines, "\n")))
}

func headline(e *repl.CellError) string {
	if strings.HasPrefix(e.Msg, e.Name) {
		return e.Msg
	}
	return e.Name + ": " + e.Msg
}
