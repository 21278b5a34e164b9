// Package kernels computes the operations of convolutional networks on plain []float32: grouped convolution in all three
// directions, matrix products, batch normalisation, pooling, losses and optimiser steps.
//
//	c := kernels.Conv{N: 8, InC: 128, OutC: 128, Groups: 32, In: [3]int{1, 56, 56}, Kernel: [3]int{1, 3, 3},
//		PadLo: [3]int{0, 1, 1}, PadHi: [3]int{0, 1, 1}}
//	y := make([]float32, c.OutLen())
//	c.Forward(y, x, w, nil)
//
// # Contract
//
// Operands are row-major in the shapes their comments give, (N, C, D, H, W) for images. Gradients overwrite their destination.
// Outputs must not overlap inputs unless the comment says they may. A wrong length or an impossible configuration panics with a
// ShapeError; nothing else panics.
//
// Sums are float32 with fused multiply-adds where the machine has them (statistics and losses go on in float64), in an order that
// depends on the shape and the processor alone: results are bit-identical for every number of threads, and differ between kinds
// of processors, and between instruction sets on one, by rounding. NaN and Inf go through as IEEE arithmetic has it; whether
// padding counts as zeros that an infinite weight turns into NaN, or not at all, is open. Denormals are not flushed.
//
// Where Conv.Kernels says conv.winograd (a stem counts as blocked) or conv.lanes, a result's error is relative to the largest products
// of its tile (2x2 outputs, or 4x4 gradients of the input with stride 2), not to its own sum: among values of like size it is 0.6 to
// 0.75 of that of a plain sum, 1.2 to 1.3 with stride 2; beside far larger ones it grows with them. That of a weight's gradient
// is relative to the products of its two channels for all nine taps and one further around (among values of like size 0.2 to 0.8
// of a plain sum's error). Images, and weights between two blocks of channels, that meet NaN, Inf or an overflow are computed
// without it.
//
// # Layouts
//
// Plain tensors are (N, C, spatial). The blocked layout is (N, ceil(C/16), spatial, 16), with zeros for the channels beyond C: one
// vector holds a pixel's channels. Convolutions run fastest between blocked tensors, so a network should convert at its ends only:
//
//	kernels.ToBlocked(bx, x, n, c, spatial)
//	conv.ForwardBlocked(by, bx, w, nil)
//	kernels.NormAct{BatchNorm: norm, Blocked: true, ReLU: true, Passed: passed}.Train(bz, by, residual, gamma, beta, mean, invstd, runMean, runVar)
//	kernels.MaxPool{Pool: kernels.Pool{..., Blocked: true}}.Forward(bp, bz, argmax)
//	kernels.GlobalAvgPool{..., Blocked: true}.Forward(features, bp) // plain again
//
// Weights and per-channel values are plain in both. Elementwise operations (Add, ReLU) do not care. Every operation on blocked tensors
// exists for every configuration; those without a kernel convert on the way.
//
// # Catalogue
//
//	convolution      Conv: Forward, BackwardData, BackwardWeights, the same ...Blocked, and ...Stem from plain to blocked; 1-D to 3-D,
//	                 groups, stride, dilation, asymmetric padding. A transposed convolution is BackwardData. Prepare packs weights once.
//	matrix product   GEMM (all transposes), Linear
//	normalisation    BatchNorm; NormAct adds a residual and ReLU in the same passes
//	pooling          MaxPool, AvgPool, GlobalAvgPool
//	elementwise      ReLU, ReLUBackward, Add, Scale
//	loss             SoftmaxCrossEntropy, Softmax
//	optimisers       SGDStep, AdamStep
//	threads          Parallel, SetThreads
//
// Which implementation runs is decided by a table that Dispatch returns: the environment variable GROUPNB_KERNELS (generic, avx2 or
// avx512) forces an instruction set, and the build tag noasm leaves out all assembly. Conv.Kernels names the choice for a shape.
//
// Not here: tensors, layers and automatic differentiation (package nn), other element types, GPUs.
package kernels
