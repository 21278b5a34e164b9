package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/notebook"
)

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
  groupnb run -v -p lr=0.1 train.ipynb   set a parameter, show what cells print
  groupnb run --help train.ipynb         list its parameters`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.paths = args
			return runRun(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.output, "output", "o", "", "write executed notebooks to `FILE`, folder (DIR/) or - for standard output")
	f.BoolVarP(&o.inPlace, "write", "w", false, "write executed notebooks in place")
	o.flags(f)
	helpWithParameters(cmd)
	return cmd
}

func runRun(ctx context.Context, o *runOptions) error {
	jobs, err := o.jobs()
	if err != nil {
		return err
	}
	targets, err := o.targets(jobs)
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].target = targets[i]
		jobs[i].nb.DescribeKernel()
	}
	return o.execute(ctx, jobs)
}

// A job is a notebook to run and the place for the result, "" if it isn't kept.
type job struct {
	path, rel, target string
	nb                *notebook.Notebook
}
