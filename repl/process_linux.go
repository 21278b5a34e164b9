package repl

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// processAttributes puts the worker in a group of its own and has the kernel tell it when this process dies.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGHUP}
}

// enlarge makes room in a pipe for bursts of output.
func enlarge(f *os.File) {
	if c, err := f.SyscallConn(); err == nil {
		c.Control(func(fd uintptr) { unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
}
