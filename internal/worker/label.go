package worker

import "unsafe"

// profLabel identifies the profiler labels of the calling goroutine. The runtime keeps this name for packages that
// need it; there is no exported way from a goroutine to its labels.
//
//go:linkname profLabel runtime/pprof.runtime_getProfLabel
func profLabel() unsafe.Pointer
