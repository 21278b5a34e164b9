package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tapDotsFamily writes products of rows with rows that three taps see at places of their own, so that what comes from beyond the
// first-level cache feeds three products.
func tapDotsFamily(s simd) {
	const cols, taps = 2, 3
	rows := len(s.reg) / 8
	function("tapDots"+s.suffix, "func(k int, a *float32, lda int, b *float32, ldb int, taps *[3]int, c *float32)",
		fmt.Sprintf("\tfor i < %d, j < %d, t < %d and l < k {", rows, cols, taps),
		fmt.Sprintf("\t\tc[(i*%d+j)*%d+t] += a[i*lda+l] * b[j*ldb+taps[t]+l]", cols, taps),
		"\t}", "",
		fmt.Sprintf("with lda, ldb and taps in bytes and k a multiple of %d. Partial sums lie in the lanes of a vector and are added up at the end.", s.lanes()))
	k, a, lda, lda3, ldb, c, tmp := RAX, RBX, RCX, RDX, RSI, RDI, R8
	b := []GPPhysical{R9, R10, R11}
	load([]string{"k", "a", "lda", "ldb", "c", "taps"}, k, a, lda, ldb, c, tmp)
	LEAQ(Mem{Base: lda, Index: lda, Scale: 2}, lda3)
	for t, p := range b {
		Load(Param("b"), p)
		ADDQ(at(tmp, 8*t), p)
	}
	sums := s.reg[:rows*cols*taps]
	left, right := s.reg[len(sums):][:rows], s.reg[len(sums)+rows:]
	zero(sums...)
	Label("vector")
	for i := range rows {
		VMOVUPS(strided(a, lda, lda3, nil, i), left[i])
	}
	for j := range cols {
		for t, p := range b {
			v := right[(j*taps+t)%len(right)]
			VMOVUPS(strided(p, ldb, nil, nil, j), v)
			for i := range rows {
				VFMADD231PS(v, left[i], sums[(i*cols+j)*taps+t])
			}
		}
	}
	for _, p := range append(b, a) {
		ADDQ(U8(s.bytes), p)
	}
	SUBQ(U8(s.lanes()), k)
	JNZ(LabelRef("vector"))
	for i := 0; i < len(sums); i += 4 {
		addFour(s, sums[i:][:4], left[0], at(c, 4*i))
	}
	finish()
}

// addFour adds the lanes of each of four vectors to the four float32s at to; the vectors and spare are overwritten.
func addFour(s simd, v []VecPhysical, spare VecPhysical, to Mem) {
	for i := 0; i < 4; i += 2 {
		VUNPCKLPS(v[i+1], v[i], spare)
		VUNPCKHPS(v[i+1], v[i], v[i])
		VADDPS(spare, v[i], v[i])
	}
	VUNPCKLPD(v[2], v[0], spare)
	VUNPCKHPD(v[2], v[0], v[0])
	VADDPS(spare, v[0], v[0])
	y, x, t := v[0].(Vec).AsY(), v[0].(Vec).AsX(), spare.(Vec).AsX()
	if s.bytes == 64 {
		VEXTRACTF64X4(U8(1), v[0], spare.(Vec).AsY())
		VADDPS(spare.(Vec).AsY(), y, y)
		VEXTRACTF32X4(U8(1), y, t)
	} else {
		VEXTRACTF128(U8(1), y, t)
	}
	VADDPS(t, x, x)
	VADDPS(to, x, x)
	VMOVUPS(x, to)
}
