//go:build amd64 || arm64

package worker

// goroutine tells the calling goroutine from others that live: it is where the runtime keeps what it knows of it. Every
// wait of a cell asks, and to read the number that traces print takes some ten microseconds.
func goroutine() uintptr
