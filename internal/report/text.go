// Package report tells people and programs how runs of notebooks go.
//
//	r := &report.Text{Out: os.Stderr}
//	res := runner.Run(ctx, path, nb, runner.Options{Start: start, Observe: r.Observe})
//
// A report is made of the events of package runner and changes nothing. Text is for people: a line for each notebook,
// a block that fits a screen for each failing cell, and signs of life meanwhile.
package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

// Text writes a report for people.
type Text struct {
	Out   io.Writer
	Cells io.Writer // where the output of cells is shown while they run; nil hides it
	Color bool
	Quiet bool // say nothing of notebooks that pass
	// Live keeps one line up to date while a notebook runs; for terminals. Without it a line appears every 30 seconds.
	Live  bool
	Width func() int // of the terminal; needed for Live
	// Notes returns lines that follow a failure: where the output is, how to run it again.
	Notes func(r runner.Result, f runner.Failure) []string

	mu   sync.Mutex
	live *live
}

// Observe takes part in a run as runner.Options.Observe. It may be called from any goroutine.
func (t *Text) Observe(e runner.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.live == nil {
		t.live = newLive(t)
	}
	switch e := e.(type) {
	case runner.Started:
		t.live.begin(e.Path)
	case runner.CellStarted:
		t.live.cell(e)
	case runner.CellOutput:
		t.live.output(e)
		t.show(e.Event)
	case runner.CellDone:
		if e.Value != nil {
			t.print(e.Value.Text() + "\n")
		}
	case runner.Finished:
		t.live.end(e.Result.Path)
		t.finished(e.Result)
	}
}

// Close ends the signs of life.
func (t *Text) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.live != nil {
		t.live.stop()
	}
}

func (t *Text) show(e repl.Event) {
	switch e := e.(type) {
	case repl.Stream:
		if e.Name == "stderr" {
			t.printTo(t.Out, e.Text)
		} else {
			t.print(e.Text)
		}
	case repl.Notice:
		t.printTo(t.Out, "groupnb: "+e.Text+"\n")
	case repl.Display:
		if !e.Update {
			t.print(e.Bundle.Text() + "\n")
		}
	}
}

func (t *Text) print(text string) { t.printTo(t.Cells, text) }

// printTo shows what a cell does, if that is wanted.
func (t *Text) printTo(w io.Writer, text string) {
	if t.Cells != nil && text != "" {
		t.live.hide()
		t.live.midline = !strings.HasSuffix(text, "\n")
		io.WriteString(w, text)
	}
}

func (t *Text) finished(r runner.Result) {
	if r.Passed() && t.Quiet {
		return
	}
	if r.Passed() {
		fmt.Fprintf(t.Out, "%s   %s  %s  %s\n", t.paint(green, "ok"), r.Path, cells(r.Run), seconds(r.Elapsed))
		return
	}
	fmt.Fprintf(t.Out, "%s: %s (%s)\n", t.paint(red, "--- FAIL"), r.Path, seconds(r.Elapsed))
	for _, d := range r.Differences {
		fmt.Fprintf(t.Out, "    cell %d of %d: %s differs\n", d.Number, d.Of, d.What)
		want, got := window(plain(d.Want), plain(d.Got))
		fmt.Fprintf(t.Out, "      %s\n      %s\n", t.paint(red, "- "+shorten(want)), t.paint(green, "+ "+shorten(got)))
	}
	for _, f := range r.Failures {
		var notes []string
		if t.Notes != nil {
			notes = t.Notes(r, f)
		}
		for _, line := range append(t.Block(f), notes...) {
			fmt.Fprintln(t.Out, strings.TrimRight("    "+line, " "))
		}
	}
	if r.Err != nil && (r.Unsaved || len(r.Failures) == 0) {
		fmt.Fprintf(t.Out, "    %v\n", r.Err)
	}
	if err := r.Unfinished(); err != nil {
		fmt.Fprintf(t.Out, "    %v\n", err)
	}
}

func cells(n int) string {
	if n == 1 {
		return "1 cell"
	}
	return fmt.Sprintf("%d cells", n)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

// Colours of a terminal.
const (
	red   = "31"
	green = "32"
	blue  = "34"
	gray  = "90"
)

func (t *Text) paint(color, text string) string {
	if !t.Color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}
