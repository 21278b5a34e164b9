package kernels

import "unsafe"

// fetch is what a kernel prefetches in the course of its work: runs of cache lines. The kernel writes down how far it came.
type fetch struct {
	at   uintptr // the next line, a number because the kernel moves it
	left uintptr // lines of this run
	run  uintptr // lines of every run
	jump uintptr // bytes from the end of a run to the next one
	runs uintptr // not done yet
}

// noFetch is nothing to prefetch. Kernels do not write to it.
var noFetch fetch

// newFetch is so many pixels of planes that begin with x.
func newFetch(x []float32, planes, pixels, plane int) fetch {
	if planes*pixels == 0 {
		return fetch{}
	}
	return fetch{uintptr(unsafe.Pointer(&x[0])), uintptr(pixels), uintptr(pixels), uintptr(plane-pixels) * pixelBytes, uintptr(planes)}
}
