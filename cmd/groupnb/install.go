package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/groupnb/groupnb/internal/jupyter"
)

func newInstall() *cobra.Command {
	var o jupyter.InstallOptions
	var env []string
	cmd := &cobra.Command{
		Use:   "install [flags]",
		Short: "let Jupyter find the kernel",
		Long:  "Install writes a kernelspec that starts this very program. It prints the folder.",
		Example: `  groupnb install --user              for you
  groupnb install --sys-prefix        into the active virtual environment
  groupnb install --prefix /usr/local for everybody`,
		Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			var err error
			if o.Env, err = parseEnv(env); err != nil {
				return usage(err, "--env NAME=value")
			}
			dir, err := jupyter.Install(o)
			if err != nil {
				return usage(err, installHint(err))
			}
			fmt.Println(dir)
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	locationFlags(f, &o.Location)
	cmd.MarkFlagsMutuallyExclusive("user", "sys-prefix", "prefix")
	f.StringVar(&o.Name, "name", "", "of the kernelspec's folder (default groupnb)")
	f.StringVar(&o.DisplayName, "display-name", "", `shown by Jupyter (default "Go (groupnb)")`)
	f.StringArrayVar(&env, "env", nil, "environment of the kernel, `NAME=value`; may be repeated")
	return cmd
}

func locationFlags(f *pflag.FlagSet, l *jupyter.Location) {
	f.BoolVar(&l.User, "user", false, "for this user (the default)")
	f.BoolVar(&l.SysPrefix, "sys-prefix", false, "in the active virtual environment")
	f.StringVar(&l.Prefix, "prefix", "", "below `DIR`, such as /usr/local")
}

func installHint(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "groupnb install --user needs no rights"
	}
	return ""
}

func parseEnv(pairs []string) (map[string]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	env := map[string]string{}
	for _, p := range pairs {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=value", p)
		}
		env[name] = value
	}
	return env, nil
}

func newUninstall() *cobra.Command {
	var l jupyter.Location
	var name string
	cmd := &cobra.Command{
		Use:     "uninstall [flags]",
		Short:   "remove the kernel from Jupyter",
		Example: "  groupnb uninstall\n  groupnb uninstall --name go-test",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			dir, err := jupyter.Uninstall(name, l)
			if err != nil {
				return &exitError{code: exitFailed, err: err, hint: "groupnb kernel list shows what is installed"}
			}
			fmt.Println(dir)
			return nil
		},
	}
	locationFlags(cmd.Flags(), &l)
	cmd.MarkFlagsMutuallyExclusive("user", "sys-prefix", "prefix")
	cmd.Flags().StringVar(&name, "name", "", "of the kernelspec's folder (default groupnb)")
	return cmd
}
