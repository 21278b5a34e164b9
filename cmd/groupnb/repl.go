package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/groupnb/groupnb/internal/magic"
	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/internal/terminal"
	"github.com/groupnb/groupnb/repl"
)

type replOptions struct {
	code      string
	evaluate  bool // -e was given; its code may be empty
	keepGoing bool
}

func (o *replOptions) flags(f *pflag.FlagSet) {
	f.StringVarP(&o.code, "eval", "e", "", "run `CODE` as one cell")
	f.BoolVarP(&o.keepGoing, "keep-going", "k", false, "of a script on standard input, run the cells after a failing one")
}

func newREPL() *cobra.Command {
	var o replOptions
	cmd := &cobra.Command{
		Use:   "repl [flags]",
		Short: "a Go session in the terminal, or a script on standard input",
		Long: `Repl reads Go cells from the terminal and runs them. A cell ends when it is complete. Ctrl-C interrupts, Ctrl-D
leaves. If standard input is no terminal, it is a script: cells separated by lines "// %%", run in order until one
fails.`,
		Example: `  groupnb                       the same, for short
  groupnb -e 'math.Sqrt(2)'     run one cell
  groupnb < script.go           run a script`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, args []string) error { return replRun(cmd, o) },
	}
	o.flags(cmd.Flags())
	return cmd
}

func replRun(cmd *cobra.Command, o replOptions) error {
	ctx := cmd.Context()
	o.evaluate = cmd.Flags().Changed("eval")
	switch {
	case o.evaluate:
		return script(ctx, "-e", o.code, o)
	case !isTerminal(os.Stdin):
		source, err := io.ReadAll(os.Stdin)
		if err != nil {
			return usage(err, "")
		}
		return script(ctx, "stdin", string(source), o)
	}
	return interactive(ctx)
}

func interactive(ctx context.Context) error {
	s, err := startSession(ctx, repl.Options{})
	if err != nil {
		return &exitError{code: exitDied, err: err}
	}
	defer s.Close()
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	fmt.Fprintf(os.Stderr, "groupnb %s, %s. :help helps, Ctrl-D leaves.\n", version(), goVersion())
	r := terminal.REPL{
		Session:    s,
		Editor:     editor(s, interrupts),
		Out:        os.Stdout,
		Err:        os.Stderr,
		Interrupts: interrupts,
		Color:      colored(os.Stderr),
	}
	if isTerminal(os.Stdout) {
		r.Images, r.Screen = terminal.DetectImages(os.Getenv), screenSize
	}
	if err := r.Run(ctx); err != nil {
		return &exitError{code: exitDied, err: err}
	}
	return nil
}

// editor returns the best one that the terminal can bear.
func editor(s *magic.Session, interrupts <-chan os.Signal) terminal.Editor {
	if !isTerminal(os.Stdout) || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return terminal.NewPlain(os.Stdin, os.Stdout, interrupts)
	}
	history, err := terminal.OpenHistory(historyFile())
	if err != nil {
		fmt.Fprintf(os.Stderr, "groupnb: %v\n", err)
	}
	return terminal.NewReadline(s, history, colored(os.Stdout))
}

// cellMark separates the cells of a script.
var cellMark = regexp.MustCompile(`(?m)^// ?%%.*$`)

// script runs the cells of source. Each is preceded by as many empty lines as the file has before it, so that
// positions in errors are those of the file.
func script(parent context.Context, name, source string, o replOptions) error {
	ctx, kill, done := stoppable(parent)
	defer done()
	s, err := startSession(ctx, repl.Options{})
	if err != nil {
		return &exitError{code: exitDied, err: err}
	}
	defer s.Close()
	stopped := context.AfterFunc(ctx, func() { <-kill; s.Close() })
	defer stopped()
	code := exitOK
	for _, cell := range splitScript(source) {
		c := runScriptCell(ctx, s, name, cell)
		code = worse(code, c)
		if c != exitOK && !(o.keepGoing && c == exitFailed) {
			break
		}
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

func splitScript(source string) []string {
	var cells []string
	start := 0
	for _, m := range append(cellMark.FindAllStringIndex(source, -1), []int{len(source), len(source)}) {
		if cell := source[start:m[0]]; strings.TrimSpace(cell) != "" {
			cells = append(cells, strings.Repeat("\n", strings.Count(source[:start], "\n"))+cell)
		}
		start = m[1]
	}
	return cells
}

func runScriptCell(ctx context.Context, s *magic.Session, name, source string) int {
	p := terminal.Printer{Out: os.Stdout, Err: os.Stderr, Color: colored(os.Stderr)}
	res, err := s.Execute(ctx, repl.Cell{Source: source, Name: name}, p.Event)
	if res.Value != nil {
		p.Value(*res.Value)
	}
	p.End()
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil {
		return exitCode(runner.Result{Stop: context.Cause(ctx).(*runner.Stop)})
	}
	var cellErr *repl.CellError
	if !errors.As(err, &cellErr) {
		fmt.Fprintf(os.Stderr, "groupnb: %v\n", err)
		return exitDied
	}
	p.Error(cellErr)
	return failureCode(runner.Failure{Cell: cellErr})
}
