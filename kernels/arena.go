package kernels

import (
	"math/bits"
	"sync"
)

// arena lends scratch memory in powers of two, so that kernels allocate nothing in steady state.
var arena [40]sync.Pool

// borrow returns n floats with any content; give them back with release.
func borrow(n int) *[]float32 {
	class := bits.Len(uint(max(n, 64) - 1))
	s, ok := arena[class].Get().(*[]float32)
	if !ok {
		b := Alloc(1 << class)
		s = &b
	}
	*s = (*s)[:n]
	return s
}

func release(s *[]float32) { arena[bits.Len(uint(cap(*s)-1))].Put(s) }
