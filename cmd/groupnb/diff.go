package main

import (
	"os"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/report"
)

func newDiff() *cobra.Command {
	var sources bool
	cmd := &cobra.Command{
		Use:   "diff [flags] OLD NEW",
		Short: "show how two notebooks differ, as text",
		Long: `Diff compares the readable text of two notebooks: prose, code, and outputs with a line for each picture. Ids,
counts, metadata and the layout of the JSON don't matter. The exit code is 3 if they differ.`,
		Example: `  groupnb diff old.ipynb new.ipynb
  groupnb diff --source train.md train.ipynb   prose and code only`,
		Args: exactly(2, "two notebooks"),
		RunE: func(_ *cobra.Command, args []string) error { return diffRun(args[0], args[1], sources) },
	}
	cmd.Flags().BoolVar(&sources, "source", false, "leave out outputs")
	return cmd
}

func diffRun(oldPath, newPath string, sources bool) error {
	var texts [2][]byte
	for i, path := range []string{oldPath, newPath} {
		nb, err := notebook.Read(path)
		if err != nil {
			return usage(err, "")
		}
		if sources {
			nb.Strip()
		}
		texts[i] = report.Readable(nb)
	}
	d := diff.Diff(oldPath, texts[0], newPath, texts[1])
	if len(d) == 0 {
		return nil
	}
	if _, err := os.Stdout.Write(paintDiff(d, colored(os.Stdout))); err != nil {
		return err
	}
	return &exitError{code: exitDiffer}
}
