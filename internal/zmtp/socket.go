package zmtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/groupnb/groupnb/internal/nowait"
)

// A socket is what ROUTER, XPUB and REP have in common: it accepts peers, shakes hands, reads and closes.
type socket struct {
	kind kind
	opts Options
	ln   net.Listener
	done chan struct{} // closed when Close begins

	joined  func(p *peer)                              // before the first message
	message func(p *peer, frames [][]byte) error       // an error drops the peer
	command func(p *peer, name string, b []byte) error // PING and ERROR aside
	left    func(p *peer)

	running sync.WaitGroup // accept loop and peers
	mu      sync.Mutex
	closed  bool
	greets  []net.Conn // in the handshake, oldest first
	peers   map[*peer]struct{}
}

var errPeer = errors.New("the peer reports an error")

func newSocket(k kind, endpoint string, o Options) (*socket, error) {
	ln, err := listen(endpoint)
	if err != nil {
		return nil, fmt.Errorf("bind %s: %w", k.name, err)
	}
	nothing := func(*peer) {}
	return &socket{
		kind: k, opts: o.withDefaults(), ln: ln, done: make(chan struct{}), peers: map[*peer]struct{}{},
		joined: nothing, left: nothing,
		message: func(*peer, [][]byte) error { return nil },
		command: func(*peer, string, []byte) error { return nil },
	}, nil
}

// Addr is where the socket listens.
func (s *socket) Addr() net.Addr { return s.ln.Addr() }

// Endpoint is Addr as clients write it, tcp://127.0.0.1:5555 or ipc:///path.
func (s *socket) Endpoint() string {
	a := s.Addr()
	if a.Network() == "unix" {
		return "ipc://" + a.String()
	}
	return a.Network() + "://" + a.String()
}

func (s *socket) start() {
	s.running.Add(1)
	go s.accept()
}

func (s *socket) accept() {
	defer s.running.Done()
	for {
		c, err := s.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, say: others must go first
			select {
			case <-s.done:
				return
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		s.running.Add(1)
		go s.serve(c)
	}
}

// serve is the life of one connection.
func (s *socket) serve(c net.Conn) {
	defer s.running.Done()
	defer c.Close()
	r := bufio.NewReaderSize(reader(c), 16<<10)
	p, err := s.greet(c, r)
	if err != nil {
		s.gone(c.RemoteAddr(), err)
		return
	}
	s.joined(p)
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		if err := p.writeLoop(); err != nil {
			p.drop()
			s.gone(c.RemoteAddr(), err)
		}
	}()
	err = s.read(p, r)
	s.left(p)
	p.drop()
	s.mu.Lock()
	delete(s.peers, p)
	s.mu.Unlock()
	s.gone(c.RemoteAddr(), err)
}

// reader reads from c as quickly as it can.
func reader(c net.Conn) io.Reader {
	if sc, ok := c.(nowait.Conn); ok {
		if s, err := nowait.NewStream(sc); err == nil {
			return s
		}
	}
	return c
}

// greet shakes hands within the deadline. When too many connections are in that state the oldest is given up, so that
// silent ones can't keep others out.
func (s *socket) greet(c net.Conn, r *bufio.Reader) (*peer, error) {
	s.mu.Lock()
	s.greets = append(s.greets, c)
	if len(s.greets) > s.opts.MaxPeers {
		s.greets[0].Close()
	}
	if s.closed {
		c.Close()
	}
	s.mu.Unlock()

	c.SetDeadline(time.Now().Add(s.opts.Handshake))
	id, err := handshake(c, r, s.kind)

	s.mu.Lock()
	defer s.mu.Unlock()
	for i, g := range s.greets {
		if g == c {
			s.greets = append(s.greets[:i], s.greets[i+1:]...)
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if s.closed || len(s.peers) >= s.opts.MaxPeers {
		return nil, errors.New("no room for another peer")
	}
	c.SetDeadline(time.Time{})
	p := newPeer(c, id, s.opts)
	s.peers[p] = struct{}{}
	return p, nil
}

func (s *socket) read(p *peer, r *bufio.Reader) error {
	for {
		m, err := readMessage(r, s.opts.MaxMessage)
		if err != nil {
			return err
		}
		select {
		case <-s.done: // what still comes in only keeps the connection from being reset
			continue
		default:
		}
		if m.command {
			err = s.obey(p, m.frames[0])
		} else {
			err = s.message(p, m.frames)
		}
		if err != nil {
			return err
		}
	}
}

func (s *socket) obey(p *peer, body []byte) error {
	name, data, err := parseCommand(body)
	if err != nil {
		return err
	}
	switch name {
	case "PING":
		const ttl, maxContext = 2, 16
		if len(data) < ttl || len(data) > ttl+maxContext {
			return errors.New("malformed PING")
		}
		p.send(appendCommand(nil, "PONG", data[ttl:])) // a peer that reads too slowly for it notices by itself
		return nil
	case "ERROR":
		return errPeer
	}
	return s.command(p, name, data)
}

// gone tells the log why a connection ended, unless one side simply closed it.
func (s *socket) gone(addr net.Addr, err error) {
	for _, usual := range []error{io.EOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, usual) {
			return
		}
	}
	s.opts.Log("%s: peer %v dropped: %v", s.kind.name, addr, err)
}

// Close stops listening, sends what is queued for each peer and closes; when ctx is done it no longer waits for peers.
func (s *socket) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.done)
	err := s.ln.Close()
	for _, c := range s.greets {
		c.Close()
	}
	for p := range s.peers {
		p.finish()
	}
	s.mu.Unlock()

	stop := context.AfterFunc(ctx, s.dropAll)
	defer stop()
	s.running.Wait()
	return err
}

func (s *socket) dropAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers {
		p.drop()
	}
}
