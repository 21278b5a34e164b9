//go:build !noasm

package bench

import "github.com/groupnb/groupnb/kernels"

// fmaLoop does n rounds of independent multiply-adds and returns how many operations those were.
func fmaLoop(n int) int {
	switch kernels.Level() {
	case "avx512":
		peakAVX512(n)
		return n * 24 * 16 * 2
	case "avx2":
		peakAVX2(n)
		return n * 12 * 8 * 2
	}
	return 0
}
