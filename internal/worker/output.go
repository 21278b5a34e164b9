package worker

import (
	"os"
	"sync"
	"syscall"
	"unsafe"

	"github.com/groupnb/groupnb/internal/nowait"
	"github.com/groupnb/groupnb/internal/worker/wire"
)

// output is the way of printed bytes to the session. All that is printed in order goes through descriptor 1, standard
// error too, with markers around what is not standard output of the current cell. Only what writes descriptor 2
// directly comes another way, without a place between the others.
type output struct {
	mu    sync.Mutex
	key   string
	cells *cells
	fds   [2]int // own duplicates of descriptors 1 and 2, which a cell may close
}

func newOutput(key string, cells *cells) *output {
	o := &output{key: key, cells: cells}
	for i := range o.fds {
		fd, err := syscall.Dup(i + 1)
		if err != nil {
			killGroup()
		}
		syscall.CloseOnExec(fd)
		o.fds[i] = fd
	}
	return o
}

// write writes all of b, without the buffers and locks of an os.File: most of the cost of a printed line is here.
func (o *output) write(i int, b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(o.fds[i], b)
		if n > 0 {
			b = b[n:]
		}
		if err != nil && err != syscall.EINTR && err != syscall.EAGAIN {
			return err
		}
	}
	return nil
}

// stream is standard output or standard error as an ordered writer.
type stream struct {
	*output
	kind byte
}

func (s stream) Write(p []byte) (int, error) {
	mine := s.cells.mine()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kind == wire.Stdout && mine == s.cells.now() {
		if err := s.write(0, p); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	b := wire.Marker{Kind: s.kind, N: mine.number}.Append(make([]byte, 0, len(p)+128), s.key)
	b = append(b, p...)
	b = wire.Marker{Kind: wire.Stdout}.Append(b, s.key)
	if err := s.write(0, b); err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteString writes text without a copy.
func (s stream) WriteString(text string) (int, error) {
	return s.Write(unsafe.Slice(unsafe.StringData(text), len(text)))
}

func (o *output) mark(m wire.Marker) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write(0, m.Append(nil, o.key))
}

// restore opens again what a cell has closed of descriptors 1 and 2.
func (o *output) restore() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, fd := range o.fds {
		reopen(i+1, fd)
	}
}

func reopen(fd, from int) {
	if nowait.IsOpen(fd) || dup(from, fd) != nil {
		return
	}
	if fd == 1 {
		os.Stdout = os.NewFile(1, "/dev/stdout")
	} else {
		os.Stderr = os.NewFile(2, "/dev/stderr")
	}
}
