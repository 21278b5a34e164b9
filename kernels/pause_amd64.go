//go:build !noasm

package kernels

// pause tells the processor that this is a spinning loop.
func pause()
