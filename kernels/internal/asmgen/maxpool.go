package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// maxpoolFamily writes the search for the maxima of windows, 16 channels at a time.
func maxpoolFamily(s simd) {
	function("maxWindows"+s.suffix, "func(n, taps int, x *float32, step int, offset *int, first, stride int, y *float32, where *int32)",
		"\tfor i := range n {",
		"\t\tfor l := range 16 {",
		"\t\t\ty[i*16+l], where[i*16+l] = x[l], first",
		"\t\t\tfor t := range taps {",
		"\t\t\t\tif v := x[offset[t]/4+l]; v > y[i*16+l] || v != v && y[i*16+l] == y[i*16+l] {",
		"\t\t\t\t\ty[i*16+l], where[i*16+l] = v, first+offset[t]/64",
		"\t\t\t\t}",
		"\t\t\t}",
		"\t\t}",
		"\t\tx, first = x[step/4:], first+stride",
		"\t}")
	n, taps, x, step, offset, first, stride, y, where := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, R10
	load([]string{"n", "taps", "x", "step", "offset", "first", "stride", "y", "where"}, n, taps, x, step, offset, first, stride, y, where)
	tap, to, index := R11, R12, R13
	parts := s.parts()
	best, place, value, mask := s.reg[0:parts], s.reg[2:2+parts], s.reg[4:4+parts], s.reg[6:6+2*parts]
	here := s.reg[14]
	broadcast := func() {
		VMOVD(index.As32(), here.AsX())
		VPBROADCASTD(here.AsX(), here)
	}
	Label("window")
	MOVQ(first, index)
	broadcast()
	for p := range parts {
		VMOVUPS(at(x, p*s.bytes), best[p])
		VMOVAPS(here, place[p])
	}
	XORQ(tap, tap)
	Label("tap")
	MOVQ(Mem{Base: offset, Index: tap, Scale: 8}, to)
	MOVQ(to, index)
	SARQ(U8(6), index)
	ADDQ(first, index)
	broadcast()
	const notLessOrEqual, ordered = U8(6), U8(7)
	for p := range parts {
		VMOVUPS(Mem{Base: x, Index: to, Scale: 1, Disp: p * s.bytes}, value[p])
		VCMPPS(notLessOrEqual, best[p], value[p], mask[2*p])
		VCMPPS(ordered, best[p], best[p], mask[2*p+1])
		VANDPS(mask[2*p+1], mask[2*p], mask[2*p])
		VBLENDVPS(mask[2*p], value[p], best[p], best[p])
		VBLENDVPS(mask[2*p], here, place[p], place[p])
	}
	INCQ(tap)
	CMPQ(tap, taps)
	JLT(LabelRef("tap"))
	for p := range parts {
		VMOVUPS(best[p], at(y, p*s.bytes))
		VMOVUPS(place[p], at(where, p*s.bytes))
	}
	ADDQ(step, x)
	ADDQ(stride, first)
	ADDQ(U8(pixel), y)
	ADDQ(U8(pixel), where)
	DECQ(n)
	JNZ(LabelRef("window"))
	finish()
}
