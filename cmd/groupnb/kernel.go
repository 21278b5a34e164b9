package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/jupyter"
	"github.com/groupnb/groupnb/repl"
)

func newKernel() *cobra.Command {
	var file string
	o := jupyter.Options{Version: version(), Log: logLine}
	cmd := &cobra.Command{
		Use:   "kernel --connection-file FILE",
		Short: "serve Jupyter; Jupyter itself runs this",
		Example: `  groupnb kernel --connection-file kernel.json
  groupnb kernel list          what Jupyter knows`,
		Args: cobra.ArbitraryArgs, // jupyter run hands its script's name to the kernel, too
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usage(errors.New("no connection file"), "groupnb install lets Jupyter start the kernel")
			}
			o.History = filepath.Join(stateDir(), "jupyter-history.jsonl")
			calmCollector()
			if err := jupyter.Serve(cmd.Context(), file, startForJupyter, o); err != nil {
				return &exitError{code: exitFailed, err: err}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "connection-file", "f", "", "`FILE` in which Jupyter says where to listen")
	cmd.Flags().BoolVar(&o.AllowRemote, "allow-remote", false, "listen on addresses that other machines can reach")
	cmd.AddCommand(newKernelList())
	return cmd
}

// startForJupyter starts a session. Afterwards this process only passes messages on, a little work at a time between two
// sockets and a pipe: on one processor its goroutines wake each other without switching threads, and the others belong to
// the cells.
func startForJupyter(ctx context.Context, late func(cell string, e repl.Event)) (jupyter.Session, error) {
	defer runtime.GOMAXPROCS(1)
	return repl.Start(ctx, repl.Options{Late: late, Env: jupyter.SessionEnv})
}

func logLine(format string, args ...any) { fmt.Fprintf(os.Stderr, "groupnb: "+format+"\n", args...) }

func newKernelList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "list the kernelspecs that start groupnb",
		Example: "  groupnb kernel list",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			all, err := jupyter.List()
			if err != nil {
				return &exitError{code: exitFailed, err: err}
			}
			for _, k := range all {
				note := ""
				switch {
				case k.Missing:
					note = "  (the program is gone: " + k.Executable + ")"
				case k.Shadowed:
					note = "  (hidden by one of the same name)"
				}
				fmt.Printf("%s  %s%s\n", k.Name, k.Dir, note)
			}
			return nil
		},
	}
}

// calmCollector makes the collector run half as often: the kernel's own heap is small, and a collection delays a cell.
func calmCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}
