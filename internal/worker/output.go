package worker

import (
	"os"
	"sync"
	"syscall"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// output is the way of printed bytes to the session. All that is printed in order goes through descriptor 1, standard
// error too, with markers around what is not standard output of the current cell. Only what writes descriptor 2
// directly comes another way, without a place between the others.
type output struct {
	mu    sync.Mutex
	key   string
	cells *cells
	files [2]*os.File // own duplicates of descriptors 1 and 2, which a cell may close
}

func newOutput(key string, cells *cells) *output {
	o := &output{key: key, cells: cells}
	for i := range o.files {
		fd, err := syscall.Dup(i + 1)
		if err != nil {
			killGroup()
		}
		syscall.CloseOnExec(fd)
		o.files[i] = os.NewFile(uintptr(fd), "output")
	}
	return o
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
	now := s.cells.now()
	if s.kind == wire.Stdout && mine == now {
		return s.files[0].Write(p)
	}
	b := wire.Marker{Kind: s.kind, N: mine.number}.Append(make([]byte, 0, len(p)+128), s.key)
	b = append(b, p...)
	b = wire.Marker{Kind: wire.Stdout, N: now.number}.Append(b, s.key)
	if _, err := s.files[0].Write(b); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (o *output) mark(m wire.Marker) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.files[0].Write(m.Append(nil, o.key))
}

// begin and end put marks around a cell on both descriptors. end restores a descriptor that the cell closed.
func (o *output) begin(cell uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.files[0].Write(wire.Marker{Kind: wire.Stdout, N: cell}.Append(nil, o.key))
	o.files[1].Write(wire.Marker{Kind: wire.Stderr, N: cell}.Append(nil, o.key))
}

func (o *output) end(cell uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, f := range o.files {
		f.Write(wire.Marker{Kind: wire.End, N: cell}.Append(nil, o.key))
		o.restore(i+1, f)
	}
}

func (o *output) restore(fd int, f *os.File) {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) == nil {
		return
	}
	if dup(int(f.Fd()), fd) != nil {
		return
	}
	if fd == 1 {
		os.Stdout = os.NewFile(1, "/dev/stdout")
	} else {
		os.Stderr = os.NewFile(2, "/dev/stderr")
	}
}
