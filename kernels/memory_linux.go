package kernels

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages. It is a hint: an error means that the system has none.
func adviseHuge(pages []byte) { unix.Madvise(pages, unix.MADV_HUGEPAGE) }
