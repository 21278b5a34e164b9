package jupyter

import (
	"sync/atomic"
	"time"
)

// messageDelay is how long a message may wait for others: those of a quick cell leave together, and so do those of
// several if a client sends them at once.
const messageDelay = time.Millisecond

// A courier sends what waits, at the latest after messageDelay. Its one timer goes on over many quick cells: setting one
// for each would cost more than anything else in the kernel.
type courier struct {
	send  func()
	timer *time.Timer
	set   atomic.Bool // the timer will send what has been queued so far
}

func newCourier(send func()) *courier {
	c := &courier{send: send}
	c.timer = time.AfterFunc(time.Hour, func() {
		c.set.Store(false)
		send()
	})
	c.timer.Stop()
	return c
}

// soon sends what waits after the delay. It and now are for one goroutine.
func (c *courier) soon() {
	if !c.set.Swap(true) {
		c.timer.Reset(messageDelay)
	}
}

// now sends what waits.
func (c *courier) now() {
	if c.set.Load() && c.timer.Stop() {
		c.set.Store(false)
	}
	c.send()
}
