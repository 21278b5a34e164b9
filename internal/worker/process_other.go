//go:build unix && !linux

package worker

import (
	"runtime/debug"
	"syscall"
)

func dieWithSession() {} // the end of the request stream tells

func limitMemory(limit int64) { debug.SetMemoryLimit(limit) }

func dup(from, to int) error { return syscall.Dup2(from, to) }
