package jupyter

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// watchParent calls gone once when the process that started this one is gone. That is the parent, whose number then
// changes, or the one that Jupyter names in JPY_PARENT_PID when a wrapper stands in between.
func watchParent(gone func()) (stop func()) {
	parent, manager := os.Getppid(), managerProcess()
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(parentCheck)
		defer tick.Stop()
		if manager != nil {
			defer manager.Release()
		}
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if os.Getppid() != parent || manager != nil && isGone(manager) {
					gone()
					return
				}
			}
		}
	}()
	return func() { close(done) }
}

// managerProcess is the process named in JPY_PARENT_PID; nil if it can't be watched.
func managerProcess() *os.Process {
	pid, err := strconv.Atoi(os.Getenv("JPY_PARENT_PID"))
	if err != nil || pid <= 1 || runtime.GOOS == "windows" { // there it is no process number but a handle
		return nil
	}
	p, err := os.FindProcess(pid)
	if err != nil || isGone(p) { // a number of another name space
		return nil
	}
	return p
}

func isGone(p *os.Process) bool { return errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) }
