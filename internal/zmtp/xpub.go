package zmtp

import (
	"bytes"
	"errors"
	"slices"
	"sync"
)

const (
	maxTopics    = 1024     // of one subscriber
	maxSubscribe = 64 << 10 // bytes of one message from a subscriber
	maxSpare     = 2 << 20  // bytes of memory kept for the next message
)

// An XPub is a bound XPUB socket: it sends to all peers that subscribed to a prefix of a message's first frame.
type XPub struct {
	*socket
	welcome func(topic string) [][]byte

	mu    sync.Mutex
	subs  map[*peer]map[string]int // how often each topic was subscribed to
	spare []byte                   // memory for the next message
}

// ListenXPub binds an XPUB socket. What welcome returns for a topic, if anything, is sent to each peer that subscribes
// to it, and to no other, before anything published later.
func ListenXPub(endpoint string, welcome func(topic string) [][]byte, o Options) (*XPub, error) {
	if o.MaxMessage == 0 {
		o.MaxMessage = maxSubscribe
	}
	s, err := newSocket(xpub, endpoint, o)
	if err != nil {
		return nil, err
	}
	x := &XPub{socket: s, welcome: welcome, subs: map[*peer]map[string]int{}}
	s.joined, s.left, s.message, s.command = x.join, x.leave, x.deliver, x.obey
	s.start()
	return x, nil
}

// Publish sends a message to every subscriber. The frames may be reused when it returns. A subscriber whose queue is
// full misses it.
func (x *XPub) Publish(frames ...[]byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	wire := x.queue(frames)
	if x.push() && cap(wire) <= maxSpare {
		x.spare = wire
	}
}

// Queue is Publish for a message that may wait for the next one, or for Flush, to be sent with it.
func (x *XPub) Queue(frames ...[]byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.queue(frames)
}

// Flush sends what is queued.
func (x *XPub) Flush() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.push()
}

// queue returns the wire form of the message, nil if nobody wants it.
func (x *XPub) queue(frames [][]byte) (wire []byte) {
	for p, topics := range x.subs {
		if !wants(topics, frames[0]) {
			continue
		}
		if wire == nil {
			wire = appendMessage(slices.Grow(x.spare[:0], wireSize(frames)), frames)
			x.spare = nil
		}
		if p.enqueue(wire) == ErrFull {
			p.complained.Do(func() {
				x.opts.Log("XPUB: peer %v reads too slowly and misses messages", p.conn.RemoteAddr())
			})
		}
	}
	return wire
}

// push reports whether everything has been sent.
func (x *XPub) push() (all bool) {
	all = true
	for p := range x.subs {
		all = p.push() && all
	}
	return all
}

func wants(topics map[string]int, topic []byte) bool {
	for t := range topics {
		if bytes.HasPrefix(topic, []byte(t)) {
			return true
		}
	}
	return false
}

func (x *XPub) join(p *peer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.subs[p] = map[string]int{}
}

func (x *XPub) leave(p *peer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.subs, p)
}

// deliver understands the subscriptions of ZMTP 3.0, messages that start with a byte 1 or 0; others mean nothing here.
func (x *XPub) deliver(p *peer, frames [][]byte) error {
	if len(frames) != 1 || len(frames[0]) == 0 {
		return nil
	}
	switch topic := string(frames[0][1:]); frames[0][0] {
	case 1:
		return x.subscribe(p, topic)
	case 0:
		x.cancel(p, topic)
	}
	return nil
}

// obey understands the subscriptions of ZMTP 3.1.
func (x *XPub) obey(p *peer, name string, topic []byte) error {
	switch name {
	case "SUBSCRIBE":
		return x.subscribe(p, string(topic))
	case "CANCEL":
		x.cancel(p, string(topic))
	}
	return nil
}

// subscribe holds the lock while it queues the welcome: nothing may be published in between.
func (x *XPub) subscribe(p *peer, topic string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	topics := x.subs[p]
	if len(topics) == maxTopics && topics[topic] == 0 {
		return errors.New("too many subscriptions")
	}
	topics[topic]++
	if x.welcome != nil {
		if frames := x.welcome(topic); len(frames) > 0 {
			return p.send(appendMessage(nil, frames))
		}
	}
	return nil
}

func (x *XPub) cancel(p *peer, topic string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	topics := x.subs[p]
	if topics[topic]--; topics[topic] <= 0 {
		delete(topics, topic)
	}
}
