package worker

import (
	"bytes"
	"runtime"
	"strconv"
	"unsafe"
)

// profLabel identifies the profiler labels of the calling goroutine. The runtime keeps this name for packages that
// need it; there is no exported way from a goroutine to its labels.
//
//go:linkname profLabel runtime/pprof.runtime_getProfLabel
func profLabel() unsafe.Pointer

// goroutineID is the number of the calling goroutine, as traces print it.
func goroutineID() uint64 {
	var b [64]byte
	fields := bytes.Fields(b[:runtime.Stack(b[:], false)])
	id, _ := strconv.ParseUint(string(fields[1]), 10, 64)
	return id
}
