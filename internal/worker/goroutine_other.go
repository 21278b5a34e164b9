//go:build !amd64 && !arm64

package worker

import (
	"bytes"
	"runtime"
	"strconv"
)

// goroutine is the number of the calling goroutine, as traces print it.
func goroutine() uintptr {
	var b [64]byte
	fields := bytes.Fields(b[:runtime.Stack(b[:], false)])
	id, _ := strconv.ParseUint(string(fields[1]), 10, 64)
	return uintptr(id)
}
