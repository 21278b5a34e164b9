//go:build !noasm

package kernels

import "golang.org/x/sys/cpu"

// machineLevel is the best instruction set that this machine has and the operating system saves.
func machineLevel() level {
	x := cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return generic
	case !x.HasAVX512F || !x.HasAVX512DQ || !x.HasAVX512VL || !x.HasAVX512BW:
		return avx2
	}
	return avx512
}
