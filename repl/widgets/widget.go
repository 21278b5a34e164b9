// Package widgets shows controls of ipywidgets from Go: progress bars, text and rows of them.
//
//	bar := widgets.NewProgress("epoch 1", 46) // a row of label, bar and note
//	for i := range 46 {
//		bar.Set(i+1, "loss 0.53")
//	}
//	bar.Done()
//
// Where the front end has ipywidgets they are its own widgets and change in place by messages. Elsewhere the
// same values show as HTML, in a terminal as text, and saved notebooks keep these forms.
package widgets

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/groupnb/groupnb/repl/comm"
	"github.com/groupnb/groupnb/repl/display"
)

// ViewType is the media type that names a widget to show. The metadata key "live" tells a host that passes the
// widget's messages on that it needs no new HTML and text for every change.
const ViewType = "application/vnd.jupyter.widget-view+json"

const (
	baseModule     = "@jupyter-widgets/base"
	controlsModule = "@jupyter-widgets/controls"
	moduleVersion  = "2.0.0" // of ipywidgets 8; what else there is doesn't look at it
)

// A Widget is anything of this package that can be shown and put in a row.
type Widget interface {
	display.Displayer
	core() *node
}

// A node is the part that all widgets share.
type node struct {
	mu     sync.Mutex
	model  *comm.Comm // nil without a front end that has comms
	parent *node      // the row it stands in
	shown  string     // display id, "" while not shown
	drawn  time.Time
	twin   func() (text, html string)
}

func (n *node) core() *node { return n }

// interval is the least time between two new HTML forms.
const interval = 100 * time.Millisecond

// open makes the model in the front end.
func (n *node) open(module, name string, state map[string]any) {
	view := strings.TrimSuffix(name, "Model") + "View"
	all := map[string]any{
		"_model_module": module, "_model_module_version": moduleVersion, "_model_name": name,
		"_view_module": module, "_view_module_version": moduleVersion, "_view_name": view,
	}
	maps.Copy(all, state)
	n.model, _ = comm.Open("jupyter.widget", map[string]any{"state": all, "buffer_paths": []any{}})
}

// reference is how the state of another widget names this one.
func (n *node) reference() string {
	if n.model == nil {
		return ""
	}
	return "IPY_MODEL_" + n.model.ID()
}

// set changes the model's state and, in front ends without widgets, what is shown.
func (n *node) set(state map[string]any) {
	if n.model != nil {
		n.model.Send(map[string]any{"method": "update", "state": state, "buffer_paths": []any{}})
	}
	n.redraw(false)
}

// redraw replaces the HTML and text of the outermost widget: now and then, or finally.
func (n *node) redraw(finally bool) {
	for n.parent != nil {
		n = n.parent
	}
	n.mu.Lock()
	id, now := n.shown, time.Now()
	due := id != "" && (finally || now.Sub(n.drawn) >= interval)
	if due {
		n.drawn = now
	}
	n.mu.Unlock()
	if due {
		display.Update(id, n.bundle(!finally))
	}
}

func (n *node) bundle(live bool) display.Bundle {
	text, page := n.twin()
	b := display.NewText(text).With(display.HTML, []byte(page))
	if n.model == nil {
		return b
	}
	view := fmt.Sprintf(`{"version_major":2,"version_minor":0,"model_id":%q}`, n.model.ID())
	b = b.With(ViewType, []byte(view))
	b.Metadata = map[string]map[string]any{ViewType: {"live": live}}
	return b
}

// Display makes a widget show itself as the value of a cell. Only what [Show] shows changes in place everywhere.
func (n *node) Display() display.Bundle { return n.bundle(false) }

var serial struct {
	sync.Mutex
	n int
}

// Show shows a widget; what is changed later changes in place.
func Show(w Widget) {
	serial.Lock()
	serial.n++
	id := fmt.Sprintf("widget-%d", serial.n)
	serial.Unlock()
	n := w.core()
	n.mu.Lock()
	n.shown, n.drawn = id, time.Now()
	n.mu.Unlock()
	display.ShowAs(id, n.bundle(false))
}

// Finish brings the forms for front ends without widgets, and for the saved notebook, up to date.
func Finish(w Widget) { w.core().redraw(true) }
