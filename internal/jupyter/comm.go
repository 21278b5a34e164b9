package jupyter

import (
	"context"
	"sync"
)

// comms are the open comms by their ids.
type comms struct {
	mu   sync.Mutex
	open map[string]string // to target names
}

type commContent struct {
	ID     string `json:"comm_id"`
	Target string `json:"target_name,omitempty"`
	Data   any    `json:"data"`
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
	open := map[string]commTarget{}
	for id, target := range k.comms.open {
		if q.Name == "" || q.Name == target {
			open[id] = commTarget{target}
		}
	}
	return map[string]any{"status": "ok", "comms": open}, nil
}

// commOpen closes what a front end opens: no target is served here.
func (k *kernel) commOpen(_ context.Context, r *request) (any, error) {
	var c commContent
	if err := r.parse(&c); err != nil {
		return nil, err
	}
	k.publish("comm_close", r.raw, nil, commContent{ID: c.ID, Data: struct{}{}})
	return nil, nil
}

func (k *kernel) commMsg(context.Context, *request) (any, error) { return nil, nil }

func (k *kernel) commClose(_ context.Context, r *request) (any, error) {
	var c commContent
	if err := r.parse(&c); err != nil {
		return nil, err
	}
	k.comms.mu.Lock()
	defer k.comms.mu.Unlock()
	delete(k.comms.open, c.ID)
	return nil, nil
}
