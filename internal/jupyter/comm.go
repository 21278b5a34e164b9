package jupyter

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/comm"
)

// SessionEnv is what the session's worker must find in its environment, for [repl.Options], so that cells can use
// comms.
var SessionEnv = []string{comm.Variable + "=1"}

// comms are the comms between cells and front ends.
type comms struct {
	k *kernel

	mu      sync.Mutex
	open    map[string]*openComm // by id
	targets map[string]bool      // that cells have registered
	widgets bool                 // a front end has ipywidgets
}

type openComm struct {
	target string
	state  map[string]json.RawMessage // of a widget
}

type commContent struct {
	ID     string          `json:"comm_id"`
	Target string          `json:"target_name,omitempty"`
	Data   json.RawMessage `json:"data"`
}

func newComms(k *kernel) *comms {
	return &comms{k: k, open: map[string]*openComm{}, targets: map[string]bool{}}
}

// fromWorker acts on what a cell does with a comm.
func (c *comms) fromWorker(parent json.RawMessage, operation []byte) {
	var o comm.Operation
	if err := json.Unmarshal(operation, &o); err != nil {
		c.k.log.once("comm: %v", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	content := commContent{ID: o.ID, Target: o.Target, Data: o.Data}
	known := c.open[o.ID]
	switch o.Op {
	case "register":
		c.targets[o.Target] = true
	case "open":
		known = &openComm{target: o.Target}
		c.open[o.ID] = known
		known.update(o.Data)
		c.tell(known, "comm_open", parent, content)
	case "msg":
		if known != nil {
			known.update(o.Data)
			c.tell(known, "comm_msg", parent, content)
		}
	case "close":
		if known != nil {
			delete(c.open, o.ID)
			c.tell(known, "comm_close", parent, content)
		}
	}
}

// tell publishes a message of a comm. Those of widgets are for front ends that have them.
func (c *comms) tell(to *openComm, msgType string, parent json.RawMessage, content commContent) {
	if to.target == widgetTarget && !c.widgets {
		return
	}
	var metadata any
	if to.target == widgetTarget {
		metadata = widgetMetadata
	}
	c.k.publish(msgType, parent, metadata, content)
}

type commTarget struct {
	Name string `json:"target_name"`
}

func (k *kernel) commInfo(_ context.Context, r *request) (any, error) {
	var q commTarget
	if err := r.parse(&q); err != nil {
		return nil, err
	}
	k.comms.mu.Lock()
	defer k.comms.mu.Unlock()
	if q.Name == widgetTarget { // only ipywidgets asks for them
		k.comms.widgets = true
	}
	found := map[string]commTarget{}
	for id, c := range k.comms.open {
		if q.Name == "" || q.Name == c.target {
			found[id] = commTarget{c.target}
		}
	}
	return map[string]any{"status": "ok", "comms": found}, nil
}

// commOpen hands a comm to the cell that registered its target; without one it is closed.
func (k *kernel) commOpen(ctx context.Context, r *request) (any, error) {
	var q commContent
	if err := r.parse(&q); err != nil {
		return nil, err
	}
	k.comms.mu.Lock()
	known := k.comms.targets[q.Target]
	if q.Target == widgetControl {
		k.comms.widgets = true
	}
	if known || q.Target == widgetControl {
		k.comms.open[q.ID] = &openComm{target: q.Target}
	}
	k.comms.mu.Unlock()
	switch {
	case known:
		return nil, k.deliver(ctx, r, comm.Operation{Op: "open", ID: q.ID, Target: q.Target, Data: q.Data})
	case q.Target != widgetControl:
		k.publish("comm_close", r.raw, nil, commContent{ID: q.ID, Data: json.RawMessage("{}")})
	}
	return nil, nil
}

func (k *kernel) commMsg(ctx context.Context, r *request) (any, error) {
	var q commContent
	if err := r.parse(&q); err != nil {
		return nil, err
	}
	k.comms.mu.Lock()
	c := k.comms.open[q.ID]
	answered := c != nil && k.comms.widgetMessage(r, q, c)
	k.comms.mu.Unlock()
	if c == nil || answered {
		return nil, nil
	}
	return nil, k.deliver(ctx, r, comm.Operation{Op: "msg", ID: q.ID, Data: q.Data})
}

func (k *kernel) commClose(ctx context.Context, r *request) (any, error) {
	var q commContent
	if err := r.parse(&q); err != nil {
		return nil, err
	}
	k.comms.mu.Lock()
	c := k.comms.open[q.ID]
	delete(k.comms.open, q.ID)
	k.comms.mu.Unlock()
	if c == nil || c.target == widgetControl {
		return nil, nil
	}
	return nil, k.deliver(ctx, r, comm.Operation{Op: "close", ID: q.ID})
}

// deliver runs the cell's function for a message. What it shows has the message as its parent.
func (k *kernel) deliver(ctx context.Context, r *request, o comm.Operation) error {
	k.courier.soon()
	s, err := k.session.get(ctx)
	if err != nil {
		return err
	}
	ctx, done := k.interruptible(ctx)
	defer done()
	out := newOutput(k, r.raw)
	defer out.flush()
	source := "import _comm \"github.com/groupnb/groupnb/repl/comm\"\n_comm.Deliver(" + strconv.Quote(string(marshal(o))) + ")"
	_, err = s.Inner.Execute(ctx, repl.Cell{Source: source, Name: "comm", Silent: true}, out.emit)
	if err != nil {
		k.publish("error", r.raw, nil, k.errorOf(err))
		return fmt.Errorf("comm %s: %w", o.ID, err)
	}
	return nil
}
