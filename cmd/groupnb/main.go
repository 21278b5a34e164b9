// Command groupnb runs Go in notebooks: as a Jupyter kernel, in a terminal, and as a runner for scripts and CI.
//
//	groupnb                              a Go session in the terminal
//	groupnb run train.ipynb -o out.ipynb runs a notebook
//	groupnb install --user               lets Jupyter find the kernel
package main

import (
	"os"

	"github.com/groupnb/groupnb/repl"
)

func main() {
	repl.Hook()
	os.Exit(run(os.Args[1:]))
}
