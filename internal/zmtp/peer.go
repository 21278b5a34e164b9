package zmtp

import (
	"bufio"
	"bytes"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/groupnb/groupnb/internal/nowait"
)

const (
	writeBuffer = 64 << 10  // small messages are sent together
	writeStep   = 256 << 10 // progress is checked at least this often
	linger      = 100 * time.Millisecond

	// When the queue is full, messages up to smallMessage bytes may still enter a reserve of an eighth: a peer that
	// lost output should at least learn that the work is done.
	smallMessage = 4 << 10

	joined = 32 << 10 // bytes of small messages that share one write
)

// A peer is one connection after its handshake.
type peer struct {
	conn  net.Conn
	raw   syscall.RawConn // of conn; nil if it has none
	id    string
	limit int // of queued bytes
	stall time.Duration

	mu      sync.Mutex
	wake    *sync.Cond
	queue   [][]byte // wire forms
	queued  int      // bytes, those being written included
	writing bool     // somebody writes and will look at the queue again
	state   peerState

	complained sync.Once // about a full queue
}

type peerState int

const (
	open    peerState = iota
	closing           // writes what is queued, then closes
	closed
)

func newPeer(c net.Conn, id string, o Options) *peer {
	p := &peer{conn: c, id: id, limit: o.Queue, stall: o.Stall}
	p.wake = sync.NewCond(&p.mu)
	if sc, ok := c.(syscall.Conn); ok {
		p.raw, _ = sc.SyscallConn()
	}
	return p
}

// send queues one message or command in wire form and sees to it that it is written.
func (p *peer) send(wire []byte) error {
	err := p.enqueue(wire)
	p.push()
	return err
}

// enqueue queues one message or command in wire form; push sends it.
func (p *peer) enqueue(wire []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != open {
		return ErrNoPeer
	}
	limit := p.limit
	if len(wire) <= smallMessage {
		limit += limit / 8
	}
	if p.queued > 0 && p.queued+len(wire) > limit {
		return ErrFull
	}
	p.queue = append(p.queue, wire)
	p.queued += len(wire)
	return nil
}

// push sends what is queued. What the connection takes at once is written by the caller, which is quicker than waking
// the writer and does not depend on when the scheduler comes to it; the rest is the writer's. It reports whether all of
// it is gone.
func (p *peer) push() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writing || len(p.queue) == 0 || p.state != open {
		return !p.writing && len(p.queue) == 0 // whoever writes goes on
	}
	if p.raw != nil {
		batch := p.queue
		if len(batch) > 1 && p.queued <= joined {
			batch = [][]byte{bytes.Join(batch, nil)}
		}
		p.writing, p.queue = true, nil
		p.mu.Unlock()
		rest, n := p.try(batch)
		p.mu.Lock()
		p.writing = false
		p.queued = max(0, p.queued-n)
		if len(rest) > 0 && p.state != closed {
			p.queue = append(rest, p.queue...)
		}
	}
	if len(p.queue) > 0 || p.state != open {
		p.wake.Signal()
	}
	return len(p.queue) == 0
}

// try writes what the connection takes without waiting and returns what is left and the number of bytes written. The
// writer meets the error, if there is one.
func (p *peer) try(batch [][]byte) (rest [][]byte, written int) {
	p.raw.Write(func(fd uintptr) bool {
		for len(batch) > 0 {
			n, _ := nowait.Write(int(fd), batch[0])
			written += max(0, n)
			if n < len(batch[0]) {
				batch[0] = batch[0][max(0, n):]
				break
			}
			batch = batch[1:]
		}
		return true
	})
	return batch, written
}

// finish lets the writer end once the queue is empty.
func (p *peer) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == open {
		p.state = closing
		p.wake.Signal()
	}
}

// drop ends the connection at once.
func (p *peer) drop() {
	p.mu.Lock()
	p.state = closed
	p.queue, p.queued = nil, 0
	p.wake.Signal()
	p.mu.Unlock()
	p.conn.Close()
}

// next waits for queued messages, after written bytes of the former ones are gone; ok is false when there will be none.
func (p *peer) next(written int) (batch [][]byte, size int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queued = max(0, p.queued-written)
	if written > 0 {
		p.writing = false
	}
	for p.writing || len(p.queue) == 0 && p.state == open {
		p.wake.Wait()
	}
	batch, p.queue = p.queue, nil
	p.writing = len(batch) > 0
	return batch, p.queued, len(batch) > 0
}

// writeLoop sends until the peer is closed or doesn't take anything for too long. At an orderly end it closes its
// direction only and gives the peer a moment to answer with the same: a socket closed with unread input would be
// reset, which can take from the peer what was just sent.
func (p *peer) writeLoop() error {
	w := bufio.NewWriterSize(stepWriter{p.conn, p.stall}, writeBuffer)
	batch, size, ok := p.next(0)
	for ; ok; batch, size, ok = p.next(size) {
		for i, wire := range batch {
			if _, err := w.Write(wire); err != nil {
				return err
			}
			batch[i] = nil
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if c, ok := p.conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		p.conn.SetReadDeadline(time.Now().Add(linger))
	} else {
		p.conn.Close()
	}
	return nil
}

// A stepWriter writes in steps, each with its own deadline, so that the deadline means progress, not size.
type stepWriter struct {
	conn  net.Conn
	stall time.Duration
}

func (w stepWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		var k int
		w.conn.SetWriteDeadline(time.Now().Add(w.stall))
		k, err = w.conn.Write(b[:min(len(b), writeStep)])
		n, b = n+k, b[k:]
	}
	return n, err
}
