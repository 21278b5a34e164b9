package main

import (
	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/notebook"
)

func newStrip() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "strip [flags] NOTEBOOK|DIR|DIR/...",
		Short: "remove outputs from notebooks",
		Long: `Strip removes outputs, counts and timings in place, save in cells tagged keep_output. Without arguments it is a
filter, so git can apply it to what is committed:

  git config filter.groupnb.clean "groupnb strip"
  echo '*.ipynb filter=groupnb' >> .gitattributes`,
		Example: `  groupnb strip train.ipynb          in place
  groupnb strip --check notebooks/... list what has outputs; exit 3 if there is any`,
		RunE: func(_ *cobra.Command, args []string) error {
			return rewrite(args, check, (*notebook.Notebook).Strip)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "list files with outputs, change nothing")
	return cmd
}
