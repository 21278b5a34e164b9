package zmtp

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

const patience = time.Minute // a test that waits longer has failed, however busy the machine

// A client is the other side of a connection, as well or badly behaved as a test wants.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, addr net.Addr) *client {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetReadDeadline(time.Now().Add(patience))
	return &client{t, c, bufio.NewReader(c)}
}

// connect dials and shakes hands.
func connect(t *testing.T, addr net.Addr, socketType, identity string) *client {
	t.Helper()
	c := dial(t, addr)
	c.write(greeting())
	c.write(appendCommand(nil, "READY", ready(socketType, identity)))
	if err := readGreeting(c.r); err != nil {
		t.Fatal(err)
	}
	if name, _ := c.readCommand(); name != "READY" {
		t.Fatalf("command %s, want READY", name)
	}
	return c
}

func ready(socketType, identity string) []byte {
	b := appendProperty(nil, "Socket-Type", socketType)
	return appendProperty(b, "Identity", identity)
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.Conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) send(frames ...string) {
	c.t.Helper()
	c.write(appendMessage(nil, split(frames)))
}

func split(frames []string) [][]byte {
	var b [][]byte
	for _, f := range frames {
		b = append(b, []byte(f))
	}
	return b
}

// recv returns the frames of the next message, joined by "|".
func (c *client) recv() string {
	c.t.Helper()
	m, err := readMessage(c.r, 1<<30)
	if err != nil || m.command {
		c.t.Fatalf("read message: command %v, error %v", m.command, err)
	}
	return join(m.frames)
}

func join(frames [][]byte) string {
	var s []string
	for _, f := range frames {
		s = append(s, string(f))
	}
	return strings.Join(s, "|")
}

func (c *client) readCommand() (name string, data []byte) {
	c.t.Helper()
	m, err := readMessage(c.r, 1<<20)
	if err != nil || !m.command {
		c.t.Fatalf("read command: command %v, error %v", m.command, err)
	}
	name, data, err = parseCommand(m.frames[0])
	if err != nil {
		c.t.Fatal(err)
	}
	return name, data
}

// closed reports whether the socket has ended the connection, whatever it sent before.
func (c *client) closed() bool {
	c.t.Helper()
	_, err := io.Copy(io.Discard, c.r)
	timeout, ok := err.(net.Error)
	return !ok || !timeout.Timeout()
}

func closeSoon(t *testing.T, s interface{ Close(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	if ctx.Err() != nil {
		t.Error("Close has not ended by itself")
	}
}

// A testRouter keeps what it receives.
type testRouter struct {
	*Router
	received chan Message
}

func listenRouter(t *testing.T, o Options) *testRouter {
	t.Helper()
	r := &testRouter{received: make(chan Message, 1000)}
	var err error
	if r.Router, err = ListenRouter("tcp://127.0.0.1:0", func(m Message) { r.received <- m }, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSoon(t, r) })
	return r
}

func listenXPub(t *testing.T, o Options) *XPub {
	t.Helper()
	x, err := ListenXPub("tcp://127.0.0.1:0", func(topic string) [][]byte {
		return [][]byte{[]byte(topic), []byte("welcome")}
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSoon(t, x) })
	return x
}

// receive takes the next message from r.
func receive(t *testing.T, r *testRouter) Message {
	t.Helper()
	select {
	case m := <-r.received:
		return m
	case <-time.After(patience):
		t.Fatal("no message")
		return Message{}
	}
}

func bytesReader(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }
