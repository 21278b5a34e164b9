package magic

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// A fake session notes what it is asked to run and answers from a table.
type fake struct {
	ran     []string // counted cells as they are, uncounted ones as "(last line)"
	answers map[string]string
	count   int
	resets  int
}

func (f *fake) Execute(_ context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error) {
	if !c.Silent {
		f.count++
		f.ran = append(f.ran, c.Source)
		if strings.Contains(c.Source, "fail") {
			return repl.Result{Count: f.count}, &repl.CellError{Name: repl.Panic}
		}
		return repl.Result{Count: f.count}, nil
	}
	last := strings.TrimPrefix(c.Source, prelude)
	f.ran = append(f.ran, "("+last+")")
	if text, ok := f.answers[last]; ok {
		b := display.NewText(text)
		return repl.Result{Value: &b}, nil
	}
	return repl.Result{}, nil
}

func (f *fake) Complete(src string, cursor int) repl.Completion {
	return repl.Completion{Start: cursor, End: cursor, Items: []repl.Item{{Text: src}}}
}
func (f *fake) Inspect(src string, _, _ int) (repl.Doc, bool) {
	return repl.Doc{Signature: "func F()", Text: "F does."}, src == "F"
}
func (f *fake) IsComplete(src string) (string, string) { return "asked", src }
func (f *fake) Vars() []repl.Var {
	return []repl.Var{{Name: "x", Type: "int"}, {Name: "long", Type: "[]T"}}
}
func (f *fake) Interrupt()                    {}
func (f *fake) Restart(context.Context) error { f.resets++; return nil }
func (f *fake) Close() error                  { return nil }

func TestExecute(t *testing.T) {
	answers := map[string]string{
		`_shell.Run("false")`:                                   "exit status 1",
		`_shell.Run("true")`:                                    "<nil>",
		`_shell.Chdir("nowhere")`:                               "chdir nowhere: no such file or directory",
		`_os.Getenv("A")`:                                       "value",
		`_shell.WriteFile("f", "a\n%b\n", false)`:               "<nil>",
		`func() string { dir, _ := _os.Getwd(); return dir }()`: "/tmp",
	}
	for _, test := range []struct {
		name, cell string
		ran        []string
		out        string // printed, or the error
	}{
		{"Go only", "x\n!y", []string{"x\n!y"}, ""},
		{"nothing", "", []string{""}, ""},
		{"command and Go", "!true\nx := 1\nx", []string{`(_shell.Run("true"))`, "     \nx := 1\nx"}, ""},
		{"empty lines and indentation", "\n  ! true\n\nx", []string{`(_shell.Run("true"))`, "\n        \n\nx"}, ""},
		{"a failing command stops the cell", "!false\nx", []string{`(_shell.Run("false"))`, ""},
			"command failed: In[1]:1:1: !false: exit status 1"},
		{"directory", "%cd /tmp", []string{`(_shell.Chdir("/tmp"))`, "(func() string { dir, _ := _os.Getwd(); return dir }())", "        "}, "/tmp\n"},
		{"no directory", "%cd nowhere\nx", []string{`(_shell.Chdir("nowhere"))`, ""},
			"command failed: In[1]:1:1: chdir nowhere: no such file or directory"},
		{"set a variable", "%env A=b c", []string{`(_os.Setenv("A", "b c"))`, "          "}, ""},
		{"set a variable with a space", "%env A b", []string{`(_os.Setenv("A", "b"))`, "        "}, ""},
		{"show a variable", "%env A", []string{`(_os.Getenv("A"))`, "      "}, "value\n"},
		{"variables", "%vars", []string{"     "}, "x     int\nlong  []T\n"},
		{"documentation", "%help F", []string{"       "}, "func F()\n\nF does.\n"},
		{"no documentation", "%help G", []string{""}, "command failed: In[1]:1:1: there is no documentation of G"},
		{"file", "%%writefile f\na\n%b", []string{`(_shell.WriteFile("f", "a\n%b\n", false))`, "             \n \n  "}, "wrote f\n"},
		{"add to file", "%%writefile -a f\na", []string{`(_shell.WriteFile("f", "a\n", true))`, "                \n "}, "appended to f\n"},
		{"file without name", "%%writefile\na", []string{""}, "command failed: In[1]:1:1: %%writefile needs the name of a file"},
		{"unknown", "!true\n%nope 1\nx", []string{""}, "compile error: In[1]:2:1: unknown command %nope; there are !COMMAND, %cd, %env, %help, %reset, %time, %vars, %%writefile"},
		{"reset", "%reset\nx", []string{"      \nx"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{answers: answers}
			var out strings.Builder
			r, err := Wrap(f).Execute(t.Context(), repl.Cell{Source: test.cell, Name: "In[1]"}, func(e repl.Event) {
				out.WriteString(e.(repl.Stream).Text)
			})
			var cell *repl.CellError
			if errors.As(err, &cell) {
				out.WriteString(cell.Name + ": " + cell.Traceback[0])
			}
			if d := cmp.Diff(test.ran, f.ran); d != "" {
				t.Error(d)
			}
			if out.String() != test.out {
				t.Errorf("printed %q, want %q", out.String(), test.out)
			}
			if r.Count != 1 {
				t.Errorf("counted %d", r.Count)
			}
		})
	}
}

func TestTime(t *testing.T) {
	for _, cell := range []string{"%time x", "%time\nx", "!true\n%time x\ny"} {
		f := &fake{}
		var out strings.Builder
		Wrap(f).Execute(t.Context(), repl.Cell{Source: cell}, func(e repl.Event) { out.WriteString(e.(repl.Stream).Text) })
		if !strings.HasPrefix(out.String(), "wall time: ") {
			t.Errorf("%q printed %q", cell, out.String())
		}
		ran := f.ran[len(f.ran)-1]
		if len(ran) != len(cell) || strings.Index(ran, "x") != strings.Index(cell, "x") {
			t.Errorf("%q ran %q: the code has moved", cell, ran)
		}
	}
	if _, err := Wrap(&fake{}).Execute(t.Context(), repl.Cell{Source: "%time fail"}, func(repl.Event) {}); err == nil {
		t.Error("the error of the code is lost")
	}
}

func TestHelpListsEveryCommand(t *testing.T) {
	var out strings.Builder
	Wrap(&fake{}).Execute(t.Context(), repl.Cell{Source: "%help"}, func(e repl.Event) { out.WriteString(e.(repl.Stream).Text) })
	for _, k := range known {
		if !strings.Contains(out.String(), k.name+" ") || !strings.Contains(out.String(), k.help) {
			t.Errorf("%s is not explained in\n%s", k.name, out.String())
		}
	}
}

func TestIsComplete(t *testing.T) {
	for src, want := range map[string]string{
		"%time": "complete", "!ls": "complete", "!ls\nx": "asked", "x": "asked", "%nope": "invalid", "%time for {": "asked",
		"%%writefile f\na": "incomplete", "%%writefile f\na\n": "complete",
	} {
		if got, _ := Wrap(&fake{}).IsComplete(src); got != want {
			t.Errorf("%q: %s, want %s", src, got, want)
		}
	}
}

func TestAssistance(t *testing.T) {
	s := Wrap(&fake{})
	c := s.Complete("!ls\n%v", 6)
	if len(c.Items) != 1 || c.Items[0].Text != "%vars" || c.Start != 4 || c.End != 6 {
		t.Errorf("completed %+v", c)
	}
	if c := s.Complete("!ls\nfmt.", 8); c.Items[0].Text != "   \nfmt." || c.Start != 8 {
		t.Errorf("Go code: %+v", c)
	}
	if d, ok := s.Inspect("%cd /", 2, 0); !ok || d.Signature != "%cd DIR" {
		t.Errorf("described %+v", d)
	}
	if d, ok := s.Inspect("F", 1, 0); !ok || d.Signature != "func F()" {
		t.Errorf("Go code: %+v", d)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"!ls\nx", "%time x", "%%writefile f\nx", " %cd\n\n!é", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		p, _ := parse(src)
		if len(p.code) != len(src) || strings.Count(p.code, "\n") != strings.Count(src, "\n") {
			t.Errorf("%q became %q", src, p.code)
		}
	})
}
