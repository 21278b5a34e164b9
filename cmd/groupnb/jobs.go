package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/runner"
)

// runOptions are those of run and test.
type runOptions struct {
	paths       []string
	output      string
	inPlace     bool
	verbose     bool
	quiet       bool
	keepGoing   bool
	short       bool
	until       int
	parallel    int
	timeout     time.Duration
	cellTimeout time.Duration
	maxOutput   int64
	params      []string
	paramsFile  string
	json        bool
	junit       string
	html        string
	annotate    string

	testing  bool // compare, report to standard output
	update   bool
	rules    runner.Rules
	finished func(job, runner.Result) // is told of each notebook; nil does nothing
}

func (o *runOptions) flags(f *pflag.FlagSet) {
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show what the cells print")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "report failures only")
	f.StringArrayVarP(&o.params, "param", "p", nil, "set a parameter, `NAME=value`; may be repeated")
	f.StringVar(&o.paramsFile, "params", "", "set the parameters in a JSON `FILE`")
	f.IntVarP(&o.parallel, "parallel", "j", runtime.GOMAXPROCS(0), "run `N` notebooks at a time")
	f.DurationVar(&o.timeout, "timeout", 0, "limit for each notebook, such as 10m")
	f.DurationVar(&o.cellTimeout, "cell-timeout", 0, "limit for each cell")
	f.BoolVar(&o.keepGoing, "keep-going", false, "run the cells after a failing one; still exit 1")
	f.IntVar(&o.until, "until", 0, "stop after code cell `N`")
	f.BoolVar(&o.short, "short", false, "leave out cells tagged slow")
	f.Int64Var(&o.maxOutput, "max-output", 0, "`BYTES` that a cell may print into the notebook (default 10 MB)")
	f.BoolVar(&o.json, "json", false, "report in JSON lines on standard output")
	f.StringVar(&o.junit, "junit", "", "write a JUnit report to `FILE`")
	f.StringVar(&o.html, "html", "", "write a page for each notebook to `DIR`")
	f.StringVar(&o.annotate, "annotate", "auto", "mark failing lines for GitHub: auto, github or off")
}

// jobs checks everything that can be checked before anything runs.
func (o *runOptions) jobs() ([]job, error) {
	if len(o.paths) == 0 {
		return nil, usage(errors.New("no notebook to run"), "groupnb run train.ipynb")
	}
	if o.inPlace && o.output != "" {
		return nil, usage(errors.New("-w and -o exclude each other"), "")
	}
	params, err := o.parameters()
	if err != nil {
		return nil, err
	}
	found, err := runner.Find(o.paths)
	if err != nil {
		return nil, usage(err, "")
	}
	var jobs []job
	for _, f := range found {
		nb, err := readGo(f.Path)
		if err != nil {
			return nil, err
		}
		if err := runner.Set(nb, params); err != nil {
			return nil, usage(fmt.Errorf("%s: %w", f.Path, err), "groupnb run --help "+f.Path+" lists the parameters")
		}
		jobs = append(jobs, job{path: f.Path, rel: f.Rel, nb: nb})
	}
	return jobs, nil
}

// readGo reads a notebook that holds Go.
func readGo(path string) (*notebook.Notebook, error) {
	nb, err := notebook.Read(path)
	if err != nil {
		return nil, usage(err, "")
	}
	if lang := nb.Language(); lang != "" && lang != "go" {
		return nil, usage(fmt.Errorf("%s is a notebook for %s, not Go", path, lang), "")
	}
	return nb, nil
}

// parameters joins the values of --params and -p; -p wins.
func (o *runOptions) parameters() (map[string]string, error) {
	values := map[string]string{}
	if o.paramsFile != "" {
		data, err := os.ReadFile(o.paramsFile)
		if err != nil {
			return nil, usage(err, "")
		}
		var file map[string]json.RawMessage
		if err := json.Unmarshal(data, &file); err != nil {
			return nil, usage(fmt.Errorf("%s: %w", o.paramsFile, err), `want {"name": value}`)
		}
		for name, raw := range file {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			values[name] = text
		}
	}
	pairs, err := parseEnv(o.params)
	if err != nil {
		return nil, usage(err, "-p NAME=value")
	}
	maps.Copy(values, pairs)
	return values, nil
}

// targets returns where each notebook's result goes, and makes the folders.
func (o *runOptions) targets(jobs []job) ([]string, error) {
	targets := make([]string, len(jobs))
	taken := map[string]string{}
	folder := o.output != "" && o.output != "-" && o.toFolder(len(jobs))
	for i, j := range jobs {
		switch {
		case o.inPlace:
			targets[i] = j.path
		case folder:
			targets[i] = filepath.Join(o.output, j.rel)
		default:
			targets[i] = o.output
		}
		target := targets[i]
		if other := taken[target]; other != "" && target != "" {
			return nil, usage(fmt.Errorf("%s and %s would both be written to %s", other, j.path, target), "give -o a folder, or run them one by one")
		}
		taken[target] = j.path
		if target == "" || target == "-" {
			continue
		}
		if folder {
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
func (o *runOptions) toFolder(notebooks int) bool {
	if strings.HasSuffix(o.output, "/") || strings.HasSuffix(o.output, string(filepath.Separator)) {
		return true
	}
	info, err := os.Stat(o.output)
	return err == nil && info.IsDir() || err != nil && notebooks > 1 && filepath.Ext(o.output) == ""
}

// helpWithParameters lists the parameters of notebooks that stand behind --help.
func helpWithParameters(cmd *cobra.Command) {
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		listed := false
		for _, path := range cmd.Flags().Args() {
			nb, err := notebook.Read(path)
			if err != nil {
				fmt.Fprintf(os.Stderr, "groupnb: %v\n", err)
				continue
			}
			params, err := runner.Parameters(nb)
			if err != nil {
				fmt.Fprintf(os.Stderr, "groupnb: %s: %v\n", path, err)
			}
			listed = true
			printParameters(path, params)
		}
		if !listed {
			help(cmd, args)
		}
	})
}

func printParameters(path string, params []runner.Parameter) {
	if len(params) == 0 {
		fmt.Printf("%s has no parameters: no code cell is tagged parameters\n", path)
		return
	}
	fmt.Printf("Parameters of %s:\n", path)
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	defer w.Flush()
	for _, p := range params {
		fmt.Fprintf(w, "  -p %s=%s\t%s\t%s\n", p.Name, p.Default, p.Type, p.Comment)
	}
}
