package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// pointFamily writes 1x1 convolutions in the blocked layout: tiles of up to 6 pixels by 4 blocks of output channels (AVX-512), or runs
// of tiles of 1 block (AVX2).
func pointFamily(s simd) {
	most := 4
	if s.bytes == 32 {
		most = 1
	}
	for mr := 1; mr <= 6; mr++ {
		for nb := 1; nb <= most; nb++ {
			if s.bytes == 32 {
				pointRun(s, mr)
			} else {
				pointTile(s, mr, nb)
			}
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

func pointTile(s simd, mr, nb int) {
	function(fmt.Sprintf("point%dx%d%s", mr, nb, s.suffix), "func(planes, k int, x *float32, xplane int, w, bias, y *float32, yplane int, ahead *float32, lines, step int)",
		fmt.Sprintf("\tfor pixel < %d, block < %d and lane {", mr, nb),
		"\t\tif bias != nil {",
		"\t\t\ty[block][pixel][lane] = bias[block][lane]",
		"\t\t}",
		"\t\tfor plane := range planes {",
		"\t\t\tfor l := range k {",
		"\t\t\t\ty[block][pixel][lane] += x[plane][pixel][l] * w[plane][l][block][lane]",
		"\t\t\t}", "\t\t}", "\t}", "", "with all distances in bytes. It prefetches what it will write, weights, and lines that lie step apart.")
	planes, k, x, xplane, w, bias, yb, yp := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9
	load([]string{"planes", "k", "x", "xplane", "w", "bias", "y", "yplane"}, planes, k, x, xplane, w, bias, yb, yp)
	y := newAcross(s, nb, yb, yp, R10)
	nv := y.vectors()
	acc := func(i, j int) VecPhysical { return s.reg[i*nv+j] }
	row := s.reg[mr*nv:][:nv]
	spare := s.reg[mr*nv+nv:]
	next := newPrefetch(R13, R14, R15, bias)
	TESTQ(bias, bias)
	JZ(LabelRef("accumulate"))
	for i := range mr {
		for j := range nv {
			PREFETCHT0(y.at(j, i*pixel))
			VMOVUPS(at(bias, j*s.bytes), acc(i, j))
		}
	}
	JMP(LabelRef("begin"))
	Label("accumulate")
	for i := range mr {
		for j := range nv {
			VMOVUPS(y.at(j, i*pixel), acc(i, j))
		}
	}
	ptr, left := R11, R12
	step := func(u int) {
		for j := range nv {
			VMOVUPS(at(w, (u*nv+j)*s.bytes), row[j])
		}
		for i := range mr {
			t := spare[i%min(2, len(spare))]
			VBROADCASTSS(at(ptr, i*pixel+4*u), t)
			for j := range nv {
				VFMADD231PS(row[j], t, acc(i, j))
			}
		}
	}
	Label("begin")
	XORQ(bias, bias)
	Label("plane")
	MOVQ(x, ptr)
	MOVQ(k, left)
	SHRQ(U8(2), left)
	JZ(LabelRef("tail"))
	Label("four")
	for u := range 4 {
		for line := 0; line < nv*s.bytes; line += 64 {
			PREFETCHT0(at(w, (u+16)*nv*s.bytes+line))
		}
		if u%2 == 0 {
			next.line()
		}
		step(u)
	}
	next.count(2)
	ADDQ(U32(4*nv*s.bytes), w)
	ADDQ(U8(16), ptr)
	DECQ(left)
	JNZ(LabelRef("four"))
	Label("tail")
	MOVQ(k, left)
	ANDQ(U8(3), left)
	JZ(LabelRef("next"))
	Label("one")
	step(0)
	ADDQ(U32(nv*s.bytes), w)
	ADDQ(U8(4), ptr)
	DECQ(left)
	JNZ(LabelRef("one"))
	Label("next")
	ADDQ(xplane, x)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	for i := range mr {
		for j := range nv {
			VMOVUPS(acc(i, j), y.at(j, i*pixel))
		}
	}
	finish()
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
