package worker

import (
	"bytes"
	"fmt"
	"runtime"
	"time"
)

// A cell that is to stop ends by itself where its code asks (poll.go), with its deferred calls. One that waits at a
// channel does not ask; after patience it is looked for. What has not ended after lastPatience, deferred calls included,
// is stopped with the interpreter. Both are time that this process had: on a busy machine the cell may not have run.
const (
	patience      = 2 * time.Millisecond
	lastPatience  = time.Second
	betweenForces = time.Millisecond
)

// stop ends the interpreted code of a cell. It does not wait for the end; stopping does.
func (in *interpreter) stop(c *running) {
	in.poll.set(true) // here, as another goroutine might wait long for a processor that the cell leaves
	in.stopping.Go(func() {
		defer in.poll.set(false)
		waited := time.Duration(0)
		for wait := patience; !c.endsWithin(wait); wait *= 2 {
			waited += wait
			if waited >= lastPatience || !c.leaving.Load() && waitsAtChannel(c.main.Load()) {
				in.force(c.ended)
				return
			}
		}
	})
}

// force stops all interpreted code, as often as it takes until the cell has ended, and then lets the rest of the
// session's code go on: frames of earlier cells carry the same run id. Goroutines that take a step meanwhile end.
func (in *interpreter) force(ended <-chan struct{}) {
	id := in.private.bumpID()
	defer in.private.setID(id)
	again := time.NewTicker(betweenForces)
	defer again.Stop()
	for {
		// One send wakes one blocked channel operation of the cell. The channel is not closed: closures that
		// the cell leaves behind hold it, and their channel operations would fail for ever.
		select {
		case in.private.getDone() <- struct{}{}:
		case <-again.C: // the cell was only about to start: its frames have the new id
			in.private.bumpID()
		case <-ended:
			return
		}
	}
}

// waitsAtChannel tells whether a goroutine is blocked in a channel operation or select statement.
func waitsAtChannel(id uint64) bool {
	dump := make([]byte, 1<<16)
	for {
		n := runtime.Stack(dump, true)
		if n < len(dump) {
			dump = dump[:n]
			break
		}
		dump = make([]byte, 2*len(dump))
	}
	_, state, found := bytes.Cut(dump, fmt.Appendf(nil, "goroutine %d [", id))
	return found && (bytes.HasPrefix(state, []byte("select")) || bytes.HasPrefix(state, []byte("chan ")))
}
