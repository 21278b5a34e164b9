package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// pointRun writes the product of runs of mr pixels with one block of output channels, for vectors of half a block: a call does many
// tiles, because one tile of few input channels takes little longer than the call.
func pointRun(s simd, mr int) {
	function(fmt.Sprintf("pointRun%d%s", mr, s.suffix), "func(tiles, planes, k int, x *float32, xplane int, w, bias, y *float32)",
		fmt.Sprintf("\tfor pixel < tiles*%d and lane {", mr),
		"\t\tif bias != nil {",
		"\t\t\ty[pixel][lane] = bias[lane]",
		"\t\t}",
		"\t\tfor plane := range planes {",
		"\t\t\tfor l := range k {",
		"\t\t\t\ty[pixel][lane] += x[plane][pixel][l] * w[plane][l][lane]",
		"\t\t\t}", "\t\t}", "\t}", "", "with all distances in bytes. It prefetches the next pixels and weights.")
	tiles, k, x, xplane, w, bias, y := RAX, RBX, RCX, RDX, RSI, RDI, R8
	load([]string{"tiles", "k", "x", "xplane", "w", "bias", "y"}, tiles, k, x, xplane, w, bias, y)
	planes, xp, wp, ptr, left := R10, R11, R12, R13, R14
	nv := pixel / s.bytes
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
	Label("tile")
	TESTQ(bias, bias)
	JZ(LabelRef("accumulate"))
	each(func(i, j int) { VMOVUPS(at(bias, j*s.bytes), acc(i, j)) })
	JMP(LabelRef("begin"))
	Label("accumulate")
	each(func(i, j int) { VMOVUPS(at(y, i*pixel+j*s.bytes), acc(i, j)) })
	Label("begin")
	MOVQ(x, xp)
	MOVQ(w, wp)
	Load(Param("planes"), planes)
	step := func(u int) {
		for j := range nv {
			VMOVUPS(at(wp, (u*nv+j)*s.bytes), row[j])
		}
		for i := range mr {
			t := spare[i%min(2, len(spare))]
			VBROADCASTSS(at(ptr, i*pixel+4*u), t)
			for j := range nv {
				VFMADD231PS(row[j], t, acc(i, j))
			}
		}
	}
	Label("plane")
	for i := range mr {
		PREFETCHT0(at(xp, (mr+i)*pixel))
	}
	MOVQ(xp, ptr)
	MOVQ(k, left)
	SHRQ(U8(2), left)
	JZ(LabelRef("tail"))
	Label("four")
	for u := range 4 {
		PREFETCHT0(at(wp, (u+16)*pixel))
		step(u)
	}
	ADDQ(U32(4*pixel), wp)
	ADDQ(U8(16), ptr)
	DECQ(left)
	JNZ(LabelRef("four"))
	Label("tail")
	MOVQ(k, left)
	ANDQ(U8(3), left)
	JZ(LabelRef("next"))
	Label("one")
	step(0)
	ADDQ(U8(pixel), wp)
	ADDQ(U8(4), ptr)
	DECQ(left)
	JNZ(LabelRef("one"))
	Label("next")
	ADDQ(xplane, xp)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	each(func(i, j int) { VMOVUPS(acc(i, j), at(y, i*pixel+j*s.bytes)) })
	ADDQ(U32(mr*pixel), x)
	ADDQ(U32(mr*pixel), y)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	finish()
}
