package jupyter

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/comm"
	"github.com/groupnb/groupnb/repl/display"
)

const (
	firstDelay  = time.Millisecond      // of output after a pause
	steadyDelay = 40 * time.Millisecond // of output that keeps coming
	streamLimit = 64 << 10              // bytes that wait; more are sent at once
	streamChunk = 1 << 20               // bytes of one message: clients read one while the next is being made
)

// An output sends what one cell emits, with that cell as parent, also what a goroutine emits after the cell's end.
// Text is collected for a moment: few messages for many lines, but the first line of a slow cell at once.
type output struct {
	k      *kernel
	parent json.RawMessage

	mu    sync.Mutex
	name  string // of the stream that text belongs to
	text  []byte
	sent  time.Time
	timer *time.Timer // runs while text waits
}

func newOutput(k *kernel, parent json.RawMessage) *output { return &output{k: k, parent: parent} }

func (o *output) emit(e repl.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e := e.(type) {
	case repl.Stream:
		o.write(e.Name, e.Text)
	case repl.Notice:
		o.write("stderr", strings.TrimSuffix(e.Text, "\n")+"\n")
	case repl.Display:
		o.send(true)
		if operation, ok := e.Bundle.Data[comm.MediaType]; ok {
			o.k.comms.fromWorker(o.parent, operation)
			return
		}
		if !o.k.comms.view(&e.Bundle, e.Update) {
			return
		}
		content := contentOf(e.Bundle)
		content.Transient = &transient{e.ID}
		if e.Update {
			o.k.publish("update_display_data", o.parent, nil, content)
		} else {
			o.k.publish("display_data", o.parent, nil, content)
		}
	case repl.Clear:
		o.send(true)
		o.k.publish("clear_output", o.parent, nil, clearContent{e.Wait})
	}
}

type clearContent struct {
	Wait bool `json:"wait"`
}

type streamContent struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

func (c streamContent) appendJSON(b []byte) []byte {
	b = slices.Grow(b, len(c.Text)+len(c.Text)/16+64) // room for some line ends
	b = append(append(b, `{"name":"`...), c.Name...)
	return append(appendString(append(b, `","text":`...), c.Text), '}')
}

// write adds text to the stream. The streams keep their order among each other.
func (o *output) write(name, text string) {
	if name != o.name {
		o.send(true)
		o.name = name
	}
	for len(o.text) == 0 && len(text) >= streamLimit {
		n := min(len(text), streamChunk)
		if n < len(text) {
			n -= len(text[n-4:n]) - wholeRunes([]byte(text[n-4:n]))
		}
		o.publish(text[:n])
		text = text[n:]
	}
	o.text = append(o.text, text...)
	if len(o.text) >= streamLimit {
		o.send(false)
	} else if o.timer == nil && len(o.text) > 0 {
		delay := steadyDelay
		if time.Since(o.sent) > 2*steadyDelay {
			delay = firstDelay
		}
		o.timer = time.AfterFunc(delay, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.send(false)
		})
	}
}

// flush sends what has been collected.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.send(true)
}

// send sends the collected text; a rune whose end has not come yet waits for it, unless all is to be sent.
func (o *output) send(all bool) {
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	n := len(o.text)
	if !all {
		n = wholeRunes(o.text)
	}
	if n == 0 {
		return
	}
	o.publish(string(o.text[:n]))
	o.text = append(o.text[:0], o.text[n:]...)
}

// streamBuffers holds memory for the contents of stream messages.
var streamBuffers sync.Pool

func (o *output) publish(text string) {
	b, _ := streamBuffers.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	defer streamBuffers.Put(b)
	*b = streamContent{o.name, text}.appendJSON((*b)[:0])
	o.k.publish("stream", o.parent, nil, json.RawMessage(*b))
	o.sent = time.Now()
}

// outputs finds the output of a cell that has ended: what its goroutines still show belongs there.
type outputs struct {
	mu     sync.Mutex
	byName map[string]*output
	names  []string // oldest first
}

const keptOutputs = 1000

func (o *outputs) add(cell string, out *output) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byName == nil {
		o.byName = map[string]*output{}
	}
	if o.byName[cell] == nil {
		o.names = append(o.names, cell)
	}
	o.byName[cell] = out
	if len(o.names) > keptOutputs {
		delete(o.byName, o.names[0])
		o.names = o.names[1:]
	}
}

func (o *outputs) late(cell string, e repl.Event) {
	o.mu.Lock()
	out := o.byName[cell]
	if out == nil && len(o.names) > 0 { // at least somewhere
		out = o.byName[o.names[len(o.names)-1]]
	}
	o.mu.Unlock()
	if out != nil {
		out.emit(e)
	}
}

var noMetadata = map[string]map[string]any{}

// contentOf turns a bundle into the data of a message: images as base64, JSON as it is, anything else as text.
func contentOf(b display.Bundle) dataContent {
	c := dataContent{Data: make(map[string]any, len(b.Data)), Metadata: noMetadata}
	if b.Metadata != nil {
		c.Metadata = b.Metadata
	}
	for mediaType, data := range b.Data {
		switch {
		case display.IsBinary(mediaType):
			c.Data[mediaType] = base64.StdEncoding.EncodeToString(data)
		case isJSON(mediaType) && json.Valid(data):
			c.Data[mediaType] = json.RawMessage(data)
		default:
			c.Data[mediaType] = string(data)
		}
	}
	return c
}

func isJSON(mediaType string) bool {
	return mediaType == display.JSON || strings.HasSuffix(mediaType, "+json")
}

func resultContent(b display.Bundle, count int) dataContent {
	c := contentOf(b)
	c.Count = &count
	return c
}
