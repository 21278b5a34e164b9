//go:build !race

package nn

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"testing"
)

// sameBatch deals out one batch for ever.
type sameBatch struct{ batch Batch }

func (sameBatch) Len() int             { return 1 << 20 }
func (sameBatch) Start(uint64, int)    {}
func (s sameBatch) Next(b *Batch) bool { *b = s.batch; return true }

// In steady state a training step allocates no tensor and no workspace, only the bookkeeping of convolutions: some objects for each,
// whatever the size of the batch. (The race detector makes scratch memory forgotten on purpose.)
func TestTrainingStepAllocatesNoMemoryForNumbers(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the scratch memory
	m := Sequential(
		Conv2D(1, 32, 3, Padding(1), NoBias()), BatchNorm2D(32), ReLU(), MaxPool2D(2),
		ResNeXtBlock(32, 32, Cardinality(8), BaseWidth(4)), ResNeXtBlock(32, 64, Cardinality(8), BaseWidth(8), Down()),
		GlobalAvgPool2D(), Linear(64, 10))
	const first, steps, convolutions = 3, 10, 8
	batch := Batch{X: randomTensor(1, 4, 1, 28, 28)}
	for i := range 4 {
		batch.Y = append(batch.Y, i%10)
	}
	var before, after runtime.MemStats
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	n := 0
	_, err := m.Fit(sameBatch{batch}, SGD(0.01, Momentum(0.9)), Quiet(), Context(ctx), OnStep(func(StepStats) {
		switch n++; n {
		case first:
			runtime.ReadMemStats(&before)
		case first + steps:
			runtime.ReadMemStats(&after)
			cancel(stop)
		}
	}))
	if err == nil {
		t.Fatal("training did not stop")
	}
	objects, bytes := (after.Mallocs-before.Mallocs)/steps, (after.TotalAlloc-before.TotalAlloc)/steps
	t.Logf("%d objects, %d bytes", objects, bytes)
	if objects > 50*convolutions || bytes > 12<<10*convolutions {
		t.Errorf("a step allocates %d objects and %d bytes, want at most 50 and 12 KB for each convolution", objects, bytes)
	}
}
