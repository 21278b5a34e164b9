package terminal

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// A Printer writes what cells show to a terminal or a file. On a terminal an update replaces what it updates if that
// is the last thing on the screen; else the last state is written when the cell ends.
type Printer struct {
	Out, Err io.Writer
	Color    bool                    // of errors
	Images   Images                  // how pictures are drawn; "" shows their text
	Screen   func() (cols, rows int) // size of the terminal; nil if Out is none

	midline bool           // the last line on Out has no end yet
	last    string         // id of the display that ends the output, "" if something else does
	height  int            // rows of that display
	waiting []repl.Display // updates that could not be shown in place
}

// Event writes what a running cell emits.
func (p *Printer) Event(e repl.Event) {
	switch e := e.(type) {
	case repl.Stream:
		p.stream(e)
	case repl.Notice:
		p.endLine()
		p.last = ""
		fmt.Fprintf(p.Err, "groupnb: %s\n", e.Text)
	case repl.Display:
		p.display(e)
	}
}

func (p *Printer) stream(e repl.Stream) {
	p.last = ""
	if e.Name == "stderr" {
		io.WriteString(p.Err, e.Text)
		return
	}
	io.WriteString(p.Out, e.Text)
	p.midline = !strings.HasSuffix(e.Text, "\n")
}

func (p *Printer) display(e repl.Display) {
	switch {
	case !e.Update:
		p.Value(e.Bundle)
		p.last = e.ID
	case e.ID == p.last && p.Screen != nil:
		fmt.Fprintf(p.Out, "\x1b[%dA\r\x1b[J", p.height)
		p.Value(e.Bundle)
		p.last = e.ID
	default:
		p.waiting = slices.DeleteFunc(p.waiting, func(w repl.Display) bool { return w.ID == e.ID })
		p.waiting = append(p.waiting, e)
	}
}

// Value writes a value on lines of its own: its picture if the terminal can show it, else its text.
func (p *Printer) Value(b display.Bundle) {
	p.endLine()
	p.last = ""
	cols, rows := 80, 24
	if p.Screen != nil {
		cols, rows = p.Screen()
	}
	if p.Images != "" && p.Images != NoImages {
		if pic, ok := pictureOf(b, cols-1, rows-3); ok && pic.draw(p.Out, p.Images) == nil {
			p.height = pic.rows
			return
		}
	}
	text := strings.TrimSuffix(b.Text(), "\n")
	fmt.Fprintln(p.Out, text)
	p.height = heightOf(text, cols)
}

// heightOf returns how many rows a text takes.
func heightOf(text string, cols int) int {
	rows := 0
	for line := range strings.SplitSeq(text, "\n") {
		rows += max(1, (uniseg.StringWidth(line)+cols-1)/max(cols, 1))
	}
	return rows
}

// End is called when the cell ends: it writes what had to wait and ends a line that the cell left open.
func (p *Printer) End() {
	for _, e := range p.waiting {
		p.Value(e.Bundle)
	}
	p.waiting = nil
	p.endLine()
}

// asked tells that a prompt and its answer, which ended the line, stand on the terminal now.
func (p *Printer) asked() { p.midline, p.last = false, "" }

func (p *Printer) endLine() {
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
