//go:build !amd64 || noasm

package kernels

import "runtime"

// pause lets others run in a spinning loop.
func pause() { runtime.Gosched() }
