package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// padFamily writes the copy of rows of blocked pixels to rows with zeros before and after them.
func padFamily(s simd) {
	function("padRows"+s.suffix, "func(rows int, dst, src *float32, before, width, after, skip int)",
		"\tfor row := range rows {",
		"\t\tbefore zeros, width pixels of src and after zeros go to dst",
		"\t\tsrc += skip",
		"\t}", "", "with counts in pixels of 16 floats and skip in bytes.")
	rows, dst, src, before, width, after, skip, n := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9
	load([]string{"rows", "dst", "src", "before", "width", "after", "skip"}, rows, dst, src, before, width, after, skip)
	parts := pixel / s.bytes
	zero(s.reg[0])
	each := func(name string, count Register, body func()) {
		MOVQ(count, n)
		TESTQ(n, n)
		JZ(LabelRef(name + "Done"))
		Label(name)
		body()
		ADDQ(U8(pixel), dst)
		DECQ(n)
		JNZ(LabelRef(name))
		Label(name + "Done")
	}
	store := func() {
		for i := range parts {
			VMOVUPS(s.reg[0], at(dst, i*s.bytes))
		}
	}
	Label("row")
	each("before", before, store)
	each("copy", width, func() {
		for i := range parts {
			VMOVUPS(at(src, i*s.bytes), s.reg[1+i])
			VMOVUPS(s.reg[1+i], at(dst, i*s.bytes))
		}
		ADDQ(U8(pixel), src)
	})
	each("after", after, store)
	ADDQ(skip, src)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}
