// Package wire is what a session and its worker say to each other.
//
// Requests and replies are JSON in frames: four bytes of length, big endian, then the text. They travel on descriptors
// 3 and 4 of the worker. What cells print travels on descriptors 1 and 2 as it is, with [Marker] bytes in between that
// tell where something else belongs.
package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
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

	Key         string `json:",omitempty"` // Init: what markers carry
	MemoryLimit int64  `json:",omitempty"` // Init: bytes, 0 for none

	Cell  uint64 `json:",omitempty"` // Run, Interrupt: number of the cell in this session
	Name  string `json:",omitempty"` // Run: as positions say it
	Types string `json:",omitempty"` // Run: types to define
	Decls string `json:",omitempty"` // Run: source to install
	Entry string `json:",omitempty"` // Run: function to call

	Text string `json:",omitempty"` // Input: the line typed
	EOF  bool   `json:",omitempty"` // Input: there is no more
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
	Cell uint64 `json:",omitempty"`
	Seq  uint64 `json:",omitempty"` // Show, Clear, Notice: number of the marker that says where it belongs

	Bundle   *display.Bundle `json:",omitempty"` // Show; Done: the result
	ID       string          `json:",omitempty"` // Show
	Update   bool            `json:",omitempty"` // Show
	Wait     bool            `json:",omitempty"` // Clear
	Text     string          `json:",omitempty"` // Notice; Ask: the prompt
	Password bool            `json:",omitempty"` // Ask
	Fault    *Fault          `json:",omitempty"` // Done: nil when the cell ended well
}

// What a reply tells.
const (
	Ready     = "ready"     // answers Init
	Installed = "installed" // the declarations of the program are held
	Show      = "show"
	Clear     = "clear"
	Notice    = "notice"
	Ask       = "ask"  // the cell waits for a line of input
	Done      = "done" // answers Run
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

// Write sends v as one frame. If the error is *Unsendable nothing was written and w is good.
func Write(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return &Unsendable{"encode message: " + err.Error()}
	}
	if len(data) > MaxFrame {
		return &Unsendable{fmt.Sprintf("a message of %d bytes is above the limit of %d", len(data), MaxFrame)}
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(data)), uint32(len(data)))
	_, err = w.Write(append(frame, data...))
	return err
}

// Read receives one frame into v. It returns io.EOF only between frames.
func Read(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > MaxFrame {
		return fmt.Errorf("a message of %d bytes is announced, above the limit of %d", n, MaxFrame)
	}
	var body bytes.Buffer // grows with what arrives, not with what is announced
	if _, err := io.CopyN(&body, r, n); err != nil {
		return io.ErrUnexpectedEOF
	}
	if err := json.Unmarshal(body.Bytes(), v); err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	return nil
}
