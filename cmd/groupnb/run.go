package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/report"
	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

type runOptions struct {
	paths       []string
	output      string
	inPlace     bool
	verbose     bool
	keepGoing   bool
	until       int
	timeout     time.Duration
	cellTimeout time.Duration
}

func newRun() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [flags] NOTEBOOK|DIR|DIR/...",
		Short: "run notebooks and keep their outputs",
		Long: `Run executes notebooks from top to bottom, each in a fresh Go session in the notebook's folder. Without -o and -w
it only reports. What is done is saved whatever happens, and no process stays behind.`,
		Example: `  groupnb run train.ipynb -o out.ipynb   write the executed notebook
  groupnb run -w train.ipynb             write it in place
  groupnb run -o out/ notebooks/...      all notebooks below a folder
  groupnb run -v train.ipynb             show what the cells print`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.paths = args
			return runRun(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.output, "output", "o", "", "write executed notebooks to `FILE`, folder (DIR/) or - for standard output")
	f.BoolVarP(&o.inPlace, "write", "w", false, "write executed notebooks in place")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show what the cells print")
	f.BoolVar(&o.keepGoing, "keep-going", false, "run the cells after a failing one; still exit 1")
	f.IntVar(&o.until, "until", 0, "stop after code cell `N`")
	f.DurationVar(&o.timeout, "timeout", 0, "limit for each notebook, such as 10m")
	f.DurationVar(&o.cellTimeout, "cell-timeout", 0, "limit for each cell")
	return cmd
}

func runRun(parent context.Context, o runOptions) error {
	jobs, err := o.jobs()
	if err != nil {
		return err
	}
	ctx, kill, done := stoppable(parent)
	defer done()
	text := &report.Text{Out: os.Stderr, Color: colored(os.Stderr), Live: isTerminal(os.Stderr), Width: func() int { return width(os.Stderr) }}
	if o.verbose {
		text.Cells = os.Stdout
		if o.output == "-" {
			text.Cells = os.Stderr
		}
	}
	defer text.Close()
	code := exitOK
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		code = worse(code, o.run(ctx, kill, j, text))
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// A job is a notebook to run and the place for the result, "" if it isn't kept.
type job struct {
	path, target string
	nb           *notebook.Notebook
}

// run executes one notebook and returns the exit code it stands for.
func (o runOptions) run(ctx context.Context, kill <-chan struct{}, j job, text *report.Text) int {
	ro := runner.Options{
		Start: func(ctx context.Context) (runner.Session, error) {
			return repl.Start(ctx, repl.Options{Dir: filepath.Dir(j.path)})
		},
		Observe:     text.Observe,
		Kill:        kill,
		Timeout:     o.timeout,
		CellTimeout: o.cellTimeout,
		KeepGoing:   o.keepGoing,
		Until:       o.until,
	}
	switch j.target {
	case "":
	case "-":
	default:
		ro.Save = func(nb *notebook.Notebook) error { return nb.WriteFile(j.target) }
	}
	text.Notes = func(r runner.Result, f runner.Failure) []string { return o.notes(j, f) }
	j.nb.DescribeKernel()
	res := runner.Run(ctx, j.path, j.nb, ro)
	if j.target == "-" {
		if _, err := os.Stdout.Write(j.nb.Encode()); err != nil && res.Err == nil {
			res.Err, res.Unsaved = err, true
		}
	}
	return exitCode(res)
}

func (o runOptions) notes(j job, f runner.Failure) []string {
	again := fmt.Sprintf("again: groupnb run %s --until %d", j.path, f.Number)
	if j.target == "" || j.target == "-" {
		return []string{again}
	}
	return []string{"saved: " + j.target, again}
}

// jobs checks everything that can be checked before anything runs.
func (o runOptions) jobs() ([]job, error) {
	if len(o.paths) == 0 {
		return nil, usage(errors.New("no notebook to run"), "groupnb run train.ipynb")
	}
	if o.inPlace && o.output != "" {
		return nil, usage(errors.New("-w and -o exclude each other"), "")
	}
	found, err := runner.Find(o.paths)
	if err != nil {
		return nil, usage(err, "")
	}
	targets, err := o.targets(found)
	if err != nil {
		return nil, err
	}
	var jobs []job
	for i, f := range found {
		nb, err := notebook.Read(f.Path)
		if err != nil {
			return nil, usage(err, "")
		}
		if lang := nb.Language(); lang != "" && lang != "go" {
			return nil, usage(fmt.Errorf("%s is a notebook for %s, not Go", f.Path, lang), "")
		}
		jobs = append(jobs, job{path: f.Path, target: targets[i], nb: nb})
	}
	return jobs, nil
}

// targets returns where each notebook's result goes, and makes the folders.
func (o runOptions) targets(found []runner.Found) ([]string, error) {
	targets := make([]string, len(found))
	taken := map[string]string{}
	for i, f := range found {
		target := ""
		switch {
		case o.inPlace:
			target = f.Path
		case o.output == "-" || o.output != "" && !o.toFolder(len(found)):
			target = o.output
		case o.output != "":
			target = filepath.Join(o.output, f.Rel)
		}
		targets[i] = target
		if target == "" {
			continue
		}
		if other := taken[target]; other != "" {
			return nil, usage(fmt.Errorf("%s and %s would both be written to %s", other, f.Path, target), "run them one by one, or give -o a folder")
		}
		taken[target] = f.Path
		if target == "-" {
			continue
		}
		if o.output != "" && o.toFolder(len(found)) {
			if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
				return nil, usage(err, "")
			}
		}
		if err := notebook.CheckWritable(target); err != nil {
			return nil, usage(fmt.Errorf("can't write the output: %w", err), "")
		}
	}
	return targets, nil
}

// toFolder reports whether -o names a folder: it ends in a slash, is one, or has several notebooks to take.
func (o runOptions) toFolder(notebooks int) bool {
	if strings.HasSuffix(o.output, "/") || strings.HasSuffix(o.output, string(filepath.Separator)) {
		return true
	}
	info, err := os.Stat(o.output)
	return err == nil && info.IsDir() || err != nil && notebooks > 1 && filepath.Ext(o.output) == ""
}
