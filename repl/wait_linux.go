package repl

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A waiter waits until a pipe can be read, like any wait for a file: without a thread, and known to the scheduler. But
// only while somebody waits is the pipe watched.
type waiter struct {
	pipe int
	set  *os.File        // an epoll instance of the pipe alone
	raw  syscall.RawConn // of set
}

func newWaiter(pipe int) (*waiter, error) {
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create", err)
	}
	unix.SetNonblock(set, true) // tells NewFile that the scheduler can watch it
	w := &waiter{pipe: pipe, set: os.NewFile(uintptr(set), "waiter")}
	w.raw, _ = w.set.SyscallConn() // fails for nil alone
	return w, os.NewSyscallError("epoll_ctl", w.watch(set, unix.EPOLL_CTL_ADD, 0))
}

func (w *waiter) watch(set, op int, events uint32) error {
	return unix.EpollCtl(set, op, w.pipe, &unix.EpollEvent{Events: events | unix.EPOLLONESHOT, Fd: int32(w.pipe)})
}

// wait returns when there is something to read, or the end.
func (w *waiter) wait() {
	watched := false
	err := w.raw.Read(func(set uintptr) bool {
		if !watched {
			w.watch(int(set), unix.EPOLL_CTL_MOD, unix.EPOLLIN)
			watched = true
		}
		var event [1]unix.EpollEvent
		n, _ := unix.EpollWait(int(set), event[:], 0)
		return n > 0
	})
	if err != nil { // the scheduler does not watch it
		poll(w.pipe)
	}
}

func (w *waiter) close() { w.set.Close() }
