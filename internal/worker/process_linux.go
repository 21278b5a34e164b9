package worker

import (
	"bytes"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
)

// dieWithSession ends the whole process group when the kernel tells that the session's process died. The end of the
// request stream tells the same; this is for a worker that is too busy to read it.
func dieWithSession() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	go func() {
		<-c
		killGroup()
	}()
}

// limitMemory makes the collector work harder from limit on, and allocations beyond it fail.
func limitMemory(limit int64) {
	debug.SetMemoryLimit(limit)
	space := uint64(limit) + addressSpace()
	syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: space, Max: space})
}

// addressSpace is what the process has reserved so far, most of it never touched.
func addressSpace() uint64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseUint(string(bytes.Fields(data)[0]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}

func dup(from, to int) error { return syscall.Dup3(from, to, 0) }
