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

// Intel's processors with AMX have few buffers for such stores and wait for them: with 32 images the gradient of g32c512@28s2 is 1.75 times
// as fast by ordinary ones.
func init() { scatterPast = !cpu.X86.HasAMXTile }
