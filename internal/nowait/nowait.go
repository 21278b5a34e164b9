// Package nowait reads and writes descriptors that are not to be waited for, at the price of the system call alone.
//
// For other system calls the Go scheduler prepares to go on without the thread, in case the call waits, and its monitor
// looks every 20 µs whether it does. That costs more than a short call, and for the length of a long one it takes the
// processor away.
package nowait
