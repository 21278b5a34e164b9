package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// run executes the command line and returns the exit code. Results go to standard output, everything else to standard
// error with the prefix "groupnb:".
func run(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return exitOK
	}
	e := asExit(err)
	if e.err != nil {
		fmt.Fprintf(os.Stderr, "groupnb: %v\n", e.err)
	}
	if e.hint != "" {
		fmt.Fprintf(os.Stderr, "groupnb: hint: %s\n", e.hint)
	}
	return e.code
}

const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if .HasExample}}Examples:
{{.Example | trimTrailingWhitespaces}}

{{end}}Usage:
  {{.UseLine}}
{{if .HasAvailableSubCommands}}
Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}`

func newRoot() *cobra.Command {
	var o replOptions
	root := &cobra.Command{
		Use:   "groupnb [command]",
		Short: "Go in notebooks: a Jupyter kernel, a terminal session and a runner for CI.",
		Example: `  groupnb                                a Go session in the terminal
  groupnb run train.ipynb -o out.ipynb   run a notebook, keep its outputs
  groupnb -e 'fmt.Println(1 + 1)'        run one cell
  groupnb install --user                 let Jupyter find the kernel`,
		Args:                       cobra.ArbitraryArgs,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return replRun(cmd, o)
		},
	}
	o.flags(root.Flags())
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err, cmd.CommandPath()+" --help lists the flags")
	})
	root.SetHelpCommand(newHelp())
	root.AddCommand(newRun(), newTest(), newFmt(), newStrip(), newDiff(), newConvert(), newREPL(),
		newKernel(), newInstall(), newUninstall(), newVersion(), newDoctor())
	return root
}

// unknownCommand explains a first argument that is no command; often it is a file.
func unknownCommand(cmd *cobra.Command, arg string) error {
	err := fmt.Errorf("unknown command %q", arg)
	if _, statErr := os.Stat(arg); statErr == nil {
		return usage(err, "to run a notebook: groupnb run "+arg)
	}
	if similar := cmd.SuggestionsFor(arg); len(similar) > 0 {
		return usage(err, "did you mean "+strings.Join(similar, " or ")+"?")
	}
	return usage(err, "groupnb --help lists the commands")
}

// exactly returns an argument check that says what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(fmt.Errorf("%s takes %s, not %d arguments", cmd.Name(), what, len(args)), cmd.CommandPath()+" --help shows examples")
		}
		return nil
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// colored reports whether f should get colours: a terminal that isn't dumb, unless the environment says otherwise.
func colored(f *os.File) bool {
	switch {
	case os.Getenv("NO_COLOR") != "":
		return false
	case os.Getenv("CLICOLOR_FORCE") != "" && os.Getenv("CLICOLOR_FORCE") != "0":
		return true
	}
	return os.Getenv("CLICOLOR") != "0" && os.Getenv("TERM") != "dumb" && isTerminal(f)
}

func width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}

// screenSize returns the size of the terminal on standard output.
func screenSize() (cols, rows int) {
	if w, h, err := term.GetSize(int(os.Stdout.Fd())); err == nil && w > 0 && h > 0 {
		return w, h
	}
	return 80, 24
}
