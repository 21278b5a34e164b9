// Package wire is what a session and its worker say to each other.
//
// Requests and replies travel in frames on descriptors 3 and 4 of the worker: four bytes of length, big endian, then the
// fields in order. Requests that do not wait for the running cell travel on descriptor 6. Descriptor 5 carries the
// number of each cell whose declarations the worker holds, eight bytes, for whoever looks: nobody waits there. What cells
// print travels on descriptors 1 and 2 as it is, with [Marker] bytes in between that tell where something else belongs.
// Both sides are one executable, so the format has no versions.
package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/groupnb/groupnb/repl/display"
)

// Variable is the environment variable that makes a process a worker.
const Variable = "GROUPNB_WORKER"

// MaxFrame limits a message: room for large figures, too little to exhaust memory.
const MaxFrame = 1 << 28

// A Request goes to the worker.
type Request struct {
	Op string // one of the Op constants

	Key         string // Init: what markers carry
	MemoryLimit int64  // Init: bytes, 0 for none

	Cell  uint64 // Run, Interrupt: number of the cell in this session, from 1
	Name  string // Run: as positions say it
	Types string // Run: types to define
	Decls string // Run: source to install
	Entry string // Run: function to call

	Text string // Input: the line typed
	EOF  bool   // Input: there is no more
}

// What a request asks.
const (
	Init      = "init"      // first of all: keys and limits
	Run       = "run"       // install a program, then call its entry function
	Interrupt = "interrupt" // end the cell if it still runs
	Input     = "input"     // answers Ask
)

// A Reply comes from the worker.
type Reply struct {
	Op   string // one of the constants below
	Cell uint64
	Seq  uint64 // Show, Clear, Notice: number of the marker that says where it belongs

	Bundle   *display.Bundle // Show; Done: the result
	ID       string          // Show
	Update   bool            // Show
	Wait     bool            // Clear
	Text     string          // Notice; Ask: the prompt
	Password bool            // Ask
	Fault    *Fault          // Done: nil when the cell ended well
}

// What a reply tells.
const (
	Ready  = "ready" // answers Init
	Show   = "show"
	Clear  = "clear"
	Notice = "notice"
	Ask    = "ask"  // the cell waits for a line of input
	Done   = "done" // answers Run; all that the cell printed is on its way before
)

// A Fault is why a cell did not end well.
type Fault struct {
	Kind  string   // install, panic, interrupted, goexit
	Text  string   // without the kind
	Trace []string // "In[3]:4:2: function", innermost first
	At    int      // position of the statement that panicked, in the front end's terms; 0 if unknown
}

// An Unsendable error tells that a message was not written, because of what it holds.
type Unsendable struct{ Reason string }

func (e *Unsendable) Error() string { return e.Reason }

// A Frame is a *Request or a *Reply.
type Frame interface {
	encode(b []byte) ([]byte, error)
	decode(d *decoder)
}

// Write sends m as one frame. If the error is *Unsendable nothing was written and w is good.
func Write(w io.Writer, m Frame) error {
	frame, err := m.encode(make([]byte, 4, 512))
	if err != nil {
		return &Unsendable{"encode message: " + err.Error()}
	}
	n := len(frame) - 4
	if n > MaxFrame {
		return &Unsendable{fmt.Sprintf("a message of %d bytes is above the limit of %d", n, MaxFrame)}
	}
	binary.BigEndian.PutUint32(frame, uint32(n))
	_, err = w.Write(frame)
	return err
}

// Read receives one frame into m. It returns io.EOF only between frames.
func Read(r io.Reader, m Frame) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > MaxFrame {
		return fmt.Errorf("a message of %d bytes is announced, above the limit of %d", n, MaxFrame)
	}
	body, err := readBody(r, n)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	d := &decoder{rest: body}
	m.decode(d)
	if d.err != nil || len(d.rest) > 0 {
		return errors.New("decode message: malformed")
	}
	return nil
}

// readBody allocates for a long message as it arrives, not as it is announced.
func readBody(r io.Reader, n int64) ([]byte, error) {
	const trusted = 64 << 10
	if n <= trusted {
		body := make([]byte, n)
		_, err := io.ReadFull(r, body)
		return body, err
	}
	var body bytes.Buffer
	_, err := io.CopyN(&body, r, n)
	return body.Bytes(), err
}
