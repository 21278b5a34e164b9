//go:build !race

package kernels

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// In steady state a call allocates little more than its bookkeeping: workspaces come from the arena. As testing.AllocsPerRun does, this
// counts on one processor, for each has an arena of its own. (The race detector makes the arena forget on purpose.)
func TestConvAllocatesLittle(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the arena
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer SetThreads(0)
	SetThreads(1)
	eachLevel(t, func(t *testing.T) {
		c := conv2d(2, 32, 32, 8, 28, 28, 3, 1, 1)
		x, w, y := make([]float32, c.InLen()), make([]float32, c.WeightLen()), make([]float32, c.OutLen())
		step := func() {
			c.Forward(y, x, w, nil)
			c.BackwardData(x, y, w)
			c.BackwardWeights(w, nil, x, y)
		}
		step()
		const steps = 10
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range steps {
			step()
		}
		runtime.ReadMemStats(&after)
		if bytes := (after.TotalAlloc - before.TotalAlloc) / steps; bytes > 64<<10 {
			t.Errorf("a step allocates %d bytes, want at most 64 KB", bytes)
		}
	})
}
