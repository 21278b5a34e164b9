package kernels

import "unsafe"

// hugePage is the size of the larger pages of amd64, and of arm64 with pages of 4 KB.
const hugePage = 2 << 20

// Alloc returns n zeros. Large ones lie on huge pages where the system has them: the planes of a blocked tensor lie so far apart that
// kernels touch many small pages in turn, more than the processor keeps track of.
func Alloc(n int) []float32 {
	x := make([]float32, n)
	if n*4 >= 2*hugePage {
		b := unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*n)
		before := -uintptr(unsafe.Pointer(&x[0])) % hugePage
		adviseHuge(b[before : uintptr(len(b))-(uintptr(len(b))-before)%hugePage])
	}
	return x
}
