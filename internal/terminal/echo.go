package terminal

import "golang.org/x/sys/unix"

// withoutEcho makes a terminal show nothing of what is typed until restore is called.
func withoutEcho(fd int) (restore func()) {
	old, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return func() {}
	}
	silent := *old
	silent.Lflag &^= unix.ECHO
	unix.IoctlSetTermios(fd, setTermios, &silent)
	return func() { unix.IoctlSetTermios(fd, setTermios, old) }
}
