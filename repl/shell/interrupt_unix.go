//go:build unix

package shell

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// interruptible makes the end of the command's context what Ctrl-C is in a terminal: every process of this program's
// group gets the signal, which this program itself does not heed until restore is called. The group stays one, so that
// whoever ends it ends the command's processes too.
func interruptible(cmd *exec.Cmd) (restore func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	cmd.Cancel = func() error {
		if syscall.Getpgrp() != os.Getpid() { // the group is someone else's
			return cmd.Process.Signal(os.Interrupt)
		}
		return syscall.Kill(-os.Getpid(), syscall.SIGINT)
	}
	return func() { signal.Stop(c) }
}
