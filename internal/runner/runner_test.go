package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// script is a session whose cells are lines of a tiny language: print T, show ID T, update ID T, clear, clear wait,
// value T, fail T, broken T, nap, hang, stop.
type script struct {
	stop   context.CancelCauseFunc
	count  int
	closed bool
	killed chan struct{} // closed by Close
}

func (s *script) Close() error {
	if !s.closed {
		s.closed = true
		close(s.killed)
	}
	return nil
}

func (s *script) Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error) {
	s.count++
	res := repl.Result{Count: s.count}
	for line := range strings.Lines(c.Source) {
		verb, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		id, rest, _ := strings.Cut(text, " ")
		switch verb {
		case "print":
			emit(repl.Stream{Name: "stdout", Text: strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(text)})
		case "warn":
			emit(repl.Stream{Name: "stderr", Text: text + "\n"})
		case "notice":
			emit(repl.Notice{Text: text})
		case "show":
			emit(repl.Display{Bundle: display.NewText(rest), ID: id})
		case "update":
			emit(repl.Display{Bundle: display.NewText(rest), ID: id, Update: true})
		case "clear":
			emit(repl.Clear{Wait: text == "wait"})
		case "value":
			b := display.NewText(text)
			res.Value = &b
		case "fail":
			return res, &repl.CellError{Name: "panic", Msg: text, Line: 1, Col: 1}
		case "broken":
			return res, errors.New(text)
		case "stop":
			s.stop(Interrupted)
			<-ctx.Done()
			return res, &repl.CellError{Name: "interrupted"}
		case "nap":
			time.Sleep(time.Second)
		case "hang":
			select {
			case <-ctx.Done():
			case <-s.killed:
			}
			return res, &repl.CellError{Name: "interrupted"}
		}
	}
	return res, nil
}

// play runs cells with a scripted session and returns the notebook as text and the result.
func play(t *testing.T, o Options, cells ...string) (string, Result) {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	s := &script{stop: stop, killed: make(chan struct{})}
	o.Start = func(context.Context) (Session, error) { return s, nil }
	nb := notebook.New()
	for _, source := range cells {
		c := nb.Add(notebook.Code, source)
		c.Count, c.Outputs = 99, []*notebook.Output{{Type: notebook.Stream, Name: "stdout", Text: "old"}}
	}
	res := Run(ctx, "x.ipynb", nb, o)
	if !s.closed {
		t.Error("the session was not closed")
	}
	return picture(nb), res
}

// picture shows counts and outputs, one line each.
func picture(nb *notebook.Notebook) string {
	var b strings.Builder
	for _, c := range nb.Cells {
		fmt.Fprintf(&b, "[%d]", c.Count)
		for _, o := range c.Outputs {
			switch o.Type {
			case notebook.Stream:
				fmt.Fprintf(&b, " %s %q", o.Name, o.Text)
			case notebook.Error:
				fmt.Fprintf(&b, " %s(%s)", o.EName, o.EValue)
			default:
				fmt.Fprintf(&b, " %s %q", o.Type, o.Data["text/plain"])
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestOutputs(t *testing.T) {
	for _, c := range []struct {
		name  string
		cells []string
		want  string
	}{
		{"streams are joined by name", []string{"print a\\n\nprint b\\n\nwarn c\nprint d"}, `[1] stdout "a\nb\n" stderr "c\n" stdout "d"`},
		{"progress is collapsed", []string{"print 1%\\r\nprint 2%\\r\nprint 3%"}, `[1] stdout "3%"`},
		{"value", []string{"print a\nvalue 7"}, `[1] stdout "a" execute_result "7"`},
		{"notice", []string{"notice p dropped"}, `[1] stderr "p dropped\n"`},
		{"update in the same cell", []string{"show p 10\nprint x\nupdate p 20"}, `[1] display_data "20" stdout "x"`},
		{"update across cells", []string{"show p 10\nshow p 11", "update p 20\nshow p 30", "update p 40"},
			"[1] display_data \"40\" display_data \"40\"\n[2] display_data \"40\"\n[3]"},
		{"update of an unknown id", []string{"update q 1"}, "[1]"},
		{"clear", []string{"print a\nclear\nprint b"}, `[1] stdout "b"`},
		{"clear with wait", []string{"print a\nclear wait\nprint b"}, `[1] stdout "b"`},
		{"clear with wait and nothing after", []string{"print a\nclear wait"}, `[1] stdout "a"`},
		{"empty cells are skipped", []string{"print a", " \n", "print b"}, "[1] stdout \"a\"\n[0]\n[2] stdout \"b\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, res := play(t, Options{}, c.cells...)
			if d := cmp.Diff(c.want, strings.TrimSuffix(got, "\n")); d != "" || !res.Passed() {
				t.Errorf("%+v, -want +got\n%s", res, d)
			}
		})
	}
}

func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     Options
		cells []string
		want  string
		stop  string
		fails []int
	}{
		{"a failing cell ends the run", Options{}, []string{"print a\nfail boom", "print b"}, "[1] stdout \"a\" panic(boom)\n[0]", "", []int{1}},
		{"keep going", Options{KeepGoing: true}, []string{"fail boom", "print b", "fail bang"},
			"[1] panic(boom)\n[2] stdout \"b\"\n[3] panic(bang)", "", []int{1, 3}},
		{"interrupt", Options{}, []string{"print a", "print b\nstop", "print c"},
			"[1] stdout \"a\"\n[2] stdout \"b\" Interrupted(stopped by SIGINT)\n[0]", "Interrupted", []int{2}},
		{"interrupt although keep going", Options{KeepGoing: true}, []string{"stop", "print c"},
			"[1] Interrupted(stopped by SIGINT)\n[0]", "Interrupted", []int{1}},
		{"cell timeout", Options{CellTimeout: time.Millisecond}, []string{"hang", "print c"},
			"[1] Timeout(the cell did not finish within 1ms)\n[0]", "Timeout", []int{1}},
		{"cell timeout, keep going", Options{CellTimeout: time.Millisecond, KeepGoing: true}, []string{"hang", "hang"},
			"[1] Timeout(the cell did not finish within 1ms)\n[2] Timeout(the cell did not finish within 1ms)", "", []int{1, 2}},
		{"notebook timeout", Options{Timeout: time.Millisecond, KeepGoing: true}, []string{"hang", "hang"},
			"[1] Timeout(the notebook did not finish within 1ms)\n[0]", "Timeout", []int{1}},
		{"notebook timeout between cells", Options{Timeout: time.Millisecond, KeepGoing: true}, []string{"nap", "print b"}, "[1]\n[0]", "Timeout", nil},
		{"until", Options{Until: 2}, []string{"print a", "print b", "fail c"}, "[1] stdout \"a\"\n[2] stdout \"b\"\n[0]", "", nil},
	} {
		test := func(t *testing.T) {
			got, res := play(t, c.o, c.cells...)
			if d := cmp.Diff(c.want, strings.TrimSuffix(got, "\n")); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			var fails []int
			for _, f := range res.Failures {
				fails = append(fails, f.Number)
			}
			if d := cmp.Diff(c.fails, fails); d != "" || res.Err != nil {
				t.Errorf("failures -want +got\n%s, error %v", d, res.Err)
			}
			if stop := ""; res.Stop != nil && res.Stop.Name != c.stop || res.Stop == nil && stop != c.stop {
				t.Errorf("stopped by %v, want %q", res.Stop, c.stop)
			}
		}
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, test) }) // time passes only while a cell hangs
	}
}

func TestTags(t *testing.T) {
	for _, c := range []struct {
		name, tag string
		o         Options
		want      string
		passed    bool
	}{
		{"a cell that is to fail", "raises-exception", Options{}, "[1] panic(boom)\n[2] stdout \"b\"", true},
		{"skipped", "skip-execution", Options{}, "[0]\n[1] stdout \"b\"", true},
		{"slow", "slow", Options{}, "[1] panic(boom)\n[0]", false},
		{"slow when short", "slow", Options{Short: true}, "[0]\n[1] stdout \"b\"", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			nb := notebook.New()
			nb.Add(notebook.Code, "fail boom").Metadata["tags"] = []any{c.tag}
			nb.Add(notebook.Code, "print b")
			c.o.Start = func(context.Context) (Session, error) { return &script{killed: make(chan struct{})}, nil }
			res := Run(t.Context(), "x.ipynb", nb, c.o)
			if d := cmp.Diff(c.want, strings.TrimSuffix(picture(nb), "\n")); d != "" || res.Passed() != c.passed {
				t.Errorf("%+v, -want +got\n%s", res, d)
			}
		})
	}
}

func TestACellTaggedToFailMustFail(t *testing.T) {
	nb := notebook.New()
	nb.Add(notebook.Code, "print a").Metadata["tags"] = []any{"raises-exception"}
	res := Run(t.Context(), "x.ipynb", nb, Options{Start: func(context.Context) (Session, error) { return &script{killed: make(chan struct{})}, nil }})
	if len(res.Failures) != 1 || !errors.Is(res.Failures[0].Err, ErrNoFailure) {
		t.Errorf("%+v", res)
	}
}

func TestRunCompares(t *testing.T) {
	nb := notebook.New()
	for _, stored := range []string{"a", "b", "c"} {
		c := nb.Add(notebook.Code, "print a")
		c.Count, c.Outputs = 1, []*notebook.Output{stream("stdout", stored)}
	}
	nb.Cells[2].Metadata["tags"] = []any{"nbval-ignore-output"}
	nb.Add(notebook.Code, "print never stored")
	res := Run(t.Context(), "x.ipynb", nb, Options{Compare: &rules, Start: func(context.Context) (Session, error) {
		return &script{killed: make(chan struct{})}, nil
	}})
	want := []Difference{{Number: 2, Of: 4, Index: 1, What: "stdout", Want: "b", Got: "a"}}
	if d := cmp.Diff(want, res.Differences); d != "" || res.Passed() {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestOrder(t *testing.T) {
	var story []string
	o := NewOrder(func(e Event) {
		switch e := e.(type) {
		case Started:
			story = append(story, "start "+e.Path)
		case Finished:
			story = append(story, "end "+e.Result.Path)
		}
	})
	first, second := o.Observer(0), o.Observer(1)
	first(Started{Path: "a"})
	second(Started{Path: "b"})
	second(Finished{Result{Path: "b"}})
	first(Finished{Result{Path: "a"}})
	if d := cmp.Diff([]string{"start a", "start b", "end a", "end b"}, story); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestKillDoesNotWait(t *testing.T) {
	kill := make(chan struct{})
	got, res := play(t, Options{Kill: kill, Observe: func(e Event) {
		if _, ok := e.(CellStarted); ok {
			close(kill)
		}
	}}, "hang")
	if res.Passed() || !strings.HasPrefix(got, "[1] interrupted") {
		t.Errorf("%s %+v", got, res)
	}
}

func TestOurOwnFailureEndsTheRun(t *testing.T) {
	_, res := play(t, Options{KeepGoing: true}, "broken pipe", "print b")
	if res.Err == nil || res.Run != 1 || !strings.Contains(res.Err.Error(), "cell 1: pipe") {
		t.Errorf("%+v", res)
	}
}

func TestSavesAfterCellsAndAtTheEnd(t *testing.T) {
	var saved []string
	full := errors.New("disk full")
	_, res := play(t, Options{Save: func(nb *notebook.Notebook) error {
		saved = append(saved, picture(nb))
		return full
	}}, "print a", "print b\nfail c", "print d")
	if len(saved) < 2 || !strings.Contains(saved[len(saved)-1], "panic(c)") {
		t.Errorf("saved %q", saved)
	}
	if !errors.Is(res.Err, full) {
		t.Errorf("the failure to save was not reported: %v", res.Err)
	}
}

func TestEventsTellTheStory(t *testing.T) {
	var story []string
	nb := notebook.New()
	nb.Add(notebook.Markdown, "# Course\n\n## Train one epoch")
	nb.Add(notebook.Code, "print a")
	nb.Add(notebook.Code, "fail b")
	s := &script{killed: make(chan struct{})}
	Run(t.Context(), "x.ipynb", nb, Options{
		Start: func(context.Context) (Session, error) { return s, nil },
		Observe: func(e Event) {
			switch e := e.(type) {
			case Started:
				story = append(story, fmt.Sprintf("%s %d cells", e.Path, e.Cells))
			case CellStarted:
				story = append(story, fmt.Sprintf("cell %d of %d: %s", e.Number, e.Of, e.Title))
			case CellOutput:
				story = append(story, fmt.Sprint(e.Event))
			case CellDone:
				story = append(story, fmt.Sprint("failed: ", e.Failure != nil))
			case Finished:
				story = append(story, fmt.Sprint("passed: ", e.Result.Passed()))
			}
		},
	})
	want := []string{"x.ipynb 2 cells", "cell 1 of 2: Train one epoch", "{stdout a}", "failed: false",
		"cell 2 of 2: Train one epoch", "failed: true", "passed: false"}
	if d := cmp.Diff(want, story); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
