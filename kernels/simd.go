package kernels

// simd is the assembly of one instruction set. Pointers are to the first element of each operand and distances are in bytes; the
// comment of each function, beside its assembly, is the Go loop that it equals.
type simd struct {
	lanes       int // float32s in a vector
	gemm        [7][5]func(k int, a, b, c *float32, ldc int)
	dots        []dotsKernel // largest first
	tapDots     tapDots
	tapSums     []tapSums // largest first
	transpose   func(blocks int, dst *float32, dld, dstep int, src *float32, sld, sstep int)
	copyRows    func(rows, lines int, dst *float32, dstep int, src *float32, sstep int)
	permute     func(n int, dst *float32, dstep int, src *float32, index *uint32)
	padRows     func(rows int, dst, src *float32, before, width, after, skip int)
	sample      func(n int, dst, src *float32, step, ahead int)
	spread      [2]func(n int, dst, src *float32, between, after int) // the second stores past the caches
	conv        map[convKey][]convKernel
	convGrad    map[convKey][]convGradKernel
	groupGrad   map[convKey][]groupGradKernel
	planeConv   map[convKey][]planeConvKernel
	sweep       [4][]sweepKernel           // [stride][rows-1]
	taps        *tapKernels                // or nil
	planeGrad   [3]planeGradKernel         // [stride], 3x3; nil where convGrad does as well
	point       [7][5]pointKernel          // [pixels][blocks]
	pointGrad   [7][5]pointGradKernel      // [channels][blocks]
	stem        [3][7][5]stemKernel        // [stride][pixels][blocks]
	stemGrad    [3][8][4][3]stemGradKernel // [stride][taps][planes][blocks]
	winograd    *winograd                  // nil if it does not pay
	depthwise   [3]depthwiseKernel         // [stride], 3x3; nil where tiles do as well
	depthPlanes *depthPlanes               // instead of depthwise for blocked tensors, or nil
	// maxWindows finds the maxima of windows of a blocked plane.
	maxWindows func(n, taps int, x *float32, step int, offset *int, first, stride int, y *float32, where *int32)
	streams
}

// dotsKernel computes rows x cols dot products at once.
type dotsKernel struct {
	rows, cols int
	f          func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, mask *uint32)
}

// simds holds the assembly of each level; generic has none.
var simds [avx512 + 1]*simd

// assembly is the kernels of the active level, or nil.
func assembly() *simd { return simds[active] }

// tailMasks[n] turns on the first n lanes of a vector.
var tailMasks = func() (m [16][16]uint32) {
	for n := range m {
		for i := range n {
			m[n][i] = ^uint32(0)
		}
	}
	return m
}()
