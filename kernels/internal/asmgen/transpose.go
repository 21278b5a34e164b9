package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transposeFamily writes the square transpose that converts between planes and blocks of channels.
func transposeFamily(s simd) {
	permute(s)
	copyRows(s)
	n := s.lanes()
	function(fmt.Sprintf("transpose%d%s", n, s.suffix), "func(blocks int, dst *float32, dld, dstep int, src *float32, sld, sstep int)",
		"\tfor t := range blocks {",
		fmt.Sprintf("\t\tfor i := range %d {", n),
		fmt.Sprintf("\t\t\tfor j := range %d {", n),
		"\t\t\t\tdst[t*dstep+j*dld+i] = src[t*sstep+i*sld+j]",
		"\t\t\t}", "\t\t}", "\t}", "", "with all distances in bytes.")
	blocks, dst, dld, dstep, src, sld, sstep := RAX, RBX, RCX, RDX, RSI, RDI, R8
	load([]string{"blocks", "dst", "dld", "dstep", "src", "sld", "sstep"}, blocks, dst, dld, dstep, src, sld, sstep)
	Label("block")
	p := R9
	MOVQ(src, p)
	for i := range n {
		VMOVUPS(at(p, 0), s.reg[i])
		if i < n-1 {
			ADDQ(sld, p)
		}
	}
	out := transpose8
	if n == 16 {
		out = transpose16
	}
	MOVQ(dst, p)
	for i, r := range out(s.reg) {
		VMOVUPS(r, at(p, 0))
		if i < n-1 {
			ADDQ(dld, p)
		}
	}
	ADDQ(sstep, src)
	ADDQ(dstep, dst)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	finish()
}

// transpose4x4 transposes 4x4 within every 128-bit lane of groups of four registers, from in to out.
func transpose4x4(in, out []VecPhysical) {
	for i := 0; i < len(in); i += 2 {
		VUNPCKLPS(in[i+1], in[i], out[i])
		VUNPCKHPS(in[i+1], in[i], out[i+1])
	}
	for i := 0; i < len(in); i += 4 {
		VUNPCKLPD(out[i+2], out[i], in[i])
		VUNPCKHPD(out[i+2], out[i], in[i+1])
		VUNPCKLPD(out[i+3], out[i+1], in[i+2])
		VUNPCKHPD(out[i+3], out[i+1], in[i+3])
	}
}

// transpose8 returns the registers that hold the columns of r[0:8].
func transpose8(r []VecPhysical) []VecPhysical {
	transpose4x4(r[:8], r[8:16])
	for i := range 4 {
		VPERM2F128(U8(0x20), r[i+4], r[i], r[8+i])
		VPERM2F128(U8(0x31), r[i+4], r[i], r[12+i])
	}
	return r[8:16]
}

// transpose16 returns the registers that hold the columns of r[0:16].
func transpose16(r []VecPhysical) []VecPhysical {
	transpose4x4(r[:16], r[16:32])
	for i := range 4 {
		// lanes of r[4g+i] hold column 4*lane+i of rows 4g..4g+3
		VSHUFF32X4(U8(0x88), r[4+i], r[i], r[16+i])
		VSHUFF32X4(U8(0xdd), r[4+i], r[i], r[20+i])
		VSHUFF32X4(U8(0x88), r[12+i], r[8+i], r[24+i])
		VSHUFF32X4(U8(0xdd), r[12+i], r[8+i], r[28+i])
	}
	for i := range 4 {
		VSHUFF32X4(U8(0x88), r[24+i], r[16+i], r[i])
		VSHUFF32X4(U8(0xdd), r[24+i], r[16+i], r[8+i])
		VSHUFF32X4(U8(0x88), r[28+i], r[20+i], r[4+i])
		VSHUFF32X4(U8(0xdd), r[28+i], r[20+i], r[12+i])
	}
	return r[:16]
}

// permute writes the copy of vectors in another order.
func permute(s simd) {
	function("permute"+s.suffix, "func(n int, dst *float32, dstep int, src *float32, index *uint32)",
		"\tfor i := range n {",
		"\t\tthe vector at dst + i*dstep = the vector at src + index[i]",
		"\t}", "", "with dstep and index in bytes.")
	n, dst, dstep, src, index, from := RAX, RBX, RCX, RDX, RSI, RDI
	load([]string{"n", "dst", "dstep", "src", "index"}, n, dst, dstep, src, index)
	Label("vector")
	MOVL(at(index, 0), from.As32())
	VMOVUPS(Mem{Base: src, Index: from, Scale: 1}, s.reg[0])
	VMOVUPS(s.reg[0], at(dst, 0))
	ADDQ(U8(4), index)
	ADDQ(dstep, dst)
	DECQ(n)
	JNZ(LabelRef("vector"))
	finish()
}

// copyRows writes the copy of rows of cache lines that lie too far apart for the processor to foresee.
func copyRows(s simd) {
	function("copyRows"+s.suffix, "func(rows, lines int, dst *float32, dstep int, src *float32, sstep int)",
		"\tfor i := range rows {",
		"\t\tcopy(dst[i*dstep:], src[i*sstep:][:lines*64])",
		"\t}", "", "with all distances in bytes. It prefetches the rows that come 8 later.")
	rows, lines, dst, dstep, src, sstep := RAX, RBX, RCX, RDX, RSI, RDI
	load([]string{"rows", "lines", "dst", "dstep", "src", "sstep"}, rows, lines, dst, dstep, src, sstep)
	ahead, left, from, to := R8, R9, R10, R11
	Label("row")
	MOVQ(src, from)
	MOVQ(dst, to)
	LEAQ(Mem{Base: src, Index: sstep, Scale: 8}, ahead)
	MOVQ(lines, left)
	Label("line")
	PREFETCHT0(at(ahead, 0))
	for i := 0; i < 64; i += s.bytes {
		VMOVUPS(at(from, i), s.reg[0])
		VMOVUPS(s.reg[0], at(to, i))
	}
	ADDQ(U8(64), ahead)
	ADDQ(U8(64), from)
	ADDQ(U8(64), to)
	DECQ(left)
	JNZ(LabelRef("line"))
	ADDQ(sstep, src)
	ADDQ(dstep, dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}
