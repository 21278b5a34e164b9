package kernels

import (
	"fmt"
	"testing"
)

func BenchmarkConv(b *testing.B) {
	for _, c := range []Conv{
		conv2d(8, 128, 128, 32, 56, 56, 3, 1, 1),
		conv2d(8, 256, 256, 32, 28, 28, 3, 1, 1),
		conv2d(8, 512, 512, 32, 14, 14, 3, 1, 1),
		conv2d(8, 256, 256, 32, 56, 56, 3, 2, 1),
		conv2d(8, 128, 256, 1, 28, 28, 1, 1, 0),
		conv2d(8, 64, 64, 1, 28, 28, 3, 1, 1),
		conv2d(32, 32, 32, 8, 28, 28, 3, 1, 1),
		conv2d(32, 32, 64, 1, 28, 28, 1, 1, 0),
		conv2d(8, 3, 64, 1, 112, 112, 7, 2, 3),
		conv2d(8, 128, 128, 128, 28, 28, 3, 1, 1),
	} {
		x, y, w := make([]float32, c.InLen()), make([]float32, c.OutLen()), make([]float32, c.WeightLen())
		for name, f := range map[string]func(){
			"fwd":   func() { c.Forward(y, x, w, nil) },
			"bwd_d": func() { c.BackwardData(x, y, w) },
			"bwd_w": func() { c.BackwardWeights(w, nil, x, y) },
		} {
			b.Run(fmt.Sprintf("%v/%s", c, name), func(b *testing.B) {
				SetThreads(1)
				defer SetThreads(0)
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.N)*float64(c.MACs())/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
