package data

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/groupnb/groupnb/nn"
)

// Training that is cancelled in the middle of an epoch, while the next batch is being read, leaves no goroutine behind, and the loader
// begins the next epoch as a new one would.
func TestCancellingLeavesTheLoaderUsable(t *testing.T) {
	set, _, err := FashionMNISTSubset()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	slow := func(Image, *rand.Rand) { // 32 ms for a batch: it is being read when training ends
		if ctx.Err() != nil {
			time.Sleep(time.Millisecond)
		}
	}
	loader := set.First(320).Augment(HFlip(), PadCrop(2), slow).Batches(32)
	model := nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
	model.Forward(nn.NewTensor(32, 1, 28, 28), false) // starts the kernels' workers, which stay
	before := runtime.NumGoroutine()
	h, err := model.Fit(loader, nn.SGD(0.01), nn.Quiet(), nn.Context(ctx), nn.OnStep(func(s nn.StepStats) {
		if s.Step == 3 {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || len(h.Steps) != 4 {
		t.Fatalf("%d steps, error %v; want to be cancelled after 4", len(h.Steps), err)
	}
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, there were %d", runtime.NumGoroutine(), before)
		}
	}
	fresh := set.First(320).Augment(HFlip(), PadCrop(2), slow).Batches(32)
	loader.Start(7, 2)
	fresh.Start(7, 2)
	var got, want nn.Batch
	for i := range fresh.Len() {
		if !loader.Next(&got) || !fresh.Next(&want) {
			t.Fatalf("the epoch ends after %d batches", i)
		}
		if !slices.Equal(got.Y, want.Y) || !slices.Equal(got.X.Data, want.X.Data) {
			t.Errorf("batch %d is not that of a new loader", i)
		}
	}
	if loader.Next(&got) {
		t.Error("there are more batches")
	}
}
