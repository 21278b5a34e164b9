package repl

import (
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/groupnb/groupnb/internal/nowait"
	"github.com/groupnb/groupnb/internal/worker/wire"
)

// A flood is many small reads in quick succession. Then the reader waits a little before each: the writer is not
// disturbed meanwhile, and one read takes what has come.
const (
	floodGap   = 100 * time.Microsecond // between reads that may be part of one
	floodRead  = 64 << 10               // bytes; what is more in one read is taken on
	floodReads = 8                      // that make it one
	floodPause = 2 * time.Millisecond
)

// A tap takes one of the worker's streams apart. Its bytes are read by the goroutine that waits for them, or by the one
// that knows that all bytes of a cell are there.
type tap struct {
	raw   syscall.RawConn
	ready *waiter
	split wire.Splitter
	mu    sync.Mutex // held while bytes are read and taken apart
	buf   []byte
}

func newTap(p printed, s wire.Splitter) *tap {
	raw, _ := p.SyscallConn() // fails for nil alone
	return &tap{raw: raw, ready: p.ready, split: s, buf: make([]byte, 1<<19)}
}

// run reads until the stream ends.
func (t *tap) run() {
	t.raw.Control(func(fd uintptr) {
		quick, last := 0, time.Now()
		for {
			n := t.some(int(fd))
			if n == 0 {
				return
			} else if n < 0 {
				t.ready.wait()
				continue
			}
			now := time.Now()
			if n < floodRead && now.Sub(last) < floodGap {
				quick++
			} else {
				quick = 0
			}
			if quick >= floodReads {
				time.Sleep(floodPause)
				now = time.Now()
			}
			last = now
		}
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.split.Close()
}

// poll waits in the system until there is something to read.
func poll(fd int) { unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1) }

// drain takes all bytes that have been written.
func (t *tap) drain() {
	t.raw.Control(func(fd uintptr) {
		for t.some(int(fd)) > 0 {
		}
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.split.Flush()
}

// some takes what is there: the number of bytes, 0 at the end of the stream, -1 if there is nothing yet.
func (t *tap) some(fd int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		n, err := nowait.Read(fd, t.buf)
		switch {
		case n > 0:
			t.split.Write(t.buf[:n])
			return n
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return -1
		default:
			return 0
		}
	}
}
