package main

import (
	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/notebook"
)

func newFmt() *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:   "fmt [flags] NOTEBOOK|DIR|DIR/...",
		Short: "format the code in notebooks as gofmt does",
		Long: `Fmt formats code cells in place and writes the file in its one form: sorted keys, so that only what changed shows
in a diff. Outputs stay. Without arguments it is a filter from standard input to standard output.`,
		Example: `  groupnb fmt train.ipynb       format in place
  groupnb fmt -l notebooks/...  list what is not formatted; exit 3 if there is any`,
		RunE: func(_ *cobra.Command, args []string) error {
			return rewrite(args, list, func(nb *notebook.Notebook) { nb.Format() })
		},
	}
	cmd.Flags().BoolVarP(&list, "list", "l", false, "list files whose formatting differs, change nothing")
	return cmd
}
