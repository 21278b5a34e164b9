// Package kernels computes the operations of convolutional networks on plain []float32: grouped convolution in all three
// directions, matrix products, batch normalisation, pooling, losses and optimiser steps.
//
//	c := kernels.Conv{N: 8, InC: 128, OutC: 128, Groups: 32, In: [3]int{1, 56, 56}, Kernel: [3]int{1, 3, 3},
//		PadLo: [3]int{0, 1, 1}, PadHi: [3]int{0, 1, 1}}
//	y := make([]float32, c.OutLen())
//	c.Forward(y, x, w, nil)
//
// Contract. Operands are row-major in the shapes their comments give, (N, C, D, H, W) for images. Gradients overwrite their
// destination. Outputs must not overlap inputs unless the comment says they may. A wrong length or an impossible
// configuration panics with a ShapeError; nothing else panics. NaN and Inf go through as IEEE arithmetic has it. Work is spread over Threads goroutines, and results are
// bit-identical for every number of threads on one instruction set.
//
// Not here: tensors, layers and automatic differentiation (package nn), other element types, GPUs.
package kernels
