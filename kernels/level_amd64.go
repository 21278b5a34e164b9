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

// AMD's processors since Zen add elsewhere than they multiply, so that Winograd's transforms take hardly more time than their loads and
// stores. Zen 4 multiplies 512 bits in two turns, so that its second-level cache feeds products as fast as the first: what counts is how
// often sums are stored. It stores them in two turns as well, and products wait behind more than 16 in a row.
func init() {
	if !isAMD() {
		return
	}
	winoCosts = winogradCosts{tile: 7, transforms: 3, weights: 20, farWeights: 40, strideProducts: 109, strideInput: 60}
	if family() == 0x19 && cpu.X86.HasAVX512F { // Zen 4; Zen 3 is of the same family
		chunkOfGrad, pixelsOfStem, firstLevel = 784, 4, 32<<10
		winoCosts.strideProducts = 100 // it loads weights beside operands, for it multiplies in two turns
	}
}

func isAMD() bool {
	_, b, c, d := cpuid(0)
	return b == 0x68747541 && d == 0x69746e65 && c == 0x444d4163 // AuthenticAMD
}

// family is the processor's family, in AMD's way of counting.
func family() uint32 {
	a, _, _, _ := cpuid(1)
	return a>>8&15 + a>>20&255
}

// cpuid is the instruction of that name.
func cpuid(leaf uint32) (a, b, c, d uint32)
