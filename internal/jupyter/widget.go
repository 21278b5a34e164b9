package jupyter

import (
	"encoding/json"
	"maps"

	"github.com/groupnb/groupnb/repl/display"
	"github.com/groupnb/groupnb/repl/widgets"
)

// The kernel keeps the state of each widget, so that it can answer a front end that connects later, also when the
// worker that made the widget is gone.

const (
	widgetTarget  = "jupyter.widget"
	widgetControl = "jupyter.widget.control"
)

// widgetMetadata names the version of the widget messaging protocol.
var widgetMetadata = map[string]string{"version": "2.1.0"}

type widgetData struct {
	Method  string                     `json:"method,omitempty"`
	State   map[string]json.RawMessage `json:"state,omitempty"`
	States  map[string]widgetState     `json:"states,omitempty"`
	Buffers []any                      `json:"buffer_paths"`
}

type widgetState struct {
	Module  json.RawMessage            `json:"model_module"`
	Name    json.RawMessage            `json:"model_name"`
	Version json.RawMessage            `json:"model_module_version"`
	State   map[string]json.RawMessage `json:"state"`
}

// update notes new values of a widget's state.
func (c *openComm) update(data json.RawMessage) {
	var d widgetData
	if c.target != widgetTarget || json.Unmarshal(data, &d) != nil || (d.Method != "" && d.Method != "update") {
		return
	}
	if c.state == nil {
		c.state = map[string]json.RawMessage{}
	}
	maps.Copy(c.state, d.State)
}

// widgetMessage answers the questions of ipywidgets; others it reports false for, after noting their news.
func (c *comms) widgetMessage(r *request, q commContent, to *openComm) (answered bool) {
	var d widgetData
	if json.Unmarshal(q.Data, &d) != nil {
		return false
	}
	answer := widgetData{Buffers: []any{}}
	switch {
	case to.target == widgetControl && d.Method == "request_states":
		answer.Method, answer.States = "update_states", map[string]widgetState{}
		for id, w := range c.open {
			if s := w.state; s != nil {
				answer.States[id] = widgetState{s["_model_module"], s["_model_name"], s["_model_module_version"], s}
			}
		}
	case to.target == widgetTarget && d.Method == "request_state":
		answer.Method, answer.State = "update", to.state
	default:
		to.update(q.Data)
		return to.target == widgetControl
	}
	c.k.publish("comm_msg", r.raw, widgetMetadata, commContent{ID: q.ID, Data: marshal(answer)})
	return true
}

// view adapts a bundle that shows a widget: without widgets in the front end only its other forms are left, with them
// those need not follow every change. It reports whether there is anything to send.
func (c *comms) view(b *display.Bundle, update bool) bool {
	if _, ok := b.Data[widgets.ViewType]; !ok {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	live, _ := b.Metadata[widgets.ViewType]["live"].(bool)
	if c.widgets && update && live {
		return false
	}
	kept := display.Bundle{Data: maps.Clone(b.Data)}
	if !c.widgets {
		delete(kept.Data, widgets.ViewType)
	}
	*b = kept
	return true
}
