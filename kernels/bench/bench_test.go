package bench

import (
	"fmt"
	"testing"

	"github.com/groupnb/groupnb/kernels"
)

var directions = []string{"fwd", "bwd_d", "bwd_w"}

// BenchmarkConv times the shapes of shapes.txt in the blocked layout:
//
//	go test -bench 'Conv/g32c256@28/n=8/t=1/fwd' ./kernels/bench
func BenchmarkConv(b *testing.B) {
	shapes, err := Shapes()
	if err != nil {
		b.Fatal(err)
	}
	for _, h := range shapes {
		for _, n := range []int{1, 8, 32} {
			for _, threads := range []int{1, 2} {
				for _, direction := range directions {
					b.Run(fmt.Sprintf("%s/n=%d/t=%d/%s", h.Name, n, threads, direction), func(b *testing.B) {
						job := NewJob(h.Conv(n), direction)
						rate(b, threads, 2*float64(job.conv.MACs()), job.Run)
					})
				}
			}
		}
	}
}

// rate runs f and reports GFLOP/s and how much of the machine's peak that is.
func rate(b *testing.B, threads int, flops float64, f func()) {
	kernels.SetThreads(threads)
	defer kernels.SetThreads(0)
	peak := Peak()
	f()
	for b.Loop() {
		f()
	}
	gflops := flops * float64(b.N) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(gflops, "GFLOP/s")
	if peak > 0 {
		b.ReportMetric(100*gflops/(peak*float64(threads)), "%peak")
	}
}

func BenchmarkGEMM(b *testing.B) {
	for _, n := range []int{64, 256, 1024} {
		x, y, z := Values(n*n, 1), Values(n*n, 2), make([]float32, n*n)
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%d/t=%d", n, threads), func(b *testing.B) {
				rate(b, threads, 2*float64(n)*float64(n)*float64(n), func() {
					kernels.GEMM(false, false, n, n, n, 1, x, n, y, n, 0, z, n)
				})
			})
		}
	}
}

// BenchmarkStream times the passes over whole tensors, in GB/s of what they must read and write.
func BenchmarkStream(b *testing.B) {
	norm := kernels.NormAct{BatchNorm: kernels.BatchNorm{N: 8, C: 256, Spatial: 28 * 28, Eps: 1e-5}, Blocked: true, ReLU: true}
	norm.Passed = make([]uint16, norm.PassedLen())
	size := kernels.BlockedLen(norm.N, norm.C, norm.Spatial)
	x, y, dy := Values(size, 1), make([]float32, size), Values(size, 3)
	gamma, beta := Values(norm.C, 4), Values(norm.C, 5)
	mean, invstd := make([]float32, norm.C), make([]float32, norm.C)
	pool := kernels.MaxPool{Pool: kernels.Pool{N: norm.N, C: norm.C, In: [3]int{1, 28, 28}, Kernel: [3]int{1, 3, 3},
		Stride: [3]int{1, 2, 2}, PadLo: [3]int{0, 1, 1}, PadHi: [3]int{0, 1, 1}, Blocked: true}}
	argmax := make([]int32, pool.OutLen())
	for _, op := range []struct {
		name   string
		passes int // tensors read and written
		f      func()
	}{
		{"normact", 3, func() { norm.Train(y, x, nil, gamma, beta, mean, invstd, nil, nil) }},
		{"normact-backward", 5, func() { norm.Backward(dy, nil, nil, nil, dy, x, gamma, mean, invstd) }},
		{"add", 3, func() { kernels.Add(y, x, dy) }},
		{"sgd", 5, func() { kernels.SGDStep(kernels.SGD{LR: 1e-9, Momentum: 0.9}, y, dy, x) }},
		{"maxpool", 1, func() { pool.Forward(y[:pool.OutLen()], x, argmax) }},
	} {
		b.Run(op.name, func(b *testing.B) {
			b.SetBytes(int64(4 * size * op.passes))
			for b.Loop() {
				op.f()
			}
		})
	}
}

// An entry of the dispatch table that no benchmark reaches cannot be kept fast.
func TestEveryEntryHasABenchmark(t *testing.T) {
	shapes, err := Shapes()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{
		"gemm.packed":   true, // BenchmarkGEMM
		"gemm.portable": true, // the same at level generic
		"conv.portable": true, // BenchmarkConv at level generic
		"conv.stem":     true, // BenchmarkConv, whose jobs of stems take plain images
		"pool.max":      true, // BenchmarkStream
		"stream":        true, // BenchmarkStream
	}
	for _, h := range shapes {
		forward, data, weights := h.Conv(1).Kernels(true)
		have[forward], have[data], have[weights] = true, true, true
	}
	for _, e := range kernels.Dispatch() {
		if !have[e.Name] {
			t.Errorf("no shape of shapes.txt reaches %s", e.Name)
		}
	}
}

func TestJobsComputeTheSameInBothLayouts(t *testing.T) {
	c := Shape{"", 2, 32, 32, 8, 9, 9, 3, 1, 1}.Conv(2)
	x, w, dy := Values(c.InLen(), 1), Values(c.WeightLen(), 2), Values(c.OutLen(), 3)
	for _, direction := range directions {
		job := NewJob(c, direction)
		job.Run()
		got := job.Result()
		want := make([]float32, len(got))
		switch direction {
		case "fwd":
			c.Forward(want, x, w, nil)
		case "bwd_d":
			c.BackwardData(want, dy, w)
		default:
			c.BackwardWeights(want, nil, x, dy)
		}
		for i, v := range want {
			if d := got[i] - v; d > 1e-4 || d < -1e-4 {
				t.Fatalf("%s[%d] is %v, want %v", direction, i, got[i], v)
			}
		}
	}
}
