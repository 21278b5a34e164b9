// Package shell runs system commands, and changes the directory and environment that they and the program see. It is
// what the commands %cd, %env, %%writefile and !command of a notebook call.
//
//	shell.Run("ls -l | head -3") // output appears as it comes
//	shell.Chdir("~/data")
//
// In a notebook an interrupt of the cell reaches the command as Ctrl-C would. The package has no pipes, jobs or
// expansions of its own: Run leaves all that to the system's shell.
package shell

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/groupnb/groupnb/repl/display"
)

// patience is how long an interrupted command may take to end by itself.
const patience = time.Second

// Run runs a command line by sh -c (cmd /C on Windows), with this program's standard input, output and error. The
// error tells a status other than 0, or that the command was interrupted.
func Run(command string) error {
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/C"
	}
	ctx := display.Context()
	cmd := exec.CommandContext(ctx, name, flag, command)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.WaitDelay = patience
	restore := interruptible(cmd)
	defer restore()
	err := cmd.Run()
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

// Chdir changes the working directory. A leading ~ stands for the home directory, and so does "".
func Chdir(dir string) error {
	if dir == "" || dir == "~" || strings.HasPrefix(dir, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		dir = filepath.Join(home, strings.TrimPrefix(dir, "~"))
	}
	return os.Chdir(dir)
}

// WriteFile writes text to a file, after what it holds if add is set.
func WriteFile(path, text string, add bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if add {
		flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	f, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(f, text)
	return errors.Join(err, f.Close())
}
