package runner

import (
	"encoding/base64"
	"encoding/json"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// A Recorder turns what a session emits into the outputs of a notebook's cells. One Recorder serves one session, since
// an update may reach an output of an earlier cell.
type Recorder struct {
	cell    *notebook.Cell
	shown   map[string][]*notebook.Output // by display id
	screens map[*notebook.Output]*screen  // of the running cell's streams
	clear   bool                          // when the next output arrives
}

// NewRecorder returns a Recorder that hasn't begun a cell.
func NewRecorder() *Recorder { return &Recorder{shown: map[string][]*notebook.Output{}} }

// Begin directs what follows to c and removes c's former outputs.
func (r *Recorder) Begin(c *notebook.Cell) {
	r.Settle()
	c.Clear()
	r.cell, r.clear, r.screens = c, false, map[*notebook.Output]*screen{}
}

// Record applies one event.
func (r *Recorder) Record(e repl.Event) {
	switch e := e.(type) {
	case repl.Stream:
		r.stream(e.Name, e.Text)
	case repl.Notice:
		r.stream("stderr", e.Text+"\n")
	case repl.Display:
		r.display(e)
	case repl.Clear:
		if e.Wait {
			r.clear = true
		} else {
			r.wipe()
		}
	}
}

// Result records the value of the cell's last expression.
func (r *Recorder) Result(res repl.Result) {
	if res.Value != nil {
		data, metadata := bundle(*res.Value)
		r.add(&notebook.Output{Type: notebook.Result, Count: res.Count, Data: data, Metadata: metadata})
	}
}

// Error records why the cell failed.
func (r *Recorder) Error(name, msg string, traceback []string) {
	if len(traceback) == 0 {
		traceback = []string{name + ": " + msg}
	}
	r.add(&notebook.Output{Type: notebook.Error, EName: name, EValue: msg, Traceback: traceback})
}

// stream appends to the last output if it is the same stream, as nbformat wants it.
func (r *Recorder) stream(name, text string) {
	r.clearIfDue()
	var out *notebook.Output
	if n := len(r.cell.Outputs); n > 0 && r.screens[r.cell.Outputs[n-1]] != nil && r.cell.Outputs[n-1].Name == name {
		out = r.cell.Outputs[n-1]
	} else {
		out = r.add(&notebook.Output{Type: notebook.Stream, Name: name})
		r.screens[out] = &screen{}
	}
	r.screens[out].Write(text)
}

// Settle brings the text of streams up to date. It is called before the notebook is read, since doing so at each piece
// of output would make long outputs quadratic.
func (r *Recorder) Settle() {
	for out, s := range r.screens {
		out.Text = s.String()
	}
}

func (r *Recorder) display(e repl.Display) {
	data, metadata := bundle(e.Bundle)
	if e.Update {
		for _, out := range r.shown[e.ID] {
			out.Data, out.Metadata = data, metadata
		}
		return
	}
	out := r.add(&notebook.Output{Type: notebook.Display, Data: data, Metadata: metadata})
	if e.ID != "" {
		r.shown[e.ID] = append(r.shown[e.ID], out)
	}
}

func (r *Recorder) add(out *notebook.Output) *notebook.Output {
	r.clearIfDue()
	r.cell.Outputs = append(r.cell.Outputs, out)
	return out
}

func (r *Recorder) clearIfDue() {
	if r.clear {
		r.wipe()
	}
}

func (r *Recorder) wipe() {
	r.clear, r.cell.Outputs, r.screens = false, nil, map[*notebook.Output]*screen{}
}

// bundle returns b in a notebook's form: binary data in base64, JSON as values, the rest as text.
func bundle(b display.Bundle) (data, metadata map[string]any) {
	data, metadata = map[string]any{}, map[string]any{}
	for media, raw := range b.Data {
		data[media] = encode(media, raw)
	}
	for media, hints := range b.Metadata {
		metadata[media] = hints
	}
	return data, metadata
}

func encode(media string, raw []byte) any {
	if display.IsBinary(media) {
		return base64.StdEncoding.EncodeToString(raw)
	}
	if notebook.IsJSON(media) && json.Valid(raw) {
		return json.RawMessage(raw)
	}
	return string(raw)
}
