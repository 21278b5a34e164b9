package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/report"
)

func newConvert() *cobra.Command {
	var output, format string
	cmd := &cobra.Command{
		Use:   "convert [flags] NOTEBOOK",
		Short: "convert between .ipynb, .md, .go and .html",
		Long: `Convert writes a notebook in another form: Markdown that renders everywhere and diffs well, Go in the percent
format, a page with everything in it, or a notebook made of one of the first two. Outputs survive in .ipynb and .html.`,
		Example: `  groupnb convert train.ipynb -o train.md    the text twin
  groupnb convert train.md -o train.ipynb    and back
  groupnb convert train.ipynb -o train.html  a page to look at
  groupnb convert --to md train.ipynb        to standard output`,
		Args: exactly(1, "one notebook"),
		RunE: func(_ *cobra.Command, args []string) error { return convertRun(args[0], output, format) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&output, "output", "o", "-", "`FILE` to write; its ending tells the format")
	f.StringVar(&format, "to", "", "ipynb, md, go or html")
	return cmd
}

func convertRun(path, output, format string) error {
	nb, err := notebook.Read(path)
	if err != nil {
		return usage(err, "")
	}
	if format == "" {
		format = filepath.Ext(output)
		if output == "-" || format == "" {
			return usage(errors.New("into what? the ending of -o FILE or --to tells"), "groupnb convert --to md "+path)
		}
		format = format[1:]
	}
	data, err := encodeAs(nb, path, format)
	if err != nil {
		return err
	}
	if output == "-" {
		_, err := os.Stdout.Write(data)
		return err
	}
	if err := notebook.WriteAtomically(output, data); err != nil {
		return usage(err, "")
	}
	return nil
}

func encodeAs(nb *notebook.Notebook, path, format string) ([]byte, error) {
	switch format {
	case "ipynb":
		nb.DescribeKernel()
		fallthrough
	case "md", "qmd", "go":
		return nb.EncodeAs("x." + format), nil
	case "html", "htm":
		return report.HTML(filepath.Base(path), nb)
	}
	return nil, usage(fmt.Errorf("unknown format %q", format), "ipynb, md, go or html")
}
