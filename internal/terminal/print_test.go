package terminal

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

func TestPrinter(t *testing.T) {
	out := func(text string) repl.Event { return repl.Stream{Name: "stdout", Text: text} }
	show := func(id, text string) repl.Event { return repl.Display{ID: id, Bundle: display.NewText(text)} }
	update := func(id, text string) repl.Event {
		return repl.Display{ID: id, Bundle: display.NewText(text), Update: true}
	}
	for _, c := range []struct {
		name     string
		terminal bool
		events   []repl.Event
		want     string
	}{
		{"an open line is ended", false, []repl.Event{out("a"), show("", "b"), out("c")}, "a\nb\nc\n"},
		{"a terminal replaces in place", true, []repl.Event{show("p", "1%"), update("p", "2%"), update("p", "3%")},
			"1%\n\x1b[1A\r\x1b[J2%\n\x1b[1A\r\x1b[J3%\n"},
		{"also what takes several rows", true, []repl.Event{show("p", "12345678901\nx"), update("p", "y")},
			"12345678901\nx\n\x1b[3A\r\x1b[Jy\n"},
		{"but not under other output", true, []repl.Event{show("p", "1%"), out("x\n"), update("p", "2%"), update("p", "3%")},
			"1%\nx\n3%\n"},
		{"a file gets the first and the last state", false, []repl.Event{show("p", "1%"), update("p", "2%"), update("p", "3%")}, "1%\n3%\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			p := Printer{Out: &b, Err: &b}
			if c.terminal {
				p.Screen = func() (int, int) { return 10, 24 }
			}
			for _, e := range c.events {
				p.Event(e)
			}
			p.End()
			if d := cmp.Diff(c.want, b.String()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestPrinterErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		e    repl.CellError
		want string
	}{
		{"compile errors bring their excerpt", repl.CellError{Name: repl.CompileError, Msg: "undefined: x", Traceback: []string{"In[1]:1:1: undefined: x", "x", "^"}},
			"In[1]:1:1: undefined: x\nx\n^\n"},
		{"a panic says where", repl.CellError{Name: repl.Panic, Msg: "boom", Traceback: []string{"In[1]:2:3: f", "In[2]:1:1"}},
			"panic: boom\n    In[1]:2:3: f\n    In[2]:1:1\n"},
		{"lost variables", repl.CellError{Name: repl.Fatal, Msg: "fatal error: stack overflow", LostVars: []string{"x", "y"}},
			"fatal error: stack overflow\nlost: x, y\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			p := Printer{Out: &b, Err: &b}
			p.Error(&c.e)
			if d := cmp.Diff(c.want, b.String()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}
