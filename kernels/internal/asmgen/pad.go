package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// padFamily writes copies of rows of blocked pixels.
func padFamily(s simd) {
	padRows(s)
	sample(s)
	spread(s, false)
	spread(s, true)
}

// padRows copies rows to rows with zeros before and after them.
func padRows(s simd) {
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

// sample copies pixels that lie apart.
func sample(s simd) {
	function("sample"+s.suffix, "func(n int, dst, src *float32, step, ahead int)",
		"\tfor i := range n {",
		"\t\tpixel i of dst = the pixel at src + i*step",
		"\t}", "", "with step in bytes. It prefetches the same pixels ahead bytes further.")
	n, dst, src, step, ahead := RAX, RBX, RCX, RDX, RSI
	load([]string{"n", "dst", "src", "step", "ahead"}, n, dst, src, step, ahead)
	Label("pixel")
	PREFETCHT0(Mem{Base: src, Index: ahead, Scale: 1})
	for i := range s.parts() {
		VMOVUPS(at(src, i*s.bytes), s.reg[i])
		VMOVUPS(s.reg[i], at(dst, i*s.bytes))
	}
	ADDQ(step, src)
	ADDQ(U8(pixel), dst)
	DECQ(n)
	JNZ(LabelRef("pixel"))
	finish()
}

// spread copies pixels with zeros between and after them.
func spread(s simd, nt bool) {
	function("spread"+suffix(nt, "NT")+s.suffix, "func(n int, dst, src *float32, between, after int)",
		"\tpixel 0 of src goes to dst",
		"\tfor i := 1; i < n; i++ {",
		"\t\tbetween zeros and pixel i of src go to dst",
		"\t}",
		"\tafter zeros go to dst", "", "with counts in pixels of 16 floats.")
	n, dst, src, between, after, left := RAX, RBX, RCX, RDX, RSI, RDI
	load([]string{"n", "dst", "src", "between", "after"}, n, dst, src, between, after)
	store := func(r VecPhysical, disp int) {
		if nt {
			VMOVNTPS(r, at(dst, disp))
		} else {
			VMOVUPS(r, at(dst, disp))
		}
	}
	zeros := func(name string) {
		Label(name)
		DECQ(left)
		JLT(LabelRef(name + "Done"))
		for i := range s.parts() {
			store(s.reg[0], i*s.bytes)
		}
		ADDQ(U8(pixel), dst)
		JMP(LabelRef(name))
		Label(name + "Done")
	}
	zero(s.reg[0])
	Label("pixel")
	for i := range s.parts() {
		VMOVUPS(at(src, i*s.bytes), s.reg[1+i])
		store(s.reg[1+i], i*s.bytes)
	}
	ADDQ(U8(pixel), src)
	ADDQ(U8(pixel), dst)
	DECQ(n)
	JZ(LabelRef("last"))
	MOVQ(between, left)
	zeros("between")
	JMP(LabelRef("pixel"))
	Label("last")
	MOVQ(after, left)
	zeros("after")
	if nt {
		SFENCE()
	}
	finish()
}
