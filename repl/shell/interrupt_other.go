//go:build !unix

package shell

import "os/exec"

// interruptible leaves it at ending the command itself.
func interruptible(*exec.Cmd) (restore func()) { return func() {} }
