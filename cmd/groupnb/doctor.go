package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/jupyter"
	"github.com/groupnb/groupnb/kernels"
	"github.com/groupnb/groupnb/repl"
)

func newDoctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "doctor [flags]",
		Short:   "check the installation and print what matters for a bug report",
		Example: "  groupnb doctor\n  groupnb doctor --json",
		Args:    exactly(0, "no arguments"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return doctorRun(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// A finding is one line of the doctor's report. A problem makes the command fail.
type finding struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Problem bool   `json:"problem,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

func doctorRun(ctx context.Context, asJSON bool) error {
	findings := []finding{
		{Name: "version", Value: version()},
		{Name: "go", Value: goVersion()},
		{Name: "system", Value: runtime.GOOS + "/" + runtime.GOARCH},
		{Name: "processors", Value: fmt.Sprint(runtime.GOMAXPROCS(0))},
		{Name: "kernels", Value: fmt.Sprintf("%s, %d threads", kernels.Level(), kernels.Threads())},
		checkSession(ctx),
		checkJupyter(),
		{Name: "history", Value: historyFile()},
		{Name: "terminal", Value: describeTerminal()},
	}
	problem := false
	for _, f := range findings {
		problem = problem || f.Problem
	}
	if asJSON {
		if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"ok": !problem, "findings": findings}); err != nil {
			return err
		}
	} else {
		printFindings(findings)
	}
	if problem {
		return &exitError{code: exitFailed}
	}
	return nil
}

func printFindings(findings []finding) {
	for _, f := range findings {
		mark := " "
		if f.Problem {
			mark = "!"
		}
		fmt.Printf("%s %-11s %s\n", mark, f.Name, f.Value)
		if f.Hint != "" {
			fmt.Printf("  %-11s hint: %s\n", "", f.Hint)
		}
	}
}

// checkSession runs a cell, which takes the whole way: worker process, type check, interpreter, result.
func checkSession(ctx context.Context) finding {
	start := time.Now()
	f := finding{Name: "session"}
	s, err := startSession(ctx, repl.Options{})
	if err == nil {
		defer s.Close()
		var res repl.Result
		res, err = s.Execute(ctx, repl.Cell{Source: "1 + 1"}, func(repl.Event) {})
		if err == nil && (res.Value == nil || res.Value.Text() != "2") {
			err = fmt.Errorf("1 + 1 gave %v", res.Value)
		}
	}
	if err != nil {
		f.Value, f.Problem = err.Error(), true
		return f
	}
	f.Value = fmt.Sprintf("ok, first result after %d ms", time.Since(start).Milliseconds())
	return f
}

// checkJupyter tells whether Jupyter is there and knows the kernel; both are optional.
func checkJupyter() finding {
	f := finding{Name: "jupyter"}
	path, err := exec.LookPath("jupyter")
	if err != nil {
		f.Value = "not found; groupnb works without it"
		return f
	}
	f.Value = path
	specs, err := jupyter.List()
	switch {
	case err != nil:
		f.Value, f.Problem = err.Error(), true
	case len(specs) == 0:
		f.Hint = "groupnb install --user lets Jupyter find the kernel"
	case specs[0].Missing:
		f.Value, f.Problem = fmt.Sprintf("%s starts %s, which is gone", specs[0].Dir, specs[0].Executable), true
		f.Hint = "groupnb install --user writes it anew"
	default:
		f.Value += ", kernel in " + specs[0].Dir
	}
	return f
}

func describeTerminal() string {
	if !isTerminal(os.Stdout) {
		return "standard output is no terminal"
	}
	return fmt.Sprintf("%s, %d columns, colours %t", os.Getenv("TERM"), width(os.Stdout), colored(os.Stdout))
}

// historyFile is where the inputs of interactive sessions are kept.
func historyFile() string { return filepath.Join(stateDir(), "history.jsonl") }

// stateDir follows the XDG convention where the system has no other.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "groupnb")
	}
	switch runtime.GOOS {
	case "darwin", "windows":
		if dir, err := os.UserConfigDir(); err == nil {
			return filepath.Join(dir, "groupnb")
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "groupnb")
	}
	return filepath.Join(home, ".local", "state", "groupnb")
}
