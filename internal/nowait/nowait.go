// Package nowait reads and writes at the price of the system call alone.
//
// Around other system calls the Go scheduler prepares to go on without the thread, in case the call waits, and its
// monitor looks every 20 µs whether it does. A call that can't wait gains nothing from that. It wakes the monitor, and if
// it takes a few dozen microseconds, as a message to another process does, it loses its processor to another thread.
//
// Only what ends a wait is announced. A monitor that sleeps while nothing runs learns of work by such a call alone, and
// without it nobody stops a loop that the work begins, nor looks at other descriptors meanwhile.
package nowait

import (
	"io"
	"os"
	"syscall"
)

// A Stream is a pipe or connection that the scheduler watches. One goroutine may read and one may write at a time.
type Stream struct {
	conn   Conn
	raw    syscall.RawConn
	reads  transfer
	writes transfer
}

// A Conn is what a stream can be made of: an *[os.File], a connection of package net.
type Conn interface {
	syscall.Conn
	io.Closer
}

// A transfer is one read or write.
type transfer struct {
	call, announced func(fd int, b []byte) (int, error)

	try    func(fd uintptr) bool // the method once, bound once
	b      []byte
	waited bool
	n      int
	err    error
}

// NewStream returns a stream of c, which must be in non-blocking mode, as what net and [os.Pipe] make is.
func NewStream(c Conn) (*Stream, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &Stream{conn: c, raw: raw,
		reads:  transfer{call: Read, announced: syscall.Read},
		writes: transfer{call: Write, announced: syscall.Write}}
	s.reads.try, s.writes.try = s.reads.once, s.writes.once
	return s, nil
}

// Close closes what the stream is made of. A nil stream can't be closed, and says so like a nil *[os.File].
func (s *Stream) Close() error {
	if s == nil {
		return os.ErrInvalid
	}
	return s.conn.Close()
}

// once transfers what is there to transfer; false if that is nothing yet.
func (t *transfer) once(fd uintptr) bool {
	call := t.call
	if t.waited {
		call = t.announced
	}
	for {
		t.n, t.err = call(int(fd), t.b)
		if t.err != syscall.EINTR {
			t.waited = t.err == syscall.EAGAIN
			return !t.waited
		}
	}
}

// Read is the method of [io.Reader].
func (s *Stream) Read(b []byte) (int, error) {
	t := &s.reads
	t.b = b
	err := s.raw.Read(t.try)
	t.b = nil
	switch {
	case err != nil:
		return 0, err
	case t.err != nil:
		return 0, os.NewSyscallError("read", t.err)
	case t.n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return t.n, nil
}

// Write is the method of [io.Writer].
func (s *Stream) Write(b []byte) (n int, err error) {
	t := &s.writes
	for n < len(b) {
		t.b = b[n:]
		err = s.raw.Write(t.try)
		t.b = nil
		if err != nil {
			return n, err
		}
		if t.err != nil {
			return n, os.NewSyscallError("write", t.err)
		}
		n += t.n
	}
	return n, nil
}
