package data

import (
	"math/rand/v2"

	"github.com/groupnb/groupnb/nn"
)

// A Loader deals out a set in batches, shuffled anew in each epoch. It implements nn.Loader. While the model works on
// one batch the next is read in the background.
type Loader struct {
	set      *Set
	size     int
	ordered  bool
	dropLast bool

	order       []int
	seed, epoch uint64
	next        int // batch that is read next
	ready       nn.Batch
	pending     chan struct{}
	failed      *failure // of the batch that was read last
	source      []*rand.PCG
	random      []*rand.Rand
}

// Batches deals out the set in batches of n images; the last of an epoch may be smaller.
func (s *Set) Batches(n int) *Loader {
	s.check("Batches")
	checkAtLeast("Batches", "the batch size", n, 1)
	return &Loader{set: s, size: n}
}

// InOrder returns a loader that does not shuffle.
func (l *Loader) InOrder() *Loader {
	return &Loader{set: l.set, size: l.size, ordered: true, dropLast: l.dropLast}
}

// DropLast returns a loader that leaves out a last batch that is smaller than the others.
func (l *Loader) DropLast() *Loader {
	return &Loader{set: l.set, size: l.size, ordered: l.ordered, dropLast: true}
}

// Len implements nn.Loader.
func (l *Loader) Len() int {
	if l.dropLast {
		return l.set.Len() / l.size
	}
	return (l.set.Len() + l.size - 1) / l.size
}

// Start implements nn.Loader.
func (l *Loader) Start(seed uint64, epoch int) {
	l.wait()
	l.seed, l.epoch, l.next = seed, uint64(epoch), 0
	if len(l.order) != l.set.Len() {
		l.order = make([]int, l.set.Len())
	}
	for i := range l.order {
		l.order[i] = i
	}
	if !l.ordered {
		r := rand.New(rand.NewPCG(seed, l.epoch))
		r.Shuffle(len(l.order), func(i, j int) { l.order[i], l.order[j] = l.order[j], l.order[i] })
	}
	l.prefetch()
}

// Next implements nn.Loader.
func (l *Loader) Next(b *nn.Batch) bool {
	if l.pending == nil {
		return false
	}
	l.wait()
	*b, l.ready = l.ready, *b
	l.prefetch()
	return true
}

// failure is what an augmentation panicked with.
type failure struct{ value any }

// wait waits for the batch that is being read. If an augmentation panicked, it panics here, in the goroutine that trains, where
// it can be recovered.
func (l *Loader) wait() {
	if l.pending == nil {
		return
	}
	<-l.pending
	l.pending = nil
	if f := l.failed; f != nil {
		l.failed = nil
		panic(f.value)
	}
}

// prefetch starts to read the next batch, if there is one.
func (l *Loader) prefetch() {
	if l.next >= l.Len() {
		return
	}
	lo := l.next * l.size
	l.next++
	indices := l.order[lo:min(lo+l.size, len(l.order))]
	done := make(chan struct{})
	l.pending = done
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				l.failed = &failure{r}
			}
		}()
		l.ready.Target = nil
		l.set.read(&l.ready, indices, l.randomFor(lo, len(indices)))
	}()
}

// randomFor returns each example's own random numbers, so that they don't depend on which thread reads it.
func (l *Loader) randomFor(lo, n int) func(i int) *rand.Rand {
	for len(l.source) < n {
		p := rand.NewPCG(0, 0)
		l.source, l.random = append(l.source, p), append(l.random, rand.New(p))
	}
	return func(i int) *rand.Rand {
		l.source[i].Seed(l.seed<<20^l.epoch, uint64(lo+i)<<1|1)
		return l.random[i]
	}
}
