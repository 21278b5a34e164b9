package nn

import (
	"cmp"
	"slices"

	"github.com/groupnb/groupnb/kernels"
)

// slots are the pieces of memory that a plan asks for. A slot is free when nobody holds it.
type slots struct {
	size    []int
	holders []int
	tensors []slotTensor
}

type slotTensor struct {
	t          *Tensor
	room, slot int
}

// take hands out the free slot that fits best, enlarging one if all are too small.
func (s *slots) take(n int) int {
	best := -1
	for i, size := range s.size {
		if s.holders[i] > 0 {
			continue
		}
		if best < 0 || better(size, s.size[best], n) {
			best = i
		}
	}
	if best < 0 {
		s.size, s.holders = append(s.size, n), append(s.holders, 1)
		return len(s.size) - 1
	}
	s.size[best], s.holders[best] = max(s.size[best], n), 1
	return best
}

// better reports whether a slot of size a suits n numbers better than one of size b.
func better(a, b, n int) bool {
	switch {
	case a >= n && b >= n:
		return a < b
	default:
		return a > b
	}
}

func (s *slots) share(i int)      { s.holders[i]++ }
func (s *slots) drop(i int)       { s.holders[i]-- }
func (s *slots) alone(i int) bool { return s.holders[i] == 1 }

// tensor makes a tensor of room numbers that will lie in a slot.
func (s *slots) tensor(shape []int, room, slot int) *Tensor {
	t := &Tensor{Shape: slices.Clone(shape)}
	s.tensors = append(s.tensors, slotTensor{t, room, slot})
	return t
}

// An arena is the memory of a model's plans. One plan runs at a time, so all use the same pieces.
type arena struct{ pieces [][]float32 }

// bind gives each tensor its memory and reports whether the arena had to grow, which leaves other plans on old memory.
func (a *arena) bind(s *slots) (grew bool) {
	order := make([]int, len(s.size))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(s.size[j], s.size[i]) })
	piece := make([]int, len(s.size))
	for rank, slot := range order {
		piece[slot] = rank
		switch n := s.size[slot]; {
		case rank == len(a.pieces):
			a.pieces = append(a.pieces, kernels.Alloc(n))
		case len(a.pieces[rank]) < n:
			a.pieces[rank] = kernels.Alloc(n)
			grew = true
		}
	}
	for _, t := range s.tensors {
		t.t.Data = a.pieces[piece[t.slot]][:t.room]
	}
	return grew
}
