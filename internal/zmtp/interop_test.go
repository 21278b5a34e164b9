package zmtp

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/go-zeromq/zmq4"
)

// Another implementation must get along with each socket.
func TestGoZeroMQ(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)

	t.Run("DEALER", func(t *testing.T) {
		r := listenRouter(t, Options{})
		c := zmq4.NewDealer(ctx, zmq4.WithID(zmq4.SocketIdentity("dealer")))
		defer c.Close()
		dialTo(t, c, r)
		if err := c.SendMulti(zmq4.NewMsgFrom([]byte("a"), []byte("b"))); err != nil {
			t.Fatal(err)
		}
		m := receive(t, r)
		if m.Peer != "dealer" || join(m.Frames) != "a|b" {
			t.Errorf("got %q from %q", join(m.Frames), m.Peer)
		}
		long := strings.Repeat("x", 1<<20)
		r.Send("dealer", []byte("back"), []byte(long))
		if got := recvFrom(t, c); got != "back|"+long {
			t.Errorf("got %d bytes", len(got))
		}
	})
	t.Run("SUB", func(t *testing.T) {
		x := listenXPub(t, Options{})
		c := zmq4.NewSub(ctx)
		defer c.Close()
		dialTo(t, c, x)
		if err := c.SetOption(zmq4.OptionSubscribe, "t"); err != nil {
			t.Fatal(err)
		}
		if got := recvFrom(t, c); got != "t|welcome" {
			t.Errorf("got %q", got)
		}
		for i := range 1000 {
			x.Publish([]byte("topic"), fmt.Append(nil, i))
		}
		for i := range 1000 {
			if got, want := recvFrom(t, c), fmt.Sprint("topic|", i); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
	t.Run("REQ", func(t *testing.T) {
		r, err := ListenRep("tcp://127.0.0.1:0", func(b [][]byte) [][]byte { return b }, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer closeSoon(t, r)
		c := zmq4.NewReq(ctx)
		defer c.Close()
		dialTo(t, c, r)
		if err := c.Send(zmq4.NewMsgString("ping")); err != nil {
			t.Fatal(err)
		}
		if got := recvFrom(t, c); got != "ping" {
			t.Errorf("got %q", got)
		}
	})
}

func dialTo(t *testing.T, c zmq4.Socket, s interface{ Endpoint() string }) {
	t.Helper()
	if err := c.Dial(s.Endpoint()); err != nil {
		t.Fatal(err)
	}
}

func recvFrom(t *testing.T, c zmq4.Socket) string {
	t.Helper()
	m, err := c.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return join(m.Frames)
}
