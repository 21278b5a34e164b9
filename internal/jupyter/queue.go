package jupyter

import (
	"context"
	"sync"
	"time"
)

const (
	queueLimit = 10_000 // requests; a client that sends more waits

	// A client that sends several cells at once (Run All) expects that a failing one stops the others, however quickly
	// it fails. Hence the queue counts as stopped only when nothing has come for quietTime, and at most after
	// quietLimit; the reply waits so long.
	quietTime  = 15 * time.Millisecond
	quietLimit = 150 * time.Millisecond
)

// A queue holds the requests that have arrived on shell and are not yet served.
type queue struct {
	ch chan *request

	mu      sync.Mutex
	arrived time.Time // when the newest came
	number  uint64    // of the newest
	stopped uint64    // of the newest that came before a failed cell's reply
}

func newQueue() *queue { return &queue{ch: make(chan *request, queueLimit)} }

func (q *queue) put(ctx context.Context, r *request) {
	q.mu.Lock()
	q.number++
	r.number, q.arrived = q.number, r.arrived
	q.mu.Unlock()
	select {
	case q.ch <- r:
	case <-ctx.Done():
	}
}

// take waits for the next request; there is none when ctx is done.
func (q *queue) take(ctx context.Context) (r *request, ok bool) {
	select {
	case r = <-q.ch:
	case <-ctx.Done():
	}
	return r, ctx.Err() == nil
}

// waits reports whether a request waits.
func (q *queue) waits() bool { return len(q.ch) > 0 }

// stop makes all requests aborted that are in the queue or about to arrive there.
func (q *queue) stop(ctx context.Context) {
	limit := time.Now().Add(quietLimit)
	for {
		q.mu.Lock()
		wait := min(time.Until(q.arrived.Add(quietTime)), time.Until(limit))
		if wait <= 0 {
			q.stopped = q.number
		}
		q.mu.Unlock()
		if wait <= 0 {
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// aborted reports whether r was in the queue when a cell before it failed.
func (q *queue) aborted(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return r.number <= q.stopped
}
