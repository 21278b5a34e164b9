package repl

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	Hook()
	if os.Getenv(victim) != "" {
		beVictim()
	}
	os.Exit(m.Run())
}

// racesOnPurpose, in a session's environment, is for cells that commit races: the race detector does not report them.
const racesOnPurpose = "GORACE=report_bugs=0"

// start begins a session that ends with the test.
func start(t testing.TB, o Options) *Session {
	t.Helper()
	tellRaces(t, &o)
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// outcome is what a cell came to, flat enough to compare.
type outcome struct {
	value, stdout, stderr string
	events                []Event
	err                   error
}

func (o outcome) cellError(t testing.TB) *CellError {
	t.Helper()
	var e *CellError
	if !errors.As(o.err, &e) {
		t.Fatalf("the error is %v, not a cell's; stdout %q, stderr %q", o.err, o.stdout, o.stderr)
	}
	return e
}

func executeIn(ctx context.Context, s *Session, c Cell) outcome {
	return executeTo(ctx, s, c, func(Event) {})
}

func executeTo(ctx context.Context, s *Session, c Cell, see func(Event)) (o outcome) {
	r, err := s.Execute(ctx, c, func(e Event) {
		see(e)
		o.events = append(o.events, e)
		if t, ok := e.(Stream); ok && t.Name == "stdout" {
			o.stdout += t.Text
		} else if ok {
			o.stderr += t.Text
		}
	})
	if o.err = err; r.Value != nil {
		o.value = r.Value.Text()
	}
	return o
}

func execute(t testing.TB, s *Session, src string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return executeIn(ctx, s, Cell{Source: src})
}

func TestCells(t *testing.T) {
	s := start(t, Options{})
	for _, c := range []struct{ src, value, stdout, stderr string }{
		{"1+1", "2", "", ""},
		{"// nothing", "", "", ""},
	} {
		o := execute(t, s, c.src)
		if o.err != nil || o.value != c.value || o.stdout != c.stdout || o.stderr != c.stderr {
			t.Errorf("%q: value %q, stdout %q, stderr %q, error %v", c.src, o.value, o.stdout, o.stderr, o.err)
		}
	}
}

func TestCompileErrorChangesNothing(t *testing.T) {
	s := start(t, Options{})
	e := execute(t, s, "x := ").cellError(t)
	if e.Name != CompileError || e.Cell != "In[1]" || e.Line != 1 || e.Lost {
		t.Errorf("%+v", e)
	}
	if o := execute(t, s, "1+1"); o.value != "2" {
		t.Errorf("%+v", o)
	}
}

func TestCompleteAndInspect(t *testing.T) {
	s := start(t, Options{})
	if o := execute(t, s, "words := strings.Fields(\"a b\")"); o.err != nil {
		t.Fatal(o.err)
	}
	if c := s.Complete("wor", 3); len(c.Items) != 1 || c.Items[0].Text != "words" {
		t.Errorf("%+v", c)
	}
	if d, ok := s.Inspect("strings.ToUpper(", 16, 0); !ok || !strings.HasPrefix(d.Text, "ToUpper returns") {
		t.Errorf("%+v", d)
	}
	if status, indent := s.IsComplete("for {"); status != "incomplete" || indent != "\t" {
		t.Errorf("%s %q", status, indent)
	}
}
