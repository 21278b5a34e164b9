//go:build unix && !linux

package nowait

import "syscall"

// Read is [syscall.Read] for a descriptor in non-blocking mode.
func Read(fd int, b []byte) (int, error) { return syscall.Read(fd, b) }

// Write is [syscall.Write] for a descriptor in non-blocking mode.
func Write(fd int, b []byte) (int, error) { return syscall.Write(fd, b) }
