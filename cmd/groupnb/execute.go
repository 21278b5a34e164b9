package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/report"
	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

// execute runs the jobs, reports, and returns the exit code as an error.
func (o *runOptions) execute(parent context.Context, jobs []job) error {
	ctx, kill, done := stoppable(parent)
	defer done()
	reports, finish, err := o.reports(jobs)
	if err != nil {
		return err
	}
	order := runner.NewOrder(reports)
	results := make([]runner.Result, len(jobs))
	slots := make(chan struct{}, max(1, o.parallel))
	var all sync.WaitGroup
	for i, j := range jobs {
		slots <- struct{}{}
		if ctx.Err() != nil {
			results[i] = runner.Result{Path: j.path, Stop: context.Cause(ctx).(*runner.Stop)}
			<-slots
			continue
		}
		all.Go(func() {
			defer func() { <-slots }()
			results[i] = o.run(ctx, kill, j, order.Observer(i))
		})
	}
	all.Wait()
	code := exitOK
	for i, r := range results {
		code = worse(code, exitCode(r))
		if o.finished != nil {
			o.finished(jobs[i], r)
		}
	}
	if err := finish(results); err != nil {
		return &exitError{code: worse(code, exitUsage), err: err}
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// run executes one notebook.
func (o *runOptions) run(ctx context.Context, kill <-chan struct{}, j job, observe func(runner.Event)) runner.Result {
	ro := runner.Options{
		Start: func(ctx context.Context) (runner.Session, error) {
			return startSession(ctx, repl.Options{Dir: filepath.Dir(j.path), MaxOutput: o.maxOutput})
		},
		Observe:     observe,
		Kill:        kill,
		Timeout:     o.timeout,
		CellTimeout: o.cellTimeout,
		KeepGoing:   o.keepGoing,
		Until:       o.until,
		Short:       o.short,
	}
	if o.testing {
		ro.Compare = &o.rules
	}
	if j.target != "" && j.target != "-" {
		ro.Save = func(nb *notebook.Notebook) error { return nb.WriteFile(j.target) }
	}
	res := runner.Run(ctx, j.path, j.nb, ro)
	if j.target == "-" {
		if _, err := os.Stdout.Write(j.nb.Encode()); err != nil && res.Err == nil {
			res.Err, res.Unsaved = err, true
		}
	}
	return res
}

// reports returns what observes the runs, and what is to be called at the end.
func (o *runOptions) reports(jobs []job) (observe func(runner.Event), finish func([]runner.Result) error, err error) {
	var observers []func(runner.Event)
	text := o.textReport(jobs)
	observers = append(observers, text.Observe)
	if o.json {
		observers = append(observers, (&report.JSON{Out: os.Stdout}).Observe)
	}
	var junit *report.JUnit
	if o.junit != "" {
		if err := notebook.CheckWritable(o.junit); err != nil {
			return nil, nil, usage(fmt.Errorf("can't write the report: %w", err), "")
		}
		junit = &report.JUnit{}
		observers = append(observers, junit.Observe)
	}
	var github *report.GitHub
	switch o.annotate {
	case "github":
		github = &report.GitHub{Out: os.Stderr}
	case "auto":
		if os.Getenv("GITHUB_ACTIONS") == "true" {
			github = &report.GitHub{Out: os.Stderr}
		}
	case "off":
	default:
		return nil, nil, usage(fmt.Errorf("--annotate=%s: want auto, github or off", o.annotate), "")
	}
	if github != nil {
		observers = append(observers, github.Observe)
	}
	observe = func(e runner.Event) {
		for _, o := range observers {
			o(e)
		}
	}
	return observe, func(results []runner.Result) error {
		text.Close()
		if github != nil {
			github.Close()
			appendSummary(results)
		}
		return o.writeReports(jobs, junit)
	}, nil
}

// textReport is on standard error; for test, of which it is the result, on standard output.
func (o *runOptions) textReport(jobs []job) *report.Text {
	out, cells := os.Stderr, os.Stdout
	if o.testing && !o.json {
		out = os.Stdout
	}
	if o.output == "-" || o.json {
		cells = os.Stderr
	}
	targets := map[string]string{}
	for _, j := range jobs {
		targets[j.path] = j.target
	}
	text := &report.Text{
		Out:   out,
		Color: colored(out),
		Live:  isTerminal(out) && os.Getenv("TERM") != "dumb",
		Quiet: o.quiet,
		Width: func() int { return width(out) },
		Notes: func(r runner.Result, f runner.Failure) []string { return o.notes(r.Path, targets[r.Path], f) },
	}
	if o.verbose {
		text.Cells = cells
	}
	return text
}

func (o *runOptions) notes(path, target string, f runner.Failure) []string {
	again := fmt.Sprintf("again: groupnb run %s --until %d", path, f.Number)
	if target == "" || target == "-" {
		return []string{again}
	}
	return []string{"saved: " + target, again}
}

// appendSummary adds a table to the page of a GitHub workflow run.
func appendSummary(results []runner.Result) {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		fmt.Fprintf(os.Stderr, "groupnb: %v\n", err)
		return
	}
	defer f.Close()
	fmt.Fprint(f, report.Summary(results))
}

// writeReports writes the reports that are files.
func (o *runOptions) writeReports(jobs []job, junit *report.JUnit) error {
	if junit != nil {
		data, err := junit.Bytes()
		if err != nil {
			return err
		}
		if err := notebook.WriteAtomically(o.junit, data); err != nil {
			return err
		}
	}
	if o.html == "" {
		return nil
	}
	for _, j := range jobs {
		data, err := report.HTML(filepath.Base(j.path), j.nb)
		if err != nil {
			return err
		}
		target := filepath.Join(o.html, strings.TrimSuffix(j.rel, filepath.Ext(j.rel))+".html")
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return err
		}
		if err := notebook.WriteAtomically(target, data); err != nil {
			return err
		}
	}
	return nil
}
