package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dotsFamily writes products of rows with rows, whose vectors run along the sum, so that neither operand needs packing.
func dotsFamily(s simd) {
	rows, cols := []int{1, 2, 4}, []int{1, 2, 6}
	if s.bytes == 32 {
		rows, cols = []int{1, 3}, []int{1, 3}
	}
	for _, mr := range rows {
		for _, nr := range cols {
			dotsTile(s, mr, nr)
		}
	}
}

func dotsTile(s simd, mr, nr int) {
	function(fmt.Sprintf("dots%dx%d%s", mr, nr, s.suffix), "func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, mask *uint32)",
		fmt.Sprintf("\tfor i := range %d {", mr),
		fmt.Sprintf("\t\tfor j := range %d {", nr),
		"\t\t\tfor l := range k {",
		"\t\t\t\tc[i*ldc+j] += a[i*lda+l] * b[j*ldb+l]",
		"\t\t\t}", "\t\t}", "\t}", "",
		"with lda, ldb and ldc in bytes. Partial sums lie in the lanes of a vector and are added up at the end. mask holds a vector's",
		"lanes of all ones for the last k modulo that many elements.")
	k, a, lda, b, ldb, c, ldc, mask := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9
	load([]string{"k", "a", "lda", "b", "ldb", "c", "ldc", "mask"}, k, a, lda, b, ldb, c, ldc, mask)
	acc := func(i, j int) VecPhysical { return s.reg[i*nr+j] }
	left := s.reg[mr*nr:][:mr]
	right := s.reg[mr*nr+mr]
	zero(s.reg[:mr*nr]...)
	lda3, ldb3, ldb5 := R10, R11, R12
	LEAQ(Mem{Base: lda, Index: lda, Scale: 2}, lda3)
	LEAQ(Mem{Base: ldb, Index: ldb, Scale: 2}, ldb3)
	LEAQ(Mem{Base: ldb, Index: ldb, Scale: 4}, ldb5)
	step := func(vector func(m Mem, r VecPhysical)) {
		for i := range mr {
			vector(strided(a, lda, lda3, nil, i), left[i])
		}
		for j := range nr {
			vector(strided(b, ldb, ldb3, ldb5, j), right)
			for i := range mr {
				VFMADD231PS(right, left[i], acc(i, j))
			}
		}
	}
	Label("vectors")
	CMPQ(k, U8(s.lanes()))
	JLT(LabelRef("tail"))
	step(func(m Mem, r VecPhysical) { VMOVUPS(m, r) })
	ADDQ(U8(s.bytes), a)
	ADDQ(U8(s.bytes), b)
	SUBQ(U8(s.lanes()), k)
	JMP(LabelRef("vectors"))
	Label("tail")
	TESTQ(k, k)
	JZ(LabelRef("sum"))
	step(maskedLoad(s, mask))
	Label("sum")
	for i := range mr {
		for j := range nr {
			addLanes(s, acc(i, j), s.reg[len(s.reg)-1], at(c, 4*j))
		}
		if i < mr-1 {
			ADDQ(ldc, c)
		}
	}
	finish()
}

// strided is the operand base + i*stride, given registers that hold 3 and 5 strides.
func strided(base, stride, stride3, stride5 Register, i int) Mem {
	switch i {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: stride3, Scale: 1}
	case 5:
		return Mem{Base: base, Index: stride5, Scale: 1}
	}
	return Mem{Base: base, Index: stride, Scale: uint8(i)}
}

// maskedLoad prepares the mask and returns a load that reads zeros, and touches no memory, where the mask is off.
func maskedLoad(s simd, mask Register) func(Mem, VecPhysical) {
	if s.bytes == 64 {
		VMOVUPS(Mem{Base: mask}, s.reg[31])
		VPMOVD2M(s.reg[31], K1)
		return func(m Mem, r VecPhysical) { VMOVUPS_Z(m, K1, r) }
	}
	VMOVUPS(Mem{Base: mask}, s.reg[15])
	return func(m Mem, r VecPhysical) { VMASKMOVPS(m, s.reg[15], r) }
}

// addLanes adds the lanes of v to the float32 at to; v and spare are overwritten.
func addLanes(s simd, v, spare VecPhysical, to Mem) {
	y, x := v.(Vec).AsY(), v.(Vec).AsX()
	t := spare.(Vec).AsX()
	if s.bytes == 64 {
		VEXTRACTF64X4(U8(1), v, spare.(Vec).AsY())
		VADDPS(spare.(Vec).AsY(), y, y)
		VEXTRACTF32X4(U8(1), y, t)
	} else {
		VEXTRACTF128(U8(1), y, t)
	}
	VADDPS(t, x, x)
	for _, swap := range []U8{0x4e, 0xb1} { // halves, then neighbours
		VPERMILPS(swap, x, t)
		VADDPS(t, x, x)
	}
	VADDSS(to, x, x)
	VMOVSS(x, to)
}
