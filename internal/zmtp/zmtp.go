// Package zmtp is the bind side of ZeroMQ's transport protocol, ZMTP 3, as far as a Jupyter kernel needs it: ROUTER,
// XPUB and REP sockets with the NULL mechanism over tcp and ipc, in pure Go.
//
//	var echo *zmtp.Router
//	echo, err := zmtp.ListenRouter("tcp://127.0.0.1:0", func(m zmtp.Message) { echo.Send(m.Peer, m.Frames...) }, zmtp.Options{})
//
// The contract, for every socket: a peer that is silent, slow, gone or hostile costs a bounded amount of memory and
// time and never delays another peer. There is a deadline for the handshake and for progress of a write, a limit on
// what a peer may send as one message and on what may wait for it, and memory for a frame grows only with the bytes that
// arrive, whatever its header announces. Close sends what is queued before it returns.
//
// The package doesn't connect, doesn't encrypt (no CURVE) and speaks neither ZMTP 1 nor 2.
//
// Specification: ZeroMQ RFC 23 (ZMTP 3.0) and RFC 37 (ZMTP 3.1, of which PING, SUBSCRIBE and CANCEL are understood).
package zmtp

import (
	"errors"
	"time"
)

// Options limit what peers can cost. The zero value means the defaults.
type Options struct {
	Handshake  time.Duration // for greeting and READY together; 10 s
	Stall      time.Duration // a peer that takes no byte of what waits for it for so long is dropped; 5 min
	MaxMessage int           // bytes of one incoming message; 64 MiB
	Queue      int           // bytes that may wait for one peer; 128 MiB
	MaxPeers   int           // peers at once, and as many again in the handshake; 256

	// Log is told once for each peer that is turned away or dropped, and why. Nil means silence.
	Log func(format string, args ...any)
}

func (o Options) withDefaults() Options {
	def := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	if o.Handshake <= 0 {
		o.Handshake = 10 * time.Second
	}
	if o.Stall <= 0 {
		o.Stall = 5 * time.Minute
	}
	def(&o.MaxMessage, 64<<20)
	def(&o.Queue, 128<<20)
	def(&o.MaxPeers, 256)
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	return o
}

// What Send may return.
var (
	ErrNoPeer = errors.New("no such peer")
	ErrFull   = errors.New("peer's queue is full")
)
