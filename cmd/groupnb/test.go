package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/runner"
)

func newTest() *cobra.Command {
	o := runOptions{testing: true}
	var pattern string
	cmd := &cobra.Command{
		Use:   "test [flags] NOTEBOOK|DIR|DIR/...",
		Short: "run notebooks and compare with their stored outputs",
		Long: `Test executes notebooks and compares what they show with the outputs stored in them. Words must match, numbers
may differ a little, durations and addresses don't count, pictures may differ slightly. Nothing is written unless
--update is given. Cells stored without having run, and cells tagged ignore-output, are not compared.`,
		Example: `  groupnb test notebooks/...             what go test is for packages
  groupnb test --update train.ipynb      accept the new outputs
  groupnb test --junit report.xml ./...  a report for the CI server`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"./..."}
			}
			o.paths = args
			return testRun(cmd.Context(), &o, pattern)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.update, "update", false, "store the new outputs of notebooks whose cells succeed")
	f.StringVar(&pattern, "run", "", "only notebooks whose path matches `REGEXP`")
	f.Float64Var(&o.rules.Relative, "rtol", 1e-4, "relative tolerance of numbers")
	f.Float64Var(&o.rules.Pixels, "pixels", 0.01, "mean difference of colours at which pictures differ, 0 to 1")
	o.flags(f)
	return cmd
}

func testRun(ctx context.Context, o *runOptions, pattern string) error {
	match, err := regexp.Compile(pattern)
	if err != nil {
		return usage(fmt.Errorf("--run: %w", err), "")
	}
	jobs, err := o.jobs()
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j job) bool { return !match.MatchString(j.path) })
	if len(jobs) == 0 {
		return usage(errors.New("no notebook matches --run "+pattern), "")
	}
	if !o.update {
		return o.execute(ctx, jobs)
	}
	o.finished = func(j job, r runner.Result) {
		if len(r.Failures) == 0 && r.Stop == nil && r.Err == nil {
			if err := j.nb.WriteFile(j.path); err != nil {
				fmt.Fprintf(os.Stderr, "groupnb: %v\n", err)
			}
		}
	}
	return o.execute(ctx, jobs)
}
