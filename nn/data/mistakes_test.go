package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/nn"
)

func TestMistakesAreRefusedWhereTheyAreMade(t *testing.T) {
	set := numbered(t, 4)
	for want, f := range map[string]func(){
		"Batches: the batch size is 0, want 1 or more":         func() { set.Batches(0) },
		"Batches: the set is nil; see the error":               func() { (*Set)(nil).Batches(1) },
		"Split: the set is nil; see the error":                 func() { (*Set)(nil).First(1) },
		"Augment: augmentation 2 is nil":                       func() { set.Augment(HFlip(), nil) },
		"Normalise: a mean is NaN":                             func() { set.Normalise(float32(math.NaN()), 1) },
		"PadCrop: the shift is -1, want 0 or more":             func() { PadCrop(-1) },
		"Cutout: the side is 0, want 1 or more":                func() { Cutout(0) },
		"RandomErase: the probability is 2, want 0 to 1":       func() { RandomErase(2) },
		"Normalise: a deviation is 0, want more than 0":        func() { set.Normalise(0.5, 0) },
		"Normalise: 3 numbers, want a mean and a deviation fo": func() { set.Normalise(1, 2, 3) },
	} {
		func() {
			defer func() {
				if e, ok := recover().(nn.ConfigError); !ok || !strings.HasPrefix(e.Error(), want) {
					t.Errorf("got %v, want %q", e, want)
				}
			}()
			f()
		}()
	}
}

func TestSetsOfNothingAreRefused(t *testing.T) {
	for _, shape := range [][3]int{{0, 8, 8}, {1, -8, 8}, {-1, -8, 8}} {
		if s, err := NewSet("toy", shape[0], shape[1], shape[2], make([]uint8, 128), make([]uint8, 2)); err == nil {
			t.Errorf("%v: %v", shape, s)
		}
	}
	if first, rest := numbered(t, 4).Split(-1); first.Len() != 0 || rest.Len() != 4 {
		t.Errorf("%v, %v", first, rest)
	}
}

// Batches are read in the background; what an augmentation panics with must reach whoever asks for the batch.
func TestAnAugmentationsPanicArrivesWithItsBatch(t *testing.T) {
	l := numbered(t, 8).Augment(func(Image, *rand.Rand) { panic("no such picture") }).Batches(4)
	l.Start(1, 0)
	func() {
		defer func() {
			if r := recover(); !strings.Contains(fmt.Sprint(r), "no such picture") {
				t.Errorf("recovered %v", r)
			}
		}()
		l.Next(&nn.Batch{})
		t.Error("the batch came")
	}()
}
