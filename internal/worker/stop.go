package worker

import "time"

// A cell that is to stop ends by itself where its code asks (poll.go) or waits (rt), with its deferred calls. What has
// not ended when its time is up, deferred calls included, is stopped with the interpreter. The time is counted in
// ticks that this process had: on a busy machine the cell may not have run.
const (
	tick          = 100 * time.Millisecond
	lastTicks     = 10
	betweenForces = time.Millisecond
)

// stop ends the interpreted code of a cell. It does not wait for the end; stopping does.
func (in *interpreter) stop(c *running) {
	in.poll.set(true) // here, as another goroutine might wait long for a processor that the cell leaves
	in.stopping.Go(func() {
		defer in.poll.set(false)
		for range lastTicks {
			if c.endsWithin(tick) {
				return
			}
		}
		in.force(c.ended)
	})
}

// force stops all interpreted code until the cell has ended, and then lets the rest of the session's code go on: frames
// of earlier cells carry the same run id. Goroutines that take a step meanwhile end.
func (in *interpreter) force(ended <-chan struct{}) {
	id := in.private.bumpID()
	defer in.private.setID(id)
	again := time.NewTicker(betweenForces)
	defer again.Stop()
	for {
		select {
		case <-again.C: // deferred calls begin with the new id
			in.private.bumpID()
		case <-ended:
			return
		}
	}
}
