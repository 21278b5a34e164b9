package jupyter

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/groupnb/groupnb/repl"
)

const patience = time.Minute // a test that waits longer has failed, however busy the machine

// A client talks to a kernel that runs in this process.
type client struct {
	t                             *testing.T
	conn                          Connection
	wire                          *wire
	shell, control, stdin, iopub_ zmq4.Socket
	iopub                         chan received
	ended                         chan error // what Serve returned
	logged                        *lines
}

// A received is a message as a client sees it.
type received struct {
	*request
	rawParent []byte
}

func (r received) String() string { return r.header.Type + string(r.content) }

// field returns one value of the content, as JSON.
func (r received) field(name string) string {
	var m map[string]json.RawMessage
	json.Unmarshal(r.content, &m)
	return string(m[name])
}

// startKernel serves a session and connects to it.
func startKernel(t *testing.T, s Session, o Options) *client {
	t.Helper()
	conn := freeConnection(t)
	path := filepath.Join(t.TempDir(), "kernel.json")
	if err := os.WriteFile(path, marshal(conn), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, conn: conn, wire: newWire(conn.Key), iopub: make(chan received, 1000), ended: make(chan error, 1), logged: &lines{}}
	o.Log = c.logged.add
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		select {
		case <-over:
		case <-time.After(patience):
			t.Error("Serve has not returned")
		}
	})
	go func() {
		defer close(over)
		c.ended <- Serve(ctx, path, func(context.Context, func(string, repl.Event)) (Session, error) { return s, nil }, o)
	}()
	c.connect()
	return c
}

// freeConnection has, on Linux, an address of its own: on a shared one its ports could be taken by another test before the kernel has them.
func freeConnection(t *testing.T) Connection {
	t.Helper()
	ip := "127.0.0.1"
	if runtime.GOOS == "linux" {
		ip = fmt.Sprintf("127.%d.%d.%d", 1+rand.N(254), rand.N(256), 1+rand.N(254))
	}
	var ports [5]int
	for i := range ports {
		ln, err := net.Listen("tcp", ip+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		ports[i] = ln.Addr().(*net.TCPAddr).Port
	}
	return Connection{"tcp", ip, ports[0], ports[1], ports[2], ports[3], ports[4], "hmac-sha256", "secret"}
}

func (c *client) connect() {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c.t.Cleanup(cancel)
	dial := func(s zmq4.Socket, port int) zmq4.Socket {
		c.t.Helper()
		if err := s.Dial(c.conn.endpoint(port)); err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { s.Close() })
		return s
	}
	const pause = 10 * time.Millisecond // between attempts: the kernel may not listen yet
	retry, retries := zmq4.WithDialerRetry(pause), zmq4.WithDialerMaxRetries(int(patience/pause))
	id := zmq4.WithID(zmq4.SocketIdentity(c.wire.session))
	c.shell = dial(zmq4.NewDealer(ctx, id, retry, retries), c.conn.Shell)
	c.control = dial(zmq4.NewDealer(ctx, id, retry, retries), c.conn.Control)
	c.stdin = dial(zmq4.NewDealer(ctx, id, retry, retries), c.conn.Stdin)
	c.iopub_ = dial(zmq4.NewSub(ctx, retry, retries), c.conn.IOPub)
	if err := c.iopub_.SetOption(zmq4.OptionSubscribe, ""); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		for {
			m, err := c.iopub_.Recv()
			if err != nil {
				return
			}
			c.iopub <- c.decode(m.Frames)
		}
	}()
	if m := c.next(); m.header.Type != "iopub_welcome" || string(m.raw) == "" || m.parent.ID != "" {
		c.t.Fatalf("first on iopub: %v", m)
	}
}

func (c *client) decode(frames [][]byte) received {
	r, err := c.wire.decode(frames)
	if err != nil {
		c.t.Errorf("kernel sent %q: %v", frames, err)
		return received{request: &request{}}
	}
	return received{r, frames[indexFrame(frames, delimiter)+1+partParent]}
}

// send sends a request with JSON content and returns its id.
func (c *client) send(s zmq4.Socket, msgType, content string) string {
	c.t.Helper()
	frames := c.wire.encode(msgType, nil, nil, json.RawMessage(content))
	c.sendFrames(s, frames)
	var h header
	json.Unmarshal(frames[1+partHeader], &h)
	return h.ID
}

func (c *client) shellSend(frames [][]byte)   { c.sendFrames(c.shell, frames) }
func (c *client) controlSend(frames [][]byte) { c.sendFrames(c.control, frames) }

func (c *client) sendFrames(s zmq4.Socket, frames [][]byte) {
	c.t.Helper()
	if err := s.SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
		c.t.Fatal(err)
	}
}

// arrived waits, once in a kernel's life, until it holds what was sent on shell: it logs what is malformed as it arrives.
func (c *client) arrived() {
	c.t.Helper()
	const malformed = "without delimiter"
	c.shellSend([][]byte{[]byte("no delimiter")})
	for end := time.Now().Add(patience); c.logged.count(malformed) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatal("what was sent has not arrived")
		}
	}
}

// recv returns the next message on a socket, which must answer the request id.
func (c *client) recv(s zmq4.Socket, id string) received {
	c.t.Helper()
	type result struct {
		m   zmq4.Msg
		err error
	}
	got := make(chan result, 1)
	go func() {
		m, err := s.Recv()
		got <- result{m, err}
	}()
	select {
	case r := <-got:
		if r.err != nil {
			c.t.Fatal(r.err)
		}
		m := c.decode(r.m.Frames)
		if m.parent.ID != id {
			c.t.Fatalf("parent of %v is %q, want %q", m, m.parent.ID, id)
		}
		return m
	case <-time.After(patience):
		c.t.Fatal("no message")
		return received{}
	}
}

// next returns the next message on iopub.
func (c *client) next() received {
	c.t.Helper()
	select {
	case m := <-c.iopub:
		return m
	case <-time.After(patience):
		c.t.Fatal("no message on iopub")
		return received{}
	}
}

// outputs returns what is published for the request id from its busy to its idle, both checked and left out.
func (c *client) outputs(id string) []received {
	c.t.Helper()
	var all []received
	for {
		m := c.next()
		if m.parent.ID != id {
			c.t.Fatalf("parent of %v is %q, want %q", m, m.parent.ID, id)
		}
		state := m.field("execution_state")
		if len(all) == 0 && state != `"busy"` {
			c.t.Fatalf("first is %v, want busy", m)
		}
		if state == `"idle"` {
			return all[1:]
		}
		all = append(all, m)
	}
}

// ask sends a request on shell and returns its reply and what was published.
func (c *client) ask(msgType, content string) (received, []received) {
	c.t.Helper()
	id := c.send(c.shell, msgType, content)
	reply := c.recv(c.shell, id)
	return reply, c.outputs(id)
}

// execute runs a cell with further fields of the request, such as `"silent": true`.
func (c *client) execute(code string, fields ...string) (received, []received) {
	c.t.Helper()
	return c.ask("execute_request", executeContent(code, fields...))
}

func executeContent(code string, fields ...string) string {
	return fmt.Sprintf("{%s}", strings.Join(append([]string{fmt.Sprintf(`"code": %q`, code)}, fields...), ", "))
}

// joined puts text together that came in several messages: the clock decides where it is cut.
func joined(all []received) []received {
	var out []received
	for _, m := range all {
		if n := len(out) - 1; n >= 0 && m.header.Type == "stream" && out[n].field("name") == m.field("name") {
			var before, more streamContent
			out[n].parse(&before)
			m.parse(&more)
			whole := *m.request
			whole.content = marshal(streamContent{more.Name, before.Text + more.Text})
			out[n].request = &whole
			continue
		}
		out = append(out, m)
	}
	return out
}

func summary(all []received) string {
	var s []string
	for _, m := range all {
		s = append(s, m.String())
	}
	return strings.Join(s, "\n")
}
