//go:build !race

package nn

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/groupnb/groupnb/kernels"
)

// sameBatch deals out one batch for ever.
type sameBatch struct{ batch Batch }

func (sameBatch) Len() int             { return 1 << 20 }
func (sameBatch) Start(uint64, int)    {}
func (s sameBatch) Next(b *Batch) bool { *b = s.batch; return true }

// In steady state a training step allocates nothing: forward, loss, backward and the optimiser's update. As testing.AllocsPerRun does,
// this counts on one processor, for each has spare memory of its own. (The race detector makes spare memory forgotten on purpose.)
func TestATrainingStepAllocatesNothing(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the spare memory
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer kernels.SetThreads(0)
	kernels.SetThreads(1)
	small := ResNeXtSpec{In: 1, Classes: 10, Stem: 32, StemKernel: 3, Blocks: []int{1, 1, 1}, Widths: []int{32, 64, 128}, Cardinality: 8, BaseWidth: 4}
	imageNet := ResNeXtSpec{In: 3, Classes: 10, Stem: 64, StemKernel: 7, Blocks: []int{2, 1, 1}, Widths: []int{256, 512, 1024},
		Cardinality: 32, BaseWidth: 4}
	sgd := func() Optimizer { return SGD(0.01, Momentum(0.9), Nesterov(), WeightDecay(5e-4)) }
	for _, c := range []struct {
		name        string
		spec        ResNeXtSpec
		batch, size int
		opt         func() Optimizer
	}{
		{"small ResNeXt", small, 2, 28, sgd},
		{"small ResNeXt, Adam", small, 2, 28, func() Optimizer { return AdamW(0.01) }},
		{"blocks of ResNeXt-50", imageNet, 2, 32, sgd},
	} {
		if kernels.Level() == "generic" && c.spec.Cardinality > small.Cardinality {
			continue // it takes long without assembly, and takes no other way
		}
		m, err := c.spec.Build(1)
		if err != nil {
			t.Fatal(err)
		}
		if objects := allocations(t, m, c.batch, c.size, c.opt()); objects > 0 {
			t.Errorf("%s: a step allocates %d objects, want none", c.name, objects)
		}
	}
}

// allocations is how many objects a step allocates once there have been some.
func allocations(t *testing.T, m *Model, n, size int, opt Optimizer) uint64 {
	const first, steps = 3, 5
	batch := Batch{X: randomTensor(1, n, m.graph.nodes[0].op.(*Conv).In, size, size)}
	for i := range n {
		batch.Y = append(batch.Y, i%10)
	}
	var before, after runtime.MemStats
	ctx, cancel := context.WithCancel(context.Background())
	_, err := m.Fit(sameBatch{batch}, opt, Quiet(), Context(ctx), OnStep(func(s StepStats) {
		switch s.Step {
		case first:
			runtime.ReadMemStats(&before)
		case first + steps:
			runtime.ReadMemStats(&after)
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return (after.Mallocs - before.Mallocs) / steps // what the history takes to grow is less than an object a step
}
