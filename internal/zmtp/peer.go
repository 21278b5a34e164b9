package zmtp

import (
	"bufio"
	"net"
	"sync"
	"time"
)

const (
	writeBuffer = 64 << 10  // small messages are sent together
	writeStep   = 256 << 10 // progress is checked at least this often
	linger      = 100 * time.Millisecond

	// When the queue is full, messages up to smallMessage bytes may still enter a reserve of an eighth: a peer that
	// lost output should at least learn that the work is done.
	smallMessage = 4 << 10
)

// A peer is one connection after its handshake.
type peer struct {
	conn  net.Conn
	id    string
	limit int // of queued bytes
	stall time.Duration

	mu     sync.Mutex
	wake   *sync.Cond
	queue  [][]byte // wire forms
	queued int      // bytes, those being written included
	state  peerState

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
	return p
}

// send queues one message or command in wire form.
func (p *peer) send(wire []byte) error {
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
	p.wake.Signal()
	return nil
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
	for len(p.queue) == 0 && p.state == open {
		p.wake.Wait()
	}
	batch, p.queue = p.queue, nil
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
