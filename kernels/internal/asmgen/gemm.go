package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gemmFamily writes the tiles of the packed matrix product: up to 6 rows, and 4 (AVX-512) or 2 (AVX2) vectors of columns, so that
// accumulators, one row of b and a broadcast fill the registers.
func gemmFamily(s simd) {
	for mr := 1; mr <= 6; mr++ {
		for nv := 1; nv <= s.bytes/16; nv++ {
			gemmTile(s, mr, nv)
		}
	}
}

func gemmTile(s simd, mr, nv int) {
	n := nv * s.lanes()
	function(fmt.Sprintf("gemm%dx%d%s", mr, n, s.suffix), "func(k int, a, b, c *float32, ldc int)",
		"\tfor l := range k {",
		fmt.Sprintf("\t\tfor i := range %d {", mr),
		fmt.Sprintf("\t\t\tfor j := range %d {", n),
		fmt.Sprintf("\t\t\t\tc[i*ldc+j] += a[l*%d+i] * b[l*%d+j]", mr, n),
		"\t\t\t}", "\t\t}", "\t}", "", "with ldc in bytes.")
	k, a, b, c, ldc, quads := RAX, RBX, RCX, RDX, RSI, RDI
	load([]string{"k", "a", "b", "c", "ldc"}, k, a, b, c, ldc)
	acc := func(i, j int) VecPhysical { return s.reg[i*nv+j] }
	row := s.reg[mr*nv:][:nv]
	spare := s.reg[mr*nv+nv:]
	zero(s.reg[:mr*nv]...)
	step := func(u int) {
		for j := range nv {
			VMOVUPS(at(b, (u*nv+j)*s.bytes), row[j])
		}
		for i := range mr {
			t := spare[i%min(2, len(spare))]
			VBROADCASTSS(at(a, 4*(u*mr+i)), t)
			for j := range nv {
				VFMADD231PS(row[j], t, acc(i, j))
			}
		}
	}
	const unroll = 4
	MOVQ(k, quads)
	SHRQ(U8(2), quads)
	JZ(LabelRef("tail"))
	Label("four")
	for u := range unroll {
		for line := 0; line < nv*s.bytes; line += 64 {
			PREFETCHT0(at(b, (u+8)*nv*s.bytes+line))
		}
		step(u)
	}
	ADDQ(U32(unroll*nv*s.bytes), b)
	ADDQ(U32(unroll*mr*4), a)
	DECQ(quads)
	JNZ(LabelRef("four"))
	Label("tail")
	ANDQ(U8(unroll-1), k)
	JZ(LabelRef("store"))
	Label("one")
	step(0)
	ADDQ(U32(nv*s.bytes), b)
	ADDQ(U32(mr*4), a)
	DECQ(k)
	JNZ(LabelRef("one"))
	Label("store")
	for i := range mr {
		for j := range nv {
			m := at(c, j*s.bytes)
			VADDPS(m, acc(i, j), acc(i, j))
			VMOVUPS(acc(i, j), m)
		}
		if i < mr-1 {
			ADDQ(ldc, c)
		}
	}
	finish()
}
