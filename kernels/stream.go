package kernels

import "unsafe"

// The passes of normalisation over a piece of a plane: assembly for whole vectors of 16, Go for the rest or without assembly.
// Per-channel values are vectors of 16 that repeat.

// streams is the assembly of one level for whole tensors. The kernels that have variants are indexed by flags.
type streams struct {
	moments      func(n int, x, shift, sums *float32)
	gradSums     [2]func(n int, dy, x, mean, sums *float32, passed *uint16)
	normApply    [16]func(n int, y, x, scale, shift, r *float32, passed *uint16)
	gradApply    [8]func(n int, dx, dy, x, a, b, c, dr *float32, passed *uint16)
	add          func(n int, y, a, b *float32)
	relu         func(n int, y, x *float32)
	reluBackward func(n int, dx, dy, y *float32)
	sgdMomentum  func(n int, w, v, g, constants *float32)
}

// Flags of variants.
const (
	withReLU     = 1
	withResidual = 2
	pastCache    = 4 // stores do not fill the caches
	withNote     = 8 // of what ReLU lets through
)

// largeTensor is how many floats of output are too many to be still in cache when the next operation reads them.
const largeTensor = 1 << 22

// whole is how many whole vectors of 16 there are in n floats for the assembly, 0 without it.
func whole(n int) (s *simd, vectors int) {
	if s = assembly(); s == nil {
		return nil, 0
	}
	return s, n / Block
}

// pointer is the address of the first element, nil for none.
func pointer(x []float32) *float32 { return unsafe.SliceData(x) }

// moments: d = x[i]-shift[i%16]; s[i%16] += d; s[16+i%16] += d*d
func moments(x []float32, shift *[Block]float32, s *[2 * Block]float32) {
	v, n := whole(len(x))
	if n > 0 {
		v.moments(n, &x[0], &shift[0], &s[0])
	}
	for i := n * Block; i < len(x); i++ {
		l := i % Block
		d := x[i] - shift[l]
		s[l] += d
		s[Block+l] += float32(d * d)
	}
}

// gradSums: g = dy[i], or 0 where passed says so; s[i%16] += g; s[16+i%16] += g*(x[i]-mean[i%16]). passed may be nil.
func gradSums(dy, x []float32, passed []uint16, mean *[Block]float32, s *[2 * Block]float32) {
	v, n := whole(len(x))
	if n > 0 {
		v.gradSums[b2i(passed != nil)](n, &dy[0], &x[0], &mean[0], &s[0], unsafe.SliceData(passed))
	}
	for i := n * Block; i < len(x); i++ {
		l := i % Block
		g := through(dy, passed, i)
		s[l] += g
		s[Block+l] += float32(g * (x[i] - mean[l]))
	}
}

// through is dy[i], or 0 where bit i is not set.
func through(dy []float32, passed []uint16, i int) float32 {
	if passed != nil && passed[i/Block]>>(i%Block)&1 == 0 {
		return 0
	}
	return dy[i]
}

// normApply: y[i] = x[i]*scale[i%16] + shift[i%16] + r[i], at least 0 with relu. r and passed, for a bit of each y that isn't 0 or less, may
// be nil.
func normApply(y, x, r []float32, passed []uint16, scale, shift *[Block]float32, relu, large bool) {
	v, n := whole(len(x))
	if n > 0 {
		variant := b2i(relu)*withReLU + b2i(r != nil)*withResidual + storeFlag(y, large) + b2i(passed != nil)*withNote
		v.normApply[variant](n, &y[0], &x[0], &scale[0], &shift[0], pointer(r), unsafe.SliceData(passed))
	}
	for i := n * Block; i < len(x); i++ {
		o := float32(x[i]*scale[i%Block]) + shift[i%Block]
		if r != nil {
			o += r[i]
		}
		if relu && o < 0 {
			o = 0
		}
		y[i] = o
		if passed != nil {
			noteBit(passed, i, !(o <= 0))
		}
	}
}

// noteBit writes bit i; the first one of a word clears the others.
func noteBit(passed []uint16, i int, set bool) {
	if i%Block == 0 {
		passed[i/Block] = 0
	}
	passed[i/Block] |= uint16(b2i(set)) << (i % Block)
}

// gradApply: g = dy[i], or 0 where passed says so; dx[i] = g*a[i%16] + x[i]*b[i%16] + c[i%16]; dr[i] = g. passed and dr may be nil.
func gradApply(dx, dr, dy, x []float32, passed []uint16, a, b, c *[Block]float32, large bool) {
	v, n := whole(len(x))
	if n > 0 {
		variant := b2i(passed != nil)*withReLU + b2i(dr != nil)*withResidual + storeFlag(dx, large && lineUp(dr))
		v.gradApply[variant](n, &dx[0], &dy[0], &x[0], &a[0], &b[0], &c[0], pointer(dr), unsafe.SliceData(passed))
	}
	for i := n * Block; i < len(x); i++ {
		g, l := through(dy, passed, i), i%Block
		dx[i] = float32(g*a[l]) + float32(x[i]*b[l]) + c[l]
		if dr != nil {
			dr[i] = g
		}
	}
}

// storeFlag is pastCache if the tensor is large and the piece's address allows such stores.
func storeFlag(y []float32, large bool) int {
	if large && lineUp(y) {
		return pastCache
	}
	return 0
}

// lineUp says whether x, if there is one, begins with a cache line.
func lineUp(x []float32) bool { return uintptr(unsafe.Pointer(unsafe.SliceData(x)))%64 == 0 }
