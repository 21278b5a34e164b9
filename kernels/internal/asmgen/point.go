package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// pointFamily writes 1x1 convolutions in the blocked layout: runs of tiles of up to 6 pixels by 4 blocks of output channels (AVX-512) or
// 1 block (AVX2).
func pointFamily(s simd) {
	most := 4
	if s.bytes == 32 {
		most = 1
	}
	for mr := 1; mr <= 6; mr++ {
		for nb := 1; nb <= most; nb++ {
			pointRun(s, mr, nb)
			if mr >= 5 { // 16 channels are 6+5+5
				pointGrad(s, mr, nb)
			}
		}
	}
}

// across is the register and memory layout of nb blocks of channels: vector j is part j%parts of block j/parts.
type across struct {
	s          simd
	nb         int
	base       Register
	plane      Register
	plane3     Register
	partsBlock int
}

func (a across) vectors() int { return a.nb * a.partsBlock }

// at is the operand of vector j, disp bytes on.
func (a across) at(j, disp int) Mem {
	m := strided(a.base, a.plane, a.plane3, nil, j/a.partsBlock)
	m.Disp = disp + j%a.partsBlock*a.s.bytes
	return m
}

func newAcross(s simd, nb int, base, plane, plane3 GPPhysical) across {
	if nb > 3 {
		LEAQ(Mem{Base: plane, Index: plane, Scale: 2}, plane3)
	}
	return across{s, nb, base, plane, plane3, 64 / s.bytes}
}

// prefetch brings cache lines that lie apart into the second-level cache, one by one in the course of a kernel's loop. When they are all
// done it stays where it is.
type prefetch struct{ ahead, lines, step, zero GPPhysical }

// newPrefetch loads its arguments; zero must hold 0 in the loop.
func newPrefetch(ahead, lines, step, zero GPPhysical) prefetch {
	load([]string{"ahead", "lines", "step"}, ahead, lines, step)
	return prefetch{ahead, lines, step, zero}
}

func (p prefetch) line() {
	PREFETCHT1(at(p.ahead, 0))
	ADDQ(p.step, p.ahead)
}

// count ends a round of n lines.
func (p prefetch) count(n int) {
	SUBQ(U8(n), p.lines)
	CMOVQLE(p.zero, p.step)
}

// fetching brings the lines of a fetch of package kernels into the second-level cache, one by one in the course of a kernel's loop. When
// they are all done it stays where it is.
type fetching struct{ at, left, step, fetch GPPhysical }

// The words of a fetch.
const (
	fetchAt = 8 * iota
	fetchLeft
	fetchRun
	fetchJump
	fetchRuns
)

// newFetching loads argument ahead; idle is where it may stay.
func newFetching(line, left, step, fetch, idle GPPhysical) fetching {
	f := fetching{line, left, step, fetch}
	Load(Param("ahead"), fetch)
	MOVQ(at(fetch, fetchAt), line)
	MOVQ(at(fetch, fetchLeft), left)
	MOVQ(U32(64), step)
	CMPQ(at(fetch, fetchRuns), U8(0))
	JNE(LabelRef("more"))
	MOVQ(idle, line)
	MOVQ(U32(1<<31-1), left)
	XORQ(step, step)
	Label("more")
	return f
}

func (f fetching) line() {
	PREFETCHT1(at(f.at, 0))
	ADDQ(f.step, f.at)
}

// count follows a line.
func (f fetching) count() {
	DECQ(f.left)
	JZ(LabelRef("nextRun"))
	Label("sameRun")
}

// save writes down where the fetch stands, if it is not done.
func (f fetching) save() {
	TESTQ(f.step, f.step)
	JZ(LabelRef("done"))
	MOVQ(f.at, at(f.fetch, fetchAt))
	MOVQ(f.left, at(f.fetch, fetchLeft))
	Label("done")
}

// nextRun is the rare branch of count.
func (f fetching) nextRun() {
	Label("nextRun")
	ADDQ(at(f.fetch, fetchJump), f.at)
	MOVQ(at(f.fetch, fetchRun), f.left)
	DECQ(at(f.fetch, fetchRuns))
	JNZ(LabelRef("sameRun"))
	MOVQ(U32(1<<31-1), f.left)
	XORQ(f.step, f.step)
	JMP(LabelRef("sameRun"))
}

// pointRun writes the product of a run of tiles of mr pixels with nb blocks of output channels: a call does many tiles, because one tile
// of few input channels takes little longer than the call.
func pointRun(s simd, mr, nb int) {
	function(fmt.Sprintf("point%dx%d%s", mr, nb, s.suffix), "func(tiles, planes, k int, x *float32, xplane int, w, bias, y *float32, yplane int, ahead *uintptr)",
		fmt.Sprintf("\tfor pixel < tiles*%d, block < %d and lane {", mr, nb),
		"\t\tif bias != nil {",
		"\t\t\ty[block][pixel][lane] = bias[block][lane]",
		"\t\t}",
		"\t\tfor plane := range planes {",
		"\t\t\tfor l := range k {",
		"\t\t\t\ty[block][pixel][lane] += x[plane][pixel][l] * w[plane][l][block][lane]",
		"\t\t\t}", "\t\t}", "\t}", "", "with all distances in bytes. It prefetches what it will write, weights, and what ahead, a fetch, says.")
	x, xplane, w, yb, yp := RAX, RBX, RCX, RDX, RSI
	load([]string{"x", "xplane", "w", "y", "yplane"}, x, xplane, w, yb, yp)
	y := newAcross(s, nb, yb, yp, RDI)
	nv := y.vectors()
	acc := func(i, j int) VecPhysical { return s.reg[i*nv+j] }
	row := s.reg[mr*nv:][:nv]
	spare := s.reg[mr*nv+nv:]
	each := func(f func(i, j int)) {
		for i := range mr {
			for j := range nv {
				f(i, j)
			}
		}
	}
	planes, xp, wp, left := R8, R9, R10, R11
	next := newFetching(R12, R13, R14, R15, w)
	MOVQ(argument("k"), left)
	SHLQ(U8(2), left)
	SUBQ(left, xplane) // xp is that much further after a plane
	Label("tile")
	bias := wp
	Load(Param("bias"), bias)
	TESTQ(bias, bias)
	JZ(LabelRef("accumulate"))
	each(func(i, j int) {
		if j*s.bytes%pixel == 0 {
			PREFETCHT0(y.at(j, i*pixel))
		}
		VMOVUPS(at(bias, j*s.bytes), acc(i, j))
	})
	JMP(LabelRef("begin"))
	Label("accumulate")
	each(func(i, j int) { VMOVUPS(y.at(j, i*pixel), acc(i, j)) })
	step := func(u int) {
		for j := range nv {
			VMOVUPS(at(wp, (u*nv+j)*s.bytes), row[j])
		}
		for i := range mr {
			t := spare[i%min(2, len(spare))]
			VBROADCASTSS(at(xp, i*pixel+4*u), t)
			for j := range nv {
				VFMADD231PS(row[j], t, acc(i, j))
			}
		}
	}
	Label("begin")
	MOVQ(x, xp)
	MOVQ(w, wp)
	Load(Param("planes"), planes)
	Label("plane")
	MOVQ(argument("k"), left)
	SHRQ(U8(2), left)
	JZ(LabelRef("tail"))
	Label("four")
	for u := range 4 {
		for line := 0; line < nv*s.bytes; line += 64 {
			PREFETCHT0(at(wp, (u+16)*nv*s.bytes+line))
		}
		if u == 0 {
			next.line()
		}
		step(u)
	}
	next.count()
	ADDQ(U32(4*nv*s.bytes), wp)
	ADDQ(U8(16), xp)
	DECQ(left)
	JNZ(LabelRef("four"))
	Label("tail")
	MOVQ(argument("k"), left)
	ANDQ(U8(3), left)
	JZ(LabelRef("next"))
	Label("one")
	step(0)
	ADDQ(U32(nv*s.bytes), wp)
	ADDQ(U8(4), xp)
	DECQ(left)
	JNZ(LabelRef("one"))
	Label("next")
	ADDQ(xplane, xp)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	each(func(i, j int) { VMOVUPS(acc(i, j), y.at(j, i*pixel)) })
	ADDQ(U32(mr*pixel), x)
	ADDQ(U32(mr*pixel), yb)
	DECQ(argument("tiles"))
	JNZ(LabelRef("tile"))
	next.save()
	finish()
	next.nextRun()
}

func pointGrad(s simd, mr, nb int) {
	function(fmt.Sprintf("pointGrad%dx%d%s", mr, nb, s.suffix), "func(pixels int, x, dy *float32, dyplane int, dw *float32, dwrow int, ahead *float32, lines, step int)",
		"\tfor p := range pixels {",
		fmt.Sprintf("\t\tfor l < %d, block < %d and lane {", mr, nb),
		"\t\t\tdw[l][block][lane] += x[p][l] * dy[block][p][lane]",
		"\t\t}", "\t}", "", "with all distances in bytes. It prefetches x, what it will write, and lines that lie step apart.")
	pixels, x, dyb, dyp, dw, dwrow := RAX, RBX, RCX, RDX, RSI, RDI
	load([]string{"pixels", "x", "dy", "dyplane", "dw", "dwrow"}, pixels, x, dyb, dyp, dw, dwrow)
	dy := newAcross(s, nb, dyb, dyp, R8)
	nv := dy.vectors()
	acc := func(i, j int) VecPhysical { return s.reg[i*nv+j] }
	row := s.reg[mr*nv:][:nv]
	spare := s.reg[mr*nv+nv:]
	zero(s.reg[:mr*nv]...)
	next := newPrefetch(R10, R11, R12, R13)
	XORQ(R13, R13)
	sums := R9
	MOVQ(dw, sums)
	for i := range mr {
		for line := 0; line < nv*s.bytes; line += 64 {
			PREFETCHT0(at(sums, line))
		}
		if i < mr-1 {
			ADDQ(dwrow, sums)
		}
	}
	step := func(u int) {
		for j := range nv {
			VMOVUPS(dy.at(j, u*pixel), row[j])
		}
		for i := range mr {
			t := spare[i%min(2, len(spare))]
			VBROADCASTSS(at(x, u*pixel+4*i), t)
			for j := range nv {
				VFMADD231PS(row[j], t, acc(i, j))
			}
		}
	}
	left := R9
	MOVQ(pixels, left)
	SHRQ(U8(2), left)
	JZ(LabelRef("tail"))
	Label("four")
	for u := range 4 {
		PREFETCHT0(at(x, (u+8)*pixel))
		next.line()
		step(u)
	}
	next.count(4)
	ADDQ(U32(4*pixel), x)
	ADDQ(U32(4*pixel), dyb)
	DECQ(left)
	JNZ(LabelRef("four"))
	Label("tail")
	ANDQ(U8(3), pixels)
	JZ(LabelRef("store"))
	Label("one")
	step(0)
	ADDQ(U8(pixel), x)
	ADDQ(U8(pixel), dyb)
	DECQ(pixels)
	JNZ(LabelRef("one"))
	Label("store")
	for i := range mr {
		for j := range nv {
			m := at(dw, j*s.bytes)
			VADDPS(m, acc(i, j), acc(i, j))
			VMOVUPS(acc(i, j), m)
		}
		if i < mr-1 {
			ADDQ(dwrow, dw)
		}
	}
	finish()
}
