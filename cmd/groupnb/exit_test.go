package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

func TestExitCodes(t *testing.T) {
	failed := runner.Failure{Cell: &repl.CellError{Name: repl.Panic}}
	died := runner.Failure{Cell: &repl.CellError{Name: repl.Killed}}
	for _, c := range []struct {
		name string
		r    runner.Result
		want int
	}{
		{"passed", runner.Result{}, 0},
		{"a cell failed", runner.Result{Failures: []runner.Failure{failed}}, 1},
		{"a cell that was to fail didn't", runner.Result{Failures: []runner.Failure{{Err: runner.ErrNoFailure}}}, 1},
		{"could not save", runner.Result{Err: errors.New("disk full"), Unsaved: true}, 2},
		{"outputs differ", runner.Result{Differences: make([]runner.Difference, 1)}, 3},
		{"a failing cell is worse than a difference", runner.Result{Differences: make([]runner.Difference, 1), Failures: []runner.Failure{failed}}, 1},
		{"the worker was killed", runner.Result{Failures: []runner.Failure{failed, died}}, 4},
		{"no session", runner.Result{Err: errors.New("no memory")}, 4},
		{"a cell took too long", runner.Result{Failures: []runner.Failure{{Stop: &runner.Stop{Name: "Timeout"}}}}, 124},
		{"the notebook took too long, between two cells", runner.Result{Stop: &runner.Stop{Name: "Timeout"}}, 124},
		{"SIGINT", runner.Result{Stop: runner.Interrupted, Failures: []runner.Failure{{Stop: runner.Interrupted}}}, 130},
		{"SIGTERM", runner.Result{Stop: runner.Terminated}, 143},
	} {
		if got := exitCode(c.r); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestTheTopicListsEveryExitCode(t *testing.T) {
	text, err := os.ReadFile("topics/exit-codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range severity {
		if !strings.Contains(string(text), fmt.Sprintf("\n  %-3d  ", code)) {
			t.Errorf("exit code %d is not explained", code)
		}
	}
}

func TestHelpFitsAScreen(t *testing.T) {
	for _, c := range newRoot().Commands() {
		var b strings.Builder
		c.SetOut(&b)
		if err := c.Help(); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if n := strings.Count(text, "\n"); n > 45 {
			t.Errorf("%s: %d lines", c.Name(), n)
		}
		for line := range strings.Lines(text) {
			if len(line) > 121 {
				t.Errorf("%s: %d characters in %q", c.Name(), len(line), line)
			}
		}
	}
}
