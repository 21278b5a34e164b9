package zmtp

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRouterKnowsItsPeers(t *testing.T) {
	r := listenRouter(t, Options{})
	named := connect(t, r.Addr(), "DEALER", "anna")
	unnamed := connect(t, r.Addr(), "DEALER", "")
	for _, c := range []*client{named, unnamed} {
		c.send("a", "", strings.Repeat("b", 300))
		m := receive(t, r)
		if want := "a||" + strings.Repeat("b", 300); join(m.Frames) != want {
			t.Errorf("got %q", join(m.Frames))
		}
		if c == named && m.Peer != "anna" {
			t.Errorf("peer %q, want anna", m.Peer)
		}
		if err := r.Send(m.Peer, []byte("back"), nil); err != nil {
			t.Error(err)
		}
		if got := c.recv(); got != "back|" {
			t.Errorf("reply %q", got)
		}
	}
	if err := r.Send("nobody", []byte("x")); err != ErrNoPeer {
		t.Errorf("sending to nobody: %v", err)
	}
}

func TestNewerPeerTakesTheIdentity(t *testing.T) {
	r := listenRouter(t, Options{})
	for i := range 200 {
		c := connect(t, r.Addr(), "DEALER", "same")
		c.send(fmt.Sprint(i))
		if got := join(receive(t, r).Frames); got != fmt.Sprint(i) {
			t.Fatalf("got %q, want %d", got, i)
		}
		r.Send("same", []byte(fmt.Sprint(-i)))
		if got := c.recv(); got != fmt.Sprint(-i) {
			t.Fatalf("got %q, want %d", got, -i)
		}
	}
}

func TestXPubSendsWhatWasSubscribedTo(t *testing.T) {
	x := listenXPub(t, Options{})
	old := connect(t, x.Addr(), "SUB", "") // ZMTP 3.0: a message
	old.send("\x01kernel")
	new := connect(t, x.Addr(), "SUB", "") // ZMTP 3.1: a command
	new.write(appendCommand(nil, "SUBSCRIBE", nil))
	if got := old.recv(); got != "kernel|welcome" {
		t.Errorf("welcome %q", got)
	}
	if got := new.recv(); got != "|welcome" {
		t.Errorf("welcome %q", got)
	}
	x.Publish([]byte("kernel.stream"), []byte("1"))
	x.Publish([]byte("other"), []byte("2"))
	if got := old.recv(); got != "kernel.stream|1" {
		t.Errorf("got %q", got)
	}
	if got := new.recv() + " " + new.recv(); got != "kernel.stream|1 other|2" {
		t.Errorf("got %q", got)
	}

	old.send("\x00kernel")
	old.send("\x01other") // its welcome shows that the cancellation is done
	if got := old.recv(); got != "other|welcome" {
		t.Errorf("welcome %q", got)
	}
	x.Publish([]byte("kernel.stream"), []byte("3"))
	x.Publish([]byte("other"), []byte("4"))
	if got := old.recv(); got != "other|4" {
		t.Errorf("after the cancellation: %q", got)
	}
}

func TestQueuedMessagesWaitForTheNext(t *testing.T) {
	x := listenXPub(t, Options{})
	c := connect(t, x.Addr(), "SUB", "")
	c.send("\x01")
	c.recv()
	x.Queue([]byte("1"))
	x.Queue([]byte("2"))
	c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := c.r.Peek(1); err == nil {
		t.Error("a queued message was sent at once")
	}
	c.SetReadDeadline(time.Now().Add(patience))
	x.Publish([]byte("3"))
	x.Queue([]byte("4"))
	x.Flush()
	for _, want := range []string{"1", "2", "3", "4"} {
		if got := c.recv(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRepAnswersInTheEnvelope(t *testing.T) {
	r, err := ListenRep("tcp://127.0.0.1:0", func(b [][]byte) [][]byte { return append(b, []byte("!")) }, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSoon(t, r) })
	c := connect(t, r.Addr(), "REQ", "")
	c.send("no envelope: discarded")
	c.send("", "ping")
	if got := c.recv(); got != "|ping|!" {
		t.Errorf("got %q", got)
	}
	c.send("route", "", "a", "b")
	if got := c.recv(); got != "route||a|b|!" {
		t.Errorf("got %q", got)
	}
}

func TestPing(t *testing.T) {
	c := connect(t, listenRouter(t, Options{}).Addr(), "DEALER", "")
	c.write(appendCommand(nil, "PING", []byte("\x00\x10context")))
	if name, data := c.readCommand(); name != "PONG" || string(data) != "context" {
		t.Errorf("%s %q, want PONG with the context", name, data)
	}
}

func TestIPC(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kernel-1")
	r := &testRouter{received: make(chan Message, 1)}
	take := func(m Message) { r.received <- m }
	var err error
	if r.Router, err = ListenRouter("ipc://"+path, take, Options{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	c := connect(t, r.Addr(), "DEALER", "x")
	c.send("hello")
	if got := join(receive(t, r).Frames); got != "hello" {
		t.Errorf("got %q", got)
	}
	if _, err := ListenRouter("ipc://"+path, take, Options{}); err == nil {
		t.Error("an address in use was taken over")
	}
	closeSoon(t, r)
}

func TestEndpointMustBeTCPOrIPC(t *testing.T) {
	for _, e := range []string{"", "127.0.0.1:1", "udp://127.0.0.1:1", "tcp://nowhere.invalid:x"} {
		if _, err := ListenRouter(e, nil, Options{}); err == nil {
			t.Errorf("%q was bound", e)
		}
	}
}

// Each of these peers is dropped, and a decent one is served beside it.
func TestBadPeersAreDropped(t *testing.T) {
	greet := string(greeting())
	hello := greet + string(appendCommand(nil, "READY", ready("DEALER", "")))
	huge := binary.BigEndian.AppendUint64([]byte{flagLong}, 1<<62)
	header := func(flags byte, size uint64) string {
		return string(binary.BigEndian.AppendUint64([]byte{flags | flagLong}, size))
	}
	plain := greeting()
	copy(plain[12:], "PLAIN")
	two := greeting()
	two[10] = 2

	for name, bytes := range map[string]string{
		"HTTP":                        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + strings.Repeat("x", 64),
		"zeros":                       strings.Repeat("\x00", 64),
		"ZMTP 2":                      string(two),
		"PLAIN":                       string(plain),
		"message before READY":        greet + string(appendMessage(nil, split([]string{"x"}))),
		"other command before READY":  greet + string(appendCommand(nil, "HELLO", nil)),
		"empty command":               greet + "\x04\x00",
		"truncated READY":             greet + string(appendCommand(nil, "READY", []byte("\x0bSocket-Type\x00\x00\x00\x09ROUT"))),
		"truncated property":          greet + string(appendCommand(nil, "READY", []byte("\xffx"))),
		"wrong socket type":           greet + string(appendCommand(nil, "READY", ready("SUB", ""))),
		"no socket type":              greet + string(appendCommand(nil, "READY", nil)),
		"identity of 256 bytes":       greet + string(appendCommand(nil, "READY", ready("DEALER", strings.Repeat("i", 256)))),
		"command of 2^62 bytes":       greet + header(flagCommand, 1<<62),
		"frame of 2^62 bytes":         hello + string(huge),
		"frame of 2^64-1 bytes":       hello + header(0, 1<<64-1),
		"frame beyond the limit":      hello + header(0, 1<<20+1),
		"frames beyond the limit":     hello + strings.Repeat(header(flagMore, 1<<19)+strings.Repeat("x", 1<<19), 2) + "\x00\x01x",
		"too many frames":             hello + strings.Repeat("\x01\x00", maxFrames+1),
		"unknown flags":               hello + "\x80\x01x",
		"command inside a message":    hello + "\x01\x01x\x04\x05\x04PING",
		"command with more to come":   hello + "\x05\x05\x04PING",
		"command name beyond its end": hello + "\x04\x02\x09x",
		"PING without time to live":   hello + string(appendCommand(nil, "PING", []byte("x"))),
		"PING with a long context":    hello + string(appendCommand(nil, "PING", make([]byte, 19))),
		"ERROR":                       hello + string(appendCommand(nil, "ERROR", []byte("\x03bad"))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := listenRouter(t, Options{MaxMessage: 1 << 20})
			c := dial(t, r.Addr())
			c.Conn.Write([]byte(bytes)) // the socket may close before all of it is written
			if !c.closed() {
				t.Error("still connected")
			}
			decent := connect(t, r.Addr(), "DEALER", "decent")
			decent.send("x")
			if receive(t, r).Peer != "decent" {
				t.Error("the decent peer was not served")
			}
		})
	}
}

func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	r := listenRouter(t, Options{MaxPeers: 3})
	for range 5 {
		dial(t, r.Addr())
	}
	c := connect(t, r.Addr(), "DEALER", "d")
	c.send("x")
	receive(t, r)
}

func TestSilentConnectionsEnd(t *testing.T) {
	r := listenRouter(t, Options{Handshake: 20 * time.Millisecond})
	if c := dial(t, r.Addr()); !c.closed() {
		t.Error("a connection without handshake stays")
	}
}

func TestTooManyPeers(t *testing.T) {
	r := listenRouter(t, Options{MaxPeers: 1})
	connect(t, r.Addr(), "DEALER", "first")
	second := dial(t, r.Addr())
	second.write(greeting())
	second.write(appendCommand(nil, "READY", ready("DEALER", "")))
	if !second.closed() {
		t.Error("a second peer was let in")
	}
}

func TestSlowSubscriberDelaysNobodyAndMissesNothingInItsQueue(t *testing.T) {
	x := listenXPub(t, Options{})
	slow, quick := connect(t, x.Addr(), "SUB", ""), connect(t, x.Addr(), "SUB", "")
	for _, c := range []*client{slow, quick} {
		c.send("\x01")
		c.recv()
	}
	const n = 400 // of 100 kB
	body := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), 100_000) }
	read := func(c *client) {
		for i := range n {
			if got, want := c.recv(), fmt.Sprint(i, "|", body(i)); got != want {
				t.Errorf("message %d is %.20q", i, got)
				return
			}
		}
	}
	for i := range n {
		x.Publish([]byte(fmt.Sprint(i)), []byte(body(i)))
	}
	read(quick)
	read(slow)
}

func TestFullQueueLosesOutputButKeepsRoomForSmallMessages(t *testing.T) {
	p := newPeer(nil, "", Options{Queue: 100_000}.withDefaults())
	for i, want := range []error{nil, ErrFull, nil, ErrFull} {
		size := []int{99_000, 5000, 4000, 12_000}[i]
		if err := p.send(make([]byte, size)); err != want {
			t.Errorf("message %d of %d bytes: %v, want %v", i, size, err, want)
		}
	}
	p.finish()
	if err := p.send([]byte("x")); err != ErrNoPeer {
		t.Errorf("after the end: %v", err)
	}
}

func TestPeerThatTakesNothingIsDropped(t *testing.T) {
	dropped := make(chan string, 1)
	x := listenXPub(t, Options{Stall: 50 * time.Millisecond, Log: func(f string, a ...any) {
		select {
		case dropped <- fmt.Sprintf(f, a...):
		default:
		}
	}})
	c := connect(t, x.Addr(), "SUB", "")
	c.send("\x01")
	c.recv()
	for range 100 {
		x.Publish([]byte("t"), make([]byte, 1<<20))
	}
	select {
	case msg := <-dropped:
		if !strings.Contains(msg, "timeout") {
			t.Error(msg)
		}
	case <-time.After(patience):
		t.Error("the peer is still there")
	}
}

func TestCloseSendsWhatIsQueued(t *testing.T) {
	r := listenRouter(t, Options{})
	c := connect(t, r.Addr(), "DEALER", "d")
	for range 100 {
		c.send("unread request")
	}
	receive(t, r)
	const n = 200
	for i := range n {
		r.Send("d", []byte(fmt.Sprint(i)), make([]byte, 100_000))
	}
	done := make(chan struct{})
	go func() { closeSoon(t, r); close(done) }()
	for i := range n {
		if got, want := c.recv(), fmt.Sprint(i, "|"); !strings.HasPrefix(got, want) {
			t.Fatalf("message %d is %.20q", i, got)
		}
	}
	if !c.closed() {
		t.Error("still connected")
	}
	<-done
}

func TestCloseGivesUpWhenItsTimeIsOver(t *testing.T) {
	x, err := ListenXPub("tcp://127.0.0.1:0", nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, x.Addr(), "SUB", "")
	c.send("\x01")
	c.write(appendCommand(nil, "PING", []byte("\x00\x00")))
	c.readCommand() // subscribed
	x.Publish([]byte("t"), make([]byte, 64<<20))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	x.Close(ctx)
	if ctx.Err() == nil {
		t.Error("64 MB were sent to a peer that doesn't read")
	}
}

// FuzzPeer feeds a socket a connection's bytes after a good greeting: it must end or wait, never crash.
func FuzzPeer(f *testing.F) {
	f.Add(appendCommand(nil, "READY", ready("DEALER", "x")))
	f.Add(append(appendCommand(nil, "READY", ready("DEALER", "")), "\x01\x01a\x00\x01b"...))
	f.Add(append(appendCommand(nil, "READY", ready("DEALER", "")), appendCommand(nil, "PING", []byte("\x00\x01ctx"))...))
	f.Add(binary.BigEndian.AppendUint64([]byte{flagLong}, 1<<62))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytesReader(append(greeting(), b...))
		if _, err := handshake(&bytes.Buffer{}, r, router); err != nil {
			return
		}
		for {
			m, err := readMessage(r, 1<<20)
			if err != nil {
				return
			}
			if m.command {
				parseCommand(m.frames[0])
				continue
			}
			again, err := readMessage(bytesReader(appendMessage(nil, m.frames)), 1<<20)
			if err != nil || join(again.frames) != join(m.frames) {
				t.Errorf("%q written and read is %q, %v", m.frames, again.frames, err)
			}
		}
	})
}
