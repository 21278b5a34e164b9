package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/runner"
)

// rewrite applies change to each notebook: in place, from standard input to standard output without paths or for
// "-", or with list only naming the files that would change and failing with exitDiffer if there are any.
func rewrite(paths []string, list bool, change func(*notebook.Notebook)) error {
	if len(paths) == 0 || len(paths) == 1 && paths[0] == "-" {
		return filter(change)
	}
	found, err := runner.Find(paths)
	if err != nil {
		return usage(err, "")
	}
	differ := false
	for _, f := range found {
		before, err := os.ReadFile(f.Path)
		if err != nil {
			return usage(err, "")
		}
		nb, err := notebook.Read(f.Path)
		if err != nil {
			return usage(err, "")
		}
		change(nb)
		if string(nb.EncodeAs(f.Path)) == string(before) {
			continue
		}
		if differ = true; list {
			fmt.Println(f.Path)
			continue
		}
		if err := nb.WriteFile(f.Path); err != nil {
			return usage(err, "")
		}
	}
	if list && differ {
		return &exitError{code: exitDiffer}
	}
	return nil
}

func filter(change func(*notebook.Notebook)) error {
	if isTerminal(os.Stdin) {
		return usage(errors.New("no notebook"), "name files, or pipe one in")
	}
	data, err := io.ReadAll(os.Stdin)
	if err != nil {
		return usage(err, "")
	}
	nb, err := notebook.Decode(data)
	if err != nil {
		return usage(fmt.Errorf("read standard input: %w", err), "")
	}
	change(nb)
	_, err = os.Stdout.Write(nb.Encode())
	return err
}
