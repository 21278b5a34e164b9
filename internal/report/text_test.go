package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

func finished(r runner.Result) runner.Event {
	r.Path, r.Elapsed = "a/train.ipynb", 3400*time.Millisecond
	return runner.Finished{Result: r}
}

const source = "x := 1\n\nfor _, b := range trainset.Batches(64) {\n\tuse(b)\n}"

func TestText(t *testing.T) {
	undefined := &repl.CellError{Name: "compile error", Msg: "undefined: trainset", Cell: "In[7]", Line: 3, Col: 19}
	for _, c := range []struct {
		name string
		r    runner.Result
		want string
	}{
		{"passed", runner.Result{Cells: 12, Run: 12}, "ok   a/train.ipynb  12 cells  3.4s\n"},
		{"one cell", runner.Result{Cells: 1, Run: 1}, "ok   a/train.ipynb  1 cell  3.4s\n"},
		{"compile error", runner.Result{Cells: 12, Run: 7, Failures: []runner.Failure{{Number: 7, Of: 12, Count: 7, Source: source, Cell: undefined,
			Output: []string{"epoch 1", "epoch 2"}}}}, `--- FAIL: a/train.ipynb (3.4s)
    cell 7 of 12, line 3: undefined: trainset
      2 |
    > 3 | for _, b := range trainset.Batches(64) {
        |                   ^^^^^^^^
    output before the error:
      epoch 1
      epoch 2
    saved: out.ipynb
`},
		{"panic under a tab", runner.Result{Failures: []runner.Failure{{Number: 7, Of: 12, Count: 7, Source: source,
			Cell: &repl.CellError{Name: "panic", Msg: "boom", Cell: "In[7]", Line: 4, Col: 2}}}}, `--- FAIL: a/train.ipynb (3.4s)
    cell 7 of 12, line 4: panic: boom
      3 | for _, b := range trainset.Batches(64) {
    > 4 | 	use(b)
        | 	^^^
    saved: out.ipynb
`},
		{"in another cell's function", runner.Result{Failures: []runner.Failure{{Number: 7, Of: 12, Count: 7, Source: source,
			Cell: &repl.CellError{Name: "panic", Msg: "boom", Cell: "In[2]", Line: 4, Col: 2, Traceback: []string{"In[2]:4:2: f", "In[7]:3:1"}}}}},
			`--- FAIL: a/train.ipynb (3.4s)
    cell 7 of 12, at In[2]:4: panic: boom
      at In[2]:4:2: f
      at In[7]:3:1
    saved: out.ipynb
`},
		{"lost state", runner.Result{Failures: []runner.Failure{{Number: 7, Of: 12, Count: 7, Source: source,
			Cell: &repl.CellError{Name: "fatal", Msg: "stack overflow", Lost: true, LostVars: []string{"x", "y"}}}}}, `--- FAIL: a/train.ipynb (3.4s)
    cell 7 of 12: fatal: stack overflow
    lost: x, y
    saved: out.ipynb
`},
		{"a difference far along a line", runner.Result{Differences: []runner.Difference{{Number: 2, Of: 3, What: "stdout",
			Want: strings.Repeat("-", 200) + "a", Got: strings.Repeat("-", 200) + "b"}}}, `--- FAIL: a/train.ipynb (3.4s)
    cell 2 of 3: stdout differs
      - …------------------------------a
      + …------------------------------b
`},
		{"interrupted", runner.Result{Stop: runner.Interrupted, Failures: []runner.Failure{{Number: 7, Of: 12, Stop: runner.Interrupted}}},
			"--- FAIL: a/train.ipynb (3.4s)\n    cell 7 of 12: stopped by SIGINT\n    saved: out.ipynb\n"},
		{"interrupted between cells", runner.Result{Stop: runner.Interrupted, Run: 3, Cells: 9},
			"--- FAIL: a/train.ipynb (3.4s)\n    stopped by SIGINT before cell 4 of 9\n"},
		{"not saved", runner.Result{Err: errors.New("save: disk full"), Unsaved: true}, "--- FAIL: a/train.ipynb (3.4s)\n    save: disk full\n"},
		{"broken session", runner.Result{Err: errors.New("cell 7: pipe"), Failures: []runner.Failure{{Number: 7, Of: 12, Err: errors.New("pipe")}}},
			"--- FAIL: a/train.ipynb (3.4s)\n    cell 7 of 12: pipe\n    saved: out.ipynb\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			text := &Text{Out: &out, Notes: func(runner.Result, runner.Failure) []string { return []string{"saved: out.ipynb"} }}
			defer text.Close()
			text.Observe(finished(c.r))
			if d := cmp.Diff(c.want, out.String()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestOutputOfCells(t *testing.T) {
	var out, cells strings.Builder
	text := &Text{Out: &out, Cells: &cells}
	defer text.Close()
	value := display.NewText("42")
	for _, e := range []runner.Event{
		runner.Started{Path: "x", Cells: 1},
		runner.CellStarted{Path: "x", Number: 1, Of: 1},
		runner.CellOutput{Path: "x", Number: 1, Event: repl.Stream{Name: "stdout", Text: "a\n"}},
		runner.CellOutput{Path: "x", Number: 1, Event: repl.Display{Bundle: display.NewText("bar 1%"), ID: "p"}},
		runner.CellOutput{Path: "x", Number: 1, Event: repl.Display{Bundle: display.NewText("bar 2%"), ID: "p", Update: true}},
		runner.CellDone{Path: "x", Number: 1, Value: &value},
	} {
		text.Observe(e)
	}
	if d := cmp.Diff("a\nbar 1%\n42\n", cells.String()); d != "" || out.Len() > 0 {
		t.Errorf("report %q, cells -want +got\n%s", out.String(), d)
	}
}

func TestLiveLine(t *testing.T) {
	var out strings.Builder
	text := &Text{Out: &out, Live: true, Width: func() int { return 50 }}
	defer text.Close()
	text.Observe(runner.Started{Path: "x.ipynb", Cells: 9})
	text.Observe(runner.CellStarted{Path: "x.ipynb", Number: 2, Of: 9, Title: "Train"})
	text.Observe(runner.CellOutput{Path: "x.ipynb", Event: repl.Stream{Text: "epoch 1\rloss \x1b[1m0.5 and a long text\n"}})
	text.mu.Lock()
	text.live.drawLine(text.live.running[0].since.Add(2 * time.Second))
	text.mu.Unlock()
	text.Observe(finished(runner.Result{Run: 9}))
	want := "\r\x1b[Kx.ipynb  cell 2 of 9  Train  2.0s  loss 0.5 and …"
	got, _, _ := strings.Cut(out.String(), "\r\x1b[Kok")
	if !strings.Contains(out.String(), want) || !strings.HasSuffix(out.String(), "\r\x1b[Kok   a/train.ipynb  9 cells  3.4s\n") {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestHeartbeat(t *testing.T) {
	var out strings.Builder
	text := &Text{Out: &out}
	defer text.Close()
	text.Observe(runner.Started{Path: "x.ipynb", Cells: 9})
	text.Observe(runner.CellStarted{Path: "x.ipynb", Number: 2, Of: 9})
	text.mu.Lock()
	text.live.draw(text.live.running[0].since.Add(30 * time.Second))
	text.mu.Unlock()
	if got, want := out.String(), "...  x.ipynb  cell 2 of 9  30.0s\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
