// Package nbtest makes notebooks tests of go test.
//
//	func TestMain(m *testing.M) { nbtest.Main(m) }
//
//	func TestNotebooks(t *testing.T) { nbtest.Dir(t, "notebooks") }
//
// Each notebook becomes a subtest and each of its cells a subtest of that, named after the heading above it, so -run,
// -v, -short and -timeout do what they always do. A cell fails if its code does, or if what it shows is not what the
// notebook stores: words must match, numbers may differ a little, durations and addresses don't count, pictures may
// differ slightly. Cells stored without having run are not compared. Cells run in a worker process, which is the test
// binary started again: hence Main. The package writes nothing unless Options.Update is set.
package nbtest

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/internal/magic"
	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/report"
	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

// Main is called by TestMain: it turns the processes that sessions start into workers, and runs the tests in others.
func Main(m *testing.M) {
	repl.Hook()
	m.Run()
}

// Options change how notebooks are tested. The zero value is good.
type Options struct {
	Relative float64 // tolerance of numbers; default 1e-4
	Pixels   float64 // tolerance of pictures: mean difference of colours, 0 to 1; default 0.01
	Parallel bool    // notebooks run side by side with other parallel tests
	Update   bool    // store the new outputs of notebooks whose cells succeed, instead of comparing
}

// Dir tests the notebooks in a folder and the folders below it.
func Dir(t *testing.T, dir string) { t.Helper(); Options{}.Dir(t, dir) }

// File tests one notebook.
func File(t *testing.T, path string) { t.Helper(); Options{}.File(t, path) }

// Dir tests the notebooks in a folder and the folders below it.
func (o Options) Dir(t *testing.T, dir string) {
	t.Helper()
	found, err := runner.Find([]string{filepath.Join(dir, "...")})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Run(filepath.ToSlash(f.Rel), func(t *testing.T) {
			if o.Parallel {
				t.Parallel()
			}
			o.File(t, f.Path)
		})
	}
}

// File tests one notebook.
func (o Options) File(t *testing.T, path string) {
	t.Helper()
	nb, err := notebook.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan runner.Event)
	go func() {
		defer close(events)
		runner.Run(t.Context(), path, nb, o.runner(path, events))
	}()
	var result runner.Result
	for e := range events {
		switch e := e.(type) {
		case runner.CellStarted:
			cell(t, e, events)
		case runner.Finished:
			result = e.Result
		}
	}
	o.judge(t, path, nb, result)
}

func (o Options) runner(path string, events chan<- runner.Event) runner.Options {
	ro := runner.Options{
		Start: func(ctx context.Context) (runner.Session, error) {
			s, err := repl.Start(ctx, repl.Options{Dir: filepath.Dir(path)})
			if err != nil {
				return nil, err
			}
			return magic.Wrap(s), nil
		},
		Observe: func(e runner.Event) { events <- e },
		Short:   testing.Short(),
	}
	if !o.Update {
		ro.Compare = &runner.Rules{Relative: orDefault(o.Relative, 1e-4), Pixels: orDefault(o.Pixels, 0.01)}
	}
	return ro
}

func orDefault(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}

// cell makes a subtest of the events up to the cell's last. The cell also runs if -run leaves the subtest out, since
// later cells build on it; should it fail, the notebook's test does.
func cell(t *testing.T, started runner.CellStarted, events <-chan runner.Event) {
	t.Helper()
	wanted := false
	t.Run(strings.TrimSpace(fmt.Sprintf("%02d %s", started.Number, started.Title)), func(t *testing.T) {
		t.Helper()
		wanted = true
		follow(t, events)
	})
	if !wanted {
		follow(t, events)
	}
}

func follow(t *testing.T, events <-chan runner.Event) {
	t.Helper()
	for e := range events {
		switch e := e.(type) {
		case runner.CellOutput:
			if s, ok := e.Event.(repl.Stream); ok && strings.TrimSpace(s.Text) != "" {
				t.Log(strings.TrimRight(s.Text, "\n"))
			}
		case runner.CellDone:
			if e.Failure != nil {
				t.Error(strings.Join((&report.Text{}).Block(*e.Failure), "\n"))
			}
			for _, d := range e.Differences {
				t.Errorf("%s differs\n- %s\n+ %s", d.What, d.Want, d.Got)
			}
			return
		}
	}
}

// judge reports what is not about one cell.
func (o Options) judge(t *testing.T, path string, nb *notebook.Notebook, r runner.Result) {
	t.Helper()
	switch {
	case r.Err != nil:
		t.Error(r.Err)
	case r.Stop != nil && len(r.Failures) == 0:
		t.Error(r.Stop)
	case o.Update && len(r.Failures) == 0:
		if err := nb.WriteFile(path); err != nil {
			t.Error(err)
		}
	}
}
