//go:build unix && !linux

package repl

import (
	"os"
	"syscall"
)

func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func enlarge(*os.File) {}
