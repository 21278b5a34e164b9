//go:build unix && (!linux || race)

// The race detector knows from package syscall that what is read has been written before.

package nowait

import "syscall"

// Read is [syscall.Read] for a descriptor in non-blocking mode.
func Read(fd int, b []byte) (int, error) { return syscall.Read(fd, b) }

// Write is [syscall.Write] for a descriptor in non-blocking mode.
func Write(fd int, b []byte) (int, error) { return syscall.Write(fd, b) }

// IsOpen reports whether fd is an open descriptor.
func IsOpen(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil
}
