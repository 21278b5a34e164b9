package zmtp

import (
	"strconv"
	"sync"
	"sync/atomic"
)

// A Router is a bound ROUTER socket: it tells its peers apart by their identities.
type Router struct {
	*socket
	mu   sync.RWMutex
	byID map[string]*peer
	next atomic.Uint64
}

// A Message has come from a peer.
type Message struct {
	Peer   string // identity
	Frames [][]byte
}

// ListenRouter binds a ROUTER socket. receive is called for each message, from one goroutine for each peer: one that
// takes its time slows down that peer, by its connection, and no other. It is not called any more once Close begins.
func ListenRouter(endpoint string, receive func(Message), o Options) (*Router, error) {
	s, err := newSocket(router, endpoint, o)
	if err != nil {
		return nil, err
	}
	r := &Router{socket: s, byID: map[string]*peer{}}
	s.joined, s.left = r.join, r.leave
	s.message = func(p *peer, frames [][]byte) error {
		receive(Message{p.id, frames})
		return nil
	}
	s.start()
	return r, nil
}

// Send sends a message to a peer. The frames may be reused when it returns.
func (r *Router) Send(peer string, frames ...[]byte) error {
	p := r.peer(peer)
	if p == nil {
		return ErrNoPeer
	}
	return p.send(appendMessage(make([]byte, 0, wireSize(frames)), frames))
}

// Queue is Send for a message that may wait for the next one, or for Flush, to be sent with it.
func (r *Router) Queue(peer string, frames ...[]byte) error {
	p := r.peer(peer)
	if p == nil {
		return ErrNoPeer
	}
	return p.enqueue(appendMessage(make([]byte, 0, wireSize(frames)), frames))
}

// Flush sends what is queued.
func (r *Router) Flush() {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, p := range r.byID {
		p.push()
	}
}

func (r *Router) peer(id string) *peer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[id]
}

// join gives a name to a peer that has none, or one that starts with the zero byte reserved for given names. Of two
// peers with one identity the newer wins: it is the same client after a reconnection.
func (r *Router) join(p *peer) {
	if p.id == "" || p.id[0] == 0 {
		p.id = "\x00" + strconv.FormatUint(r.next.Add(1), 36)
	}
	r.mu.Lock()
	old := r.byID[p.id]
	r.byID[p.id] = p
	r.mu.Unlock()
	if old != nil {
		old.drop()
	}
}

func (r *Router) leave(p *peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[p.id] == p {
		delete(r.byID, p.id)
	}
}
