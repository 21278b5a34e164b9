package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tapsFamily writes convolutions whose taps are a table, so that they do any kernel, stride and dilation, between groups of any number of
// channels: runs of output pixels of up to 16 channels.
func tapsFamily(s simd) {
	regroup(s)
	for pixels := 1; pixels <= 28; pixels++ {
		tapsRun(s, pixels)
	}
}

func tapsRun(s simd, pixels int) {
	function(fmt.Sprintf("taps%d%s", pixels, s.suffix),
		"func(taps int, table *int, x *float32, from int, w, bias, y0 *float32, mask0 int, y1 *float32, mask1, ystep int)",
		fmt.Sprintf("\tfor pixel < %d and lane {", pixels),
		"\t\tsum := bias[lane]",
		"\t\tfor tap < taps and c < table[tap].channels {",
		"\t\t\tsum += w[lane] * x[from+table[tap].offset+pixel*16+c]",
		"\t\t\tw += 16",
		"\t\t}",
		"\t\tif mask0 has lane {", "\t\t\ty0[pixel*ystep+lane] = sum", "\t\t}",
		"\t\tif mask1 has lane {", "\t\t\ty1[pixel*ystep+lane] = sum", "\t\t}",
		"\t}", "", "with from, offset and ystep in bytes; w begins anew for each pixel.")
	taps, table, x, w, ptr, left, y0, y1, step := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, R10
	load([]string{"taps", "table", "x", "from", "w", "bias", "y0", "y1", "ystep"}, taps, table, x, left, w, ptr, y0, y1, step)
	ADDQ(left, x)
	weights := s.reg[31]
	for i := range pixels {
		VMOVUPS(at(ptr, 0), s.reg[i])
	}
	Label("tap")
	DECQ(taps)
	JLT(LabelRef("store"))
	MOVQ(at(table, 0), ptr)
	MOVQ(at(table, 8), left)
	ADDQ(U8(16), table)
	ADDQ(x, ptr)
	Label("channel")
	VMOVUPS(at(w, 0), weights)
	for i := range pixels {
		VFMADD231PS_BCST(at(ptr, i*pixel), weights, s.reg[i])
	}
	ADDQ(U8(4), ptr)
	ADDQ(U8(pixel), w)
	DECQ(left)
	JNZ(LabelRef("channel"))
	JMP(LabelRef("tap"))
	Label("store")
	masks(K1, K2, "mask0", "mask1")
	for i := range pixels {
		VMOVUPS(s.reg[i], K1, at(y0, 0))
		VMOVUPS(s.reg[i], K2, at(y1, 0))
		if i < pixels-1 {
			ADDQ(step, y0)
			ADDQ(step, y1)
		}
	}
	finish()
}

// masks loads arguments into mask registers.
func masks(k1, k2 OpmaskPhysical, first, second string) {
	for _, m := range []struct {
		k    OpmaskPhysical
		name string
	}{{k1, first}, {k2, second}} {
		Load(Param(m.name), R15)
		KMOVW(R15L, m.k)
	}
}

// regroup copies some channels of pixels.
func regroup(s simd) {
	function("regroup"+s.suffix, "func(n int, dst, a *float32, mask0 int, b *float32, mask1, step int)",
		"\tfor i < n and lane {",
		"\t\tdst[i][lane] = a[i*step+lane] if mask0 has lane, b[i*step+lane] if mask1 has it, or else 0",
		"\t}", "", "with step in bytes. It touches no memory that the masks leave out.")
	n, dst, a, b, step := RAX, RBX, RCX, RDX, RSI
	load([]string{"n", "dst", "a", "b", "step"}, n, dst, a, b, step)
	masks(K1, K2, "mask0", "mask1")
	Label("pixel")
	VMOVUPS_Z(at(a, 0), K1, s.reg[0])
	VMOVUPS(at(b, 0), K2, s.reg[0])
	VMOVUPS(s.reg[0], at(dst, 0))
	ADDQ(U8(pixel), dst)
	ADDQ(step, a)
	ADDQ(step, b)
	DECQ(n)
	JNZ(LabelRef("pixel"))
	finish()
}
