// Package comm exchanges messages with JavaScript in the front end: Jupyter's comms, from cells and from compiled
// packages alike.
//
//	c, err := comm.Open("my_target", map[string]any{"hello": 1})
//	c.OnMessage(func(data json.RawMessage) { ... })
//	c.Send(map[string]any{"value": 7})
//
// A front end opens one, too, to a target that [Register] names. Messages from the front end arrive between cells, one
// at a time, as the protocol has it. Where no front end has comms (a terminal, a runner, a plain program) Open returns
// [ErrUnavailable]. Binary buffers are not supported.
package comm

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/groupnb/groupnb/repl/display"
)

const (
	// Variable in the environment of a worker tells that its host understands MediaType.
	Variable = "GROUPNB_COMMS"
	// MediaType is that of an [Operation] on its way to the host, which takes it out of the displayed bundles.
	MediaType = "application/vnd.groupnb.comm+json"
)

// ErrUnavailable tells that no front end listens.
var ErrUnavailable = errors.New("this front end has no comms")

// An Operation is what travels between worker and host.
type Operation struct {
	Op     string          `json:"op"` // open, msg, close or register
	ID     string          `json:"id,omitempty"`
	Target string          `json:"target,omitempty"`
	Data   json.RawMessage `json:"data,omitempty"`
}

// Available reports whether comms can be opened.
func Available() bool { return os.Getenv(Variable) != "" }

// A Comm is an open connection. Its methods may be called from any goroutine.
type Comm struct {
	id     string
	mu     sync.Mutex
	closed bool
	hear   func(data json.RawMessage)
}

// ID is the comm's number, unique in the session.
func (c *Comm) ID() string { return c.id }

var registry = struct {
	sync.Mutex
	comms   map[string]*Comm
	targets map[string]func(*Comm, json.RawMessage)
}{comms: map[string]*Comm{}, targets: map[string]func(*Comm, json.RawMessage){}}

// Open opens a comm to a target that JavaScript in the front end has registered. data, anything that encodes to a JSON
// object, goes with it.
func Open(target string, data any) (*Comm, error) {
	c := &Comm{id: rand.Text()}
	if err := send(Operation{Op: "open", ID: c.id, Target: target}, data); err != nil {
		return nil, err
	}
	registry.Lock()
	defer registry.Unlock()
	registry.comms[c.id] = c
	return c, nil
}

// Register names a target that a front end may open comms to; opened is called with each and what came with it.
func Register(target string, opened func(c *Comm, data json.RawMessage)) error {
	registry.Lock()
	registry.targets[target] = opened
	registry.Unlock()
	return send(Operation{Op: "register", Target: target}, nil)
}

// Send sends data, anything that encodes to a JSON object.
func (c *Comm) Send(data any) error {
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return errors.New("the comm is closed")
	}
	return send(Operation{Op: "msg", ID: c.id}, data)
}

// OnMessage sets the function that hears what the front end sends.
func (c *Comm) OnMessage(hear func(data json.RawMessage)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hear = hear
}

// Close closes the comm. Closing it again does nothing.
func (c *Comm) Close() error {
	if !c.end() {
		return nil
	}
	return send(Operation{Op: "close", ID: c.id}, nil)
}

// end forgets the comm and reports whether it was open.
func (c *Comm) end() bool {
	registry.Lock()
	delete(registry.comms, c.id)
	registry.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	was := !c.closed
	c.closed = true
	return was
}

func send(o Operation, data any) error {
	if !Available() {
		return ErrUnavailable
	}
	if data == nil {
		data = struct{}{}
	}
	var err error
	if o.Data, err = json.Marshal(data); err != nil {
		return fmt.Errorf("data of comm: %w", err)
	}
	b, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("data of comm: %w", err)
	}
	display.Show(display.NewText("").With(MediaType, b))
	return nil
}

// Deliver hands an operation from the front end to whom it concerns. The host calls it.
func Deliver(operation string) error {
	var o Operation
	if err := json.Unmarshal([]byte(operation), &o); err != nil {
		return fmt.Errorf("comm: %w", err)
	}
	registry.Lock()
	c, opened := registry.comms[o.ID], registry.targets[o.Target]
	if o.Op == "open" && opened != nil {
		c = &Comm{id: o.ID}
		registry.comms[o.ID] = c
	}
	registry.Unlock()
	switch {
	case c == nil: // of a worker that is gone
	case o.Op == "open":
		opened(c, o.Data)
	case o.Op == "close":
		c.end()
	default:
		c.mu.Lock()
		hear := c.hear
		c.mu.Unlock()
		if hear != nil {
			hear(o.Data)
		}
	}
	return nil
}
