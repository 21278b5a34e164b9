package worker

import (
	"context"

	"github.com/groupnb/groupnb/internal/worker/wire"
	"github.com/groupnb/groupnb/repl/display"
)

// host brings what a cell shows to the session.
type host struct{ w *worker }

func (h host) Display(b display.Bundle, id string, update bool) {
	h.w.place(wire.Reply{Op: wire.Show, Bundle: &b, ID: id, Update: update})
}

func (h host) Clear(wait bool) { h.w.place(wire.Reply{Op: wire.Clear, Wait: wait}) }

// Context is that of the cell which the calling goroutine belongs to, so an interrupt leaves the others alone.
func (h host) Context() context.Context { return h.w.cells.mine().ctx }
