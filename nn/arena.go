package nn

import (
	"cmp"
	"runtime/debug"
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// slots are the pieces of memory that a plan asks for. A slot lives from when it is taken until nobody holds it any more; what does not
// live at the same time may lie in the same place.
type slots struct {
	all     []slot
	tensors []slotTensor
	clock   int // counts slots that were taken or died
}

type slot struct {
	size       int
	holders    int
	born, died int
	at         int // where it lies
}

type slotTensor struct {
	t          *Tensor
	room, slot int
}

// forever is when slots die that outlive the plan.
const forever = 1 << 62

// cacheLine is the numbers of a cache line; slots begin with one.
const cacheLine = 64 / 4

// take hands out a slot for n numbers.
func (s *slots) take(n int) int {
	s.clock++
	s.all = append(s.all, slot{size: (n + cacheLine - 1) / cacheLine * cacheLine, holders: 1, born: s.clock, died: forever})
	return len(s.all) - 1
}

func (s *slots) share(i int)      { s.all[i].holders++ }
func (s *slots) alone(i int) bool { return s.all[i].holders == 1 }

func (s *slots) drop(i int) {
	if s.all[i].holders--; s.all[i].holders == 0 {
		s.clock++
		s.all[i].died = s.clock
	}
}

// tensor makes a tensor of room numbers that will lie in a slot.
func (s *slots) tensor(shape []int, room, slot int) *Tensor {
	t := &Tensor{Shape: slices.Clone(shape)}
	s.tensors = append(s.tensors, slotTensor{t, room, slot})
	return t
}

// place gives each slot its place and returns how much memory that takes. Large slots come first, each into the smallest gap between
// those that live at the same time (Pisarchyk and Lee 2020, arXiv:2001.03288, "greedy by size").
func (s *slots) place() (total int) {
	order := make([]*slot, len(s.all))
	for i := range s.all {
		order[i] = &s.all[i]
	}
	slices.SortStableFunc(order, func(a, b *slot) int { return cmp.Compare(b.size, a.size) })
	var placed []*slot // by place
	for _, n := range order {
		n.at = gap(placed, n)
		total = max(total, n.at+n.size)
		i, _ := slices.BinarySearchFunc(placed, n.at, func(p *slot, at int) int { return cmp.Compare(p.at, at) })
		placed = slices.Insert(placed, i, n)
	}
	return total
}

// gap finds the smallest gap that n fits into between the slots that live when n does, or the end.
func gap(placed []*slot, n *slot) int {
	end, best, room := 0, -1, forever
	for _, p := range placed {
		if p.died < n.born || n.died < p.born {
			continue
		}
		if width := p.at - end; width >= n.size && width < room {
			best, room = end, width
		}
		end = max(end, p.at+p.size)
	}
	if best < 0 {
		return end
	}
	return best
}

// An arena is the memory of a model's plans. One plan runs at a time, so all use the same.
type arena struct{ memory []float32 }

// grow exchanges the memory for room for n numbers.
func (a *arena) grow(n int) {
	a.memory = nil
	const large = 1 << 24
	if n >= large {
		debug.FreeOSMemory() // what is garbage already should not be resident beside it
	}
	a.memory = kernels.Alloc(n)
}

// bind gives each tensor its memory.
func (a *arena) bind(s *slots) {
	for _, t := range s.tensors {
		t.t.Data = a.memory[s.all[t.slot].at:][:t.room]
	}
}
