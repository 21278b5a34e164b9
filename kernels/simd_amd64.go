//go:build !noasm

package kernels

func init() {
	simds[avx2] = &simdAVX2
	simds[avx512] = &simdAVX512
}

var simdAVX2 = simd{
	lanes: 8,
	gemm: [7][5]func(k int, a, b, c *float32, ldc int){
		1: {1: gemm1x8AVX2, 2: gemm1x16AVX2},
		2: {1: gemm2x8AVX2, 2: gemm2x16AVX2},
		3: {1: gemm3x8AVX2, 2: gemm3x16AVX2},
		4: {1: gemm4x8AVX2, 2: gemm4x16AVX2},
		5: {1: gemm5x8AVX2, 2: gemm5x16AVX2},
		6: {1: gemm6x8AVX2, 2: gemm6x16AVX2},
	},
	tapDots: tapDots{2, tapDotsAVX2},
	tapSums: []tapSums{{4, 3, tapSums4x3AVX2}, {2, 6, tapSums2x6AVX2}},
	dots: []dotsKernel{
		{3, 3, dots3x3AVX2}, {3, 1, dots3x1AVX2},
		{1, 3, dots1x3AVX2}, {1, 1, dots1x1AVX2},
	},
	transpose: transpose8AVX2,
	copyRows:  copyRowsAVX2,
	permute:   permuteAVX2,
	padRows:   padRowsAVX2,
	sample:    sampleAVX2,
	spread:    [2]func(n int, dst, src *float32, between, after int){spreadAVX2, spreadNTAVX2},
	conv:      convAVX2,
	convGrad:  convGradAVX2,
	point: [7][5]pointKernel{
		1: {1: point1x1AVX2},
		2: {1: point2x1AVX2},
		3: {1: point3x1AVX2},
		4: {1: point4x1AVX2},
		5: {1: point5x1AVX2},
		6: {1: point6x1AVX2},
	},
	stem: [3][7][5]stemKernel{
		1: {
			1: {1: stem1x1s1AVX2},
			2: {1: stem2x1s1AVX2},
			3: {1: stem3x1s1AVX2},
			4: {1: stem4x1s1AVX2},
			5: {1: stem5x1s1AVX2},
			6: {1: stem6x1s1AVX2},
		},
		2: {
			1: {1: stem1x1s2AVX2},
			2: {1: stem2x1s2AVX2},
			3: {1: stem3x1s2AVX2},
			4: {1: stem4x1s2AVX2},
			5: {1: stem5x1s2AVX2},
			6: {1: stem6x1s2AVX2},
		},
	},
	stemGrad: [3][8][4][3]stemGradKernel{
		1: {
			3: {1: {1: stemGrad1x3x1s1AVX2}, 2: {1: stemGrad2x3x1s1AVX2}},
			4: {1: {1: stemGrad1x4x1s1AVX2}},
		},
		2: {
			3: {1: {1: stemGrad1x3x1s2AVX2}, 2: {1: stemGrad2x3x1s2AVX2}},
			4: {1: {1: stemGrad1x4x1s2AVX2}},
		},
	},
	pointGrad: [7][5]pointGradKernel{
		5: {1: pointGrad5x1AVX2},
		6: {1: pointGrad6x1AVX2},
	},
	winograd:   &winograd{input: winoInputAVX2, output: winoOutputAVX2, weights: winoWeightsAVX2},
	depthwise:  [3]depthwiseKernel{1: depthwise3s1AVX2, 2: depthwise3s2AVX2},
	maxWindows: maxWindowsAVX2,
	streams: streams{
		moments:  momentsAVX2,
		gradSums: [2]func(n int, dy, x, mean, sums *float32, passed *uint16){gradSumsAVX2, gradSumsReLUAVX2},
		normApply: [16]func(n int, y, x, scale, shift, r *float32, passed *uint16){
			0:                                   normApplyAVX2,
			withReLU:                            normApplyReLUAVX2,
			withResidual:                        normApplyAddAVX2,
			withResidual | withReLU:             normApplyAddReLUAVX2,
			pastCache:                           normApplyNTAVX2,
			pastCache | withReLU:                normApplyReLUNTAVX2,
			pastCache | withResidual:            normApplyAddNTAVX2,
			pastCache | withResidual | withReLU: normApplyAddReLUNTAVX2,

			withNote | withReLU:                            normApplyReLUNotedAVX2,
			withNote | withResidual | withReLU:             normApplyAddReLUNotedAVX2,
			withNote | pastCache | withReLU:                normApplyReLUNotedNTAVX2,
			withNote | pastCache | withResidual | withReLU: normApplyAddReLUNotedNTAVX2,
		},
		gradApply: [8]func(n int, dx, dy, x, a, b, c, dr *float32, passed *uint16){
			gradApplyAVX2,
			gradApplyReLUAVX2,
			gradApplyResidualAVX2,
			gradApplyResidualReLUAVX2,
			gradApplyNTAVX2,
			gradApplyReLUNTAVX2,
			gradApplyResidualNTAVX2,
			gradApplyResidualReLUNTAVX2,
		},
		add:          addAVX2,
		relu:         reluAVX2,
		reluBackward: reluBackwardAVX2,
		sgdMomentum:  sgdMomentumAVX2,
	},
}

var simdAVX512 = simd{
	lanes: 16,
	gemm: [7][5]func(k int, a, b, c *float32, ldc int){
		1: {1: gemm1x16AVX512, 2: gemm1x32AVX512, 3: gemm1x48AVX512, 4: gemm1x64AVX512},
		2: {1: gemm2x16AVX512, 2: gemm2x32AVX512, 3: gemm2x48AVX512, 4: gemm2x64AVX512},
		3: {1: gemm3x16AVX512, 2: gemm3x32AVX512, 3: gemm3x48AVX512, 4: gemm3x64AVX512},
		4: {1: gemm4x16AVX512, 2: gemm4x32AVX512, 3: gemm4x48AVX512, 4: gemm4x64AVX512},
		5: {1: gemm5x16AVX512, 2: gemm5x32AVX512, 3: gemm5x48AVX512, 4: gemm5x64AVX512},
		6: {1: gemm6x16AVX512, 2: gemm6x32AVX512, 3: gemm6x48AVX512, 4: gemm6x64AVX512},
	},
	tapDots: tapDots{4, tapDotsAVX512},
	tapSums: []tapSums{{8, 3, tapSums8x3AVX512}, {4, 6, tapSums4x6AVX512}, {2, 6, tapSums2x6AVX512}},
	dots: []dotsKernel{
		{4, 6, dots4x6AVX512}, {4, 2, dots4x2AVX512}, {4, 1, dots4x1AVX512},
		{2, 6, dots2x6AVX512}, {2, 2, dots2x2AVX512}, {2, 1, dots2x1AVX512},
		{1, 6, dots1x6AVX512}, {1, 2, dots1x2AVX512}, {1, 1, dots1x1AVX512},
	},
	transpose: transpose16AVX512,
	copyRows:  copyRowsAVX512,
	permute:   permuteAVX512,
	padRows:   padRowsAVX512,
	sample:    sampleAVX512,
	spread:    [2]func(n int, dst, src *float32, between, after int){spreadAVX512, spreadNTAVX512},
	conv:      convAVX512,
	convGrad:  convGradAVX512,
	groupGrad: groupGradAVX512,
	planeConv: planeConvAVX512,
	sweep: [4][]sweepKernel{
		half: {sweep3half_1AVX512, sweep3half_2AVX512, sweep3half_3AVX512},
		1:    {sweep3s1_1AVX512, sweep3s1_2AVX512, sweep3s1_3AVX512, sweep3s1_4AVX512, sweep3s1_5AVX512, sweep3s1_6AVX512, sweep3s1_7AVX512},
		2:    {sweep3s2_1AVX512, sweep3s2_2AVX512, sweep3s2_3AVX512, sweep3s2_4AVX512, sweep3s2_5AVX512, sweep3s2_6AVX512, sweep3s2_7AVX512},
		3:    {sweep3s3_1AVX512, sweep3s3_2AVX512, sweep3s3_3AVX512, sweep3s3_4AVX512, sweep3s3_5AVX512},
	},
	taps: &tapKernels{
		regroup: regroupAVX512,
		run: []func(taps int, table *int, x *float32, from int, w, bias, y0 *float32, mask0 int, y1 *float32, mask1, ystep int){
			taps1AVX512, taps2AVX512, taps3AVX512, taps4AVX512, taps5AVX512, taps6AVX512, taps7AVX512,
			taps8AVX512, taps9AVX512, taps10AVX512, taps11AVX512, taps12AVX512, taps13AVX512, taps14AVX512,
			taps15AVX512, taps16AVX512, taps17AVX512, taps18AVX512, taps19AVX512, taps20AVX512, taps21AVX512,
			taps22AVX512, taps23AVX512, taps24AVX512, taps25AVX512, taps26AVX512, taps27AVX512, taps28AVX512,
		},
	},
	planeGrad: [3]planeGradKernel{1: planeGrad1AVX512, 2: planeGrad2AVX512},
	point: [7][5]pointKernel{
		1: {1: point1x1AVX512, 2: point1x2AVX512, 3: point1x3AVX512, 4: point1x4AVX512},
		2: {1: point2x1AVX512, 2: point2x2AVX512, 3: point2x3AVX512, 4: point2x4AVX512},
		3: {1: point3x1AVX512, 2: point3x2AVX512, 3: point3x3AVX512, 4: point3x4AVX512},
		4: {1: point4x1AVX512, 2: point4x2AVX512, 3: point4x3AVX512, 4: point4x4AVX512},
		5: {1: point5x1AVX512, 2: point5x2AVX512, 3: point5x3AVX512, 4: point5x4AVX512},
		6: {1: point6x1AVX512, 2: point6x2AVX512, 3: point6x3AVX512, 4: point6x4AVX512},
	},
	stem: [3][7][5]stemKernel{
		1: {
			1: {1: stem1x1s1AVX512, 2: stem1x2s1AVX512, 3: stem1x3s1AVX512, 4: stem1x4s1AVX512},
			2: {1: stem2x1s1AVX512, 2: stem2x2s1AVX512, 3: stem2x3s1AVX512, 4: stem2x4s1AVX512},
			3: {1: stem3x1s1AVX512, 2: stem3x2s1AVX512, 3: stem3x3s1AVX512, 4: stem3x4s1AVX512},
			4: {1: stem4x1s1AVX512, 2: stem4x2s1AVX512, 3: stem4x3s1AVX512, 4: stem4x4s1AVX512},
			5: {1: stem5x1s1AVX512, 2: stem5x2s1AVX512, 3: stem5x3s1AVX512, 4: stem5x4s1AVX512},
			6: {1: stem6x1s1AVX512, 2: stem6x2s1AVX512, 3: stem6x3s1AVX512, 4: stem6x4s1AVX512},
		},
		2: {
			1: {1: stem1x1s2AVX512, 2: stem1x2s2AVX512, 3: stem1x3s2AVX512, 4: stem1x4s2AVX512},
			2: {1: stem2x1s2AVX512, 2: stem2x2s2AVX512, 3: stem2x3s2AVX512, 4: stem2x4s2AVX512},
			3: {1: stem3x1s2AVX512, 2: stem3x2s2AVX512, 3: stem3x3s2AVX512, 4: stem3x4s2AVX512},
			4: {1: stem4x1s2AVX512, 2: stem4x2s2AVX512, 3: stem4x3s2AVX512, 4: stem4x4s2AVX512},
			5: {1: stem5x1s2AVX512, 2: stem5x2s2AVX512, 3: stem5x3s2AVX512, 4: stem5x4s2AVX512},
			6: {1: stem6x1s2AVX512, 2: stem6x2s2AVX512, 3: stem6x3s2AVX512, 4: stem6x4s2AVX512},
		},
	},
	stemGrad: [3][8][4][3]stemGradKernel{
		1: {
			3: {1: {1: stemGrad1x3x1s1AVX512, 2: stemGrad1x3x2s1AVX512}, 2: {1: stemGrad2x3x1s1AVX512, 2: stemGrad2x3x2s1AVX512}, 3: {1: stemGrad3x3x1s1AVX512, 2: stemGrad3x3x2s1AVX512}},
			7: {1: {1: stemGrad1x7x1s1AVX512, 2: stemGrad1x7x2s1AVX512}, 2: {1: stemGrad2x7x1s1AVX512, 2: stemGrad2x7x2s1AVX512}},
		},
		2: {
			3: {1: {1: stemGrad1x3x1s2AVX512, 2: stemGrad1x3x2s2AVX512}, 2: {1: stemGrad2x3x1s2AVX512, 2: stemGrad2x3x2s2AVX512}, 3: {1: stemGrad3x3x1s2AVX512, 2: stemGrad3x3x2s2AVX512}},
			7: {1: {1: stemGrad1x7x1s2AVX512, 2: stemGrad1x7x2s2AVX512}, 2: {1: stemGrad2x7x1s2AVX512, 2: stemGrad2x7x2s2AVX512}},
		},
	},
	pointGrad: [7][5]pointGradKernel{
		5: {1: pointGrad5x1AVX512, 2: pointGrad5x2AVX512, 3: pointGrad5x3AVX512, 4: pointGrad5x4AVX512},
		6: {1: pointGrad6x1AVX512, 2: pointGrad6x2AVX512, 3: pointGrad6x3AVX512, 4: pointGrad6x4AVX512},
	},
	winograd: &winograd{input: winoInputAVX512, planeInput: winoPlaneInputAVX512, output: winoOutputAVX512, weights: winoWeightsAVX512, products: [3][15]winoProducts{
		1: {1: winoProducts1x1AVX512, winoProducts2x1AVX512, winoProducts3x1AVX512, winoProducts4x1AVX512, winoProducts5x1AVX512, winoProducts6x1AVX512, winoProducts7x1AVX512, winoProducts8x1AVX512, winoProducts9x1AVX512, winoProducts10x1AVX512, winoProducts11x1AVX512, winoProducts12x1AVX512, winoProducts13x1AVX512, winoProducts14x1AVX512},
		2: {1: winoProducts1x2AVX512, winoProducts2x2AVX512, winoProducts3x2AVX512, winoProducts4x2AVX512, winoProducts5x2AVX512, winoProducts6x2AVX512, winoProducts7x2AVX512},
	}, lanes: winoLanes8AVX512, blocks: [15]winoBlock{11: winoBlock11AVX512, winoBlock12AVX512, winoBlock13AVX512, winoBlock14AVX512}, sums: map[lookup]*winoSums{
		wide: {winoPlaces * Block * Block, winoSums16AVX512, winoTaps16AVX512},
		perm: {winoPlaces * Block * Block / 2, winoSums8AVX512, winoTaps8AVX512},
	}, strided: [2]strideTransform{
		{seen: 5, step: 4, made: 2, places: 25, loops: strideForwardLoops, input: winoStrideInputAVX512, weights: winoStrideWeightsAVX512, products: [8]strideProducts{
			4: winoStride4AVX512, winoStride5AVX512, winoStride6AVX512, winoStride7AVX512},
			halves: [2]strideProducts{winoStrideHalf0AVX512, winoStrideHalf1AVX512}, half: 18 * 18},
		{seen: 3, step: 2, made: 4, places: 16, loops: strideGradLoops, input: winoStrideGradInputAVX512, weights: winoStrideWeightsAVX512, products: [8]strideProducts{
			4: winoStrideGrad4AVX512, winoStrideGrad5AVX512, winoStrideGrad6AVX512, winoStrideGrad7AVX512},
			halves: [2]strideProducts{winoStrideGradHalf0AVX512, winoStrideGradHalf1AVX512}, half: 17 * 17},
	}},
	depthPlanes: &depthPlanes{
		forward: [3][]depthPlaneKernel{
			1: {{16, depthPlane3s1_16AVX512}, {14, depthPlane3s1_14AVX512}, {8, depthPlane3s1_8AVX512}, {7, depthPlane3s1_7AVX512}},
			2: {{16, depthPlane3s2_16AVX512}, {14, depthPlane3s2_14AVX512}, {8, depthPlane3s2_8AVX512}, {7, depthPlane3s2_7AVX512}},
		},
		grad: [3]func(rows, width int, x *float32, xrow int, zeros, dy, dw *float32, above, below int){1: depthGrad3s1AVX512, 2: depthGrad3s2AVX512},
		back: depthBack3s2AVX512,
	},
	maxWindows: maxWindowsAVX2,
	streams: streams{
		moments:  momentsAVX512,
		gradSums: [2]func(n int, dy, x, mean, sums *float32, passed *uint16){gradSumsAVX512, gradSumsReLUAVX512},
		normApply: [16]func(n int, y, x, scale, shift, r *float32, passed *uint16){
			0:                                   normApplyAVX512,
			withReLU:                            normApplyReLUAVX512,
			withResidual:                        normApplyAddAVX512,
			withResidual | withReLU:             normApplyAddReLUAVX512,
			pastCache:                           normApplyNTAVX512,
			pastCache | withReLU:                normApplyReLUNTAVX512,
			pastCache | withResidual:            normApplyAddNTAVX512,
			pastCache | withResidual | withReLU: normApplyAddReLUNTAVX512,

			withNote | withReLU:                            normApplyReLUNotedAVX512,
			withNote | withResidual | withReLU:             normApplyAddReLUNotedAVX512,
			withNote | pastCache | withReLU:                normApplyReLUNotedNTAVX512,
			withNote | pastCache | withResidual | withReLU: normApplyAddReLUNotedNTAVX512,
		},
		gradApply: [8]func(n int, dx, dy, x, a, b, c, dr *float32, passed *uint16){
			gradApplyAVX512,
			gradApplyReLUAVX512,
			gradApplyResidualAVX512,
			gradApplyResidualReLUAVX512,
			gradApplyNTAVX512,
			gradApplyReLUNTAVX512,
			gradApplyResidualNTAVX512,
			gradApplyResidualReLUNTAVX512,
		},
		add:          addAVX512,
		relu:         reluAVX512,
		reluBackward: reluBackwardAVX512,
		sgdMomentum:  sgdMomentumAVX512,
	},
}
