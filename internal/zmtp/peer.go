package zmtp

import (
	"bufio"
	"bytes"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	writeBuffer = 64 << 10  // small messages are sent together
	writeStep   = 256 << 10 // progress is checked at least this often
	linger      = 100 * time.Millisecond

	// When the queue is full, messages up to smallMessage bytes may still enter a reserve of an eighth: a peer that
	// lost output should at least learn that the work is done.
	smallMessage = 4 << 10

	// What is no longer than directWrite is written by the goroutine that sends it, if the connection takes it at once:
	// waking another one takes several times as long as the write.
	directWrite = 32 << 10
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

// push sends what is queued: at once if that is little and the connection takes it, else by the writer.
func (p *peer) push() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writing || len(p.queue) == 0 || p.state != open {
		return // whoever writes goes on
	}
	if p.queued <= directWrite && p.raw != nil {
		b := p.queue[0]
		if len(p.queue) > 1 {
			b = bytes.Join(p.queue, nil)
		}
		p.writing, p.queue = true, p.queue[:0]
		p.mu.Unlock()
		n := p.try(b)
		p.mu.Lock()
		p.writing = false
		p.queued = max(0, p.queued-n)
		if n < len(b) && p.state != closed {
			p.queue = append([][]byte{b[n:]}, p.queue...)
		}
	}
	if len(p.queue) > 0 || p.state != open {
		p.wake.Signal()
	}
}

// try writes what the connection takes without waiting. The writer meets the error, if there is one.
func (p *peer) try(b []byte) (n int) {
	p.raw.Write(func(fd uintptr) bool {
		n, _ = syscall.Write(int(fd), b)
		return true
	})
	return max(0, n)
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
