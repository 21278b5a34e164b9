package bench

import (
	"sync"
	"time"
)

// Peak is the GFLOP/s of one thread of this machine that does nothing but fused multiply-adds of the widest vectors in use, measured
// on the first call. It is 0 where there is no assembly for that.
var Peak = sync.OnceValue(func() float64 {
	const rounds = 1 << 16
	var best float64
	for range 20 {
		t := time.Now()
		flops := fmaLoop(rounds)
		best = max(best, float64(flops)/time.Since(t).Seconds()/1e9)
	}
	return best
})
