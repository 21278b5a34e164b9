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

// AMD's processors since Zen add elsewhere than they multiply, so that Winograd's transforms take hardly more time than their loads and stores.
func init() {
	if addsApart() {
		winoCosts = winogradCosts{tile: 7, transforms: 3, weights: 20, farWeights: 40}
	}
}

// addsApart reports whether additions have execution ports of their own.
func addsApart() bool {
	_, b, c, d := cpuid(0)
	return b == 0x68747541 && d == 0x69746e65 && c == 0x444d4163 // AuthenticAMD
}

// cpuid is the instruction of that name.
func cpuid(leaf uint32) (a, b, c, d uint32)
