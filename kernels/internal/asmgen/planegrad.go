package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// planeGrad writes the gradients of one row of three taps between eight input channels and a block of output channels, over planes as
// they lie in many images. Rows of x have a pixel of padding at the left and, with stride 1, at the right, which no product is spent on.
func planeGrad(s simd, stride int) {
	const channels = 8
	function(fmt.Sprintf("planeGrad%d%s", stride, s.suffix), "func(images, rows, width int, x *float32, xnext int, dy *float32, dynext int, dw *float32, dwnext int, ahead *float32, aheadnext int)",
		"\tfor image < images and row < rows {",
		fmt.Sprintf("\t\tfor col < width, v < 3, k < %d and lane, where 0 <= col*%d+v-1 < width*%d {", channels, stride, stride),
		fmt.Sprintf("\t\t\tdw[k][v][lane] += dy[col][lane] * x[col*%d+v-1][k]", stride),
		"\t\t}",
		fmt.Sprintf("\t\tx, dy = x+width*%d, dy+width", stride*stride),
		"\t\tafter the last row: x, dy = x+xnext, dy+dynext",
		"\t}", "", "with the distances of images and of k in dw in bytes, for at least two columns. It prefetches the next row and, a line for",
		"each column and aheadnext on after each image, what lies ahead.")
	images, rows, width, x, xnext, dy, dynext := RAX, RBX, RCX, RDX, RSI, RDI, R8
	load([]string{"images", "width", "x", "xnext", "dy", "dynext"}, images, width, x, xnext, dy, dynext)
	xskip, dyrow, left, xrow, ahead, aheadnext := R9, R10, R11, R12, R13, R14
	load([]string{"ahead", "aheadnext"}, ahead, aheadnext)
	acc := func(k, v int) VecPhysical { return s.reg[3*k+v] }
	before, here, next, spare := s.reg[24], s.reg[25], s.reg[26], s.reg[27:]
	turn := 0
	// feed adds the products of pixel q of x from here with what each tap pairs it with, if anything.
	feed := func(q int, taps [3]VecPhysical) {
		for k := range channels {
			turn++
			t := spare[turn%len(spare)]
			VBROADCASTSS(at(x, q*pixel+4*k), t)
			for v, d := range taps {
				if d != nil {
					VFMADD231PS(d, t, acc(k, v))
				}
			}
		}
	}
	advance := func() {
		for q := range stride {
			PREFETCHT0(Mem{Base: x, Index: xrow, Scale: 1, Disp: q * pixel})
		}
		PREFETCHT0(Mem{Base: dy, Index: dyrow, Scale: 1})
		PREFETCHT1(at(ahead, 0))
		ADDQ(U32(stride*pixel), x)
		ADDQ(U8(pixel), dy)
		ADDQ(U8(pixel), ahead)
	}
	zero(s.reg[:3*channels]...)
	MOVQ(width, dyrow)
	SHLQ(U8(6), dyrow)
	IMUL3Q(U8(stride*stride), dyrow, xrow)
	MOVQ(dyrow, xskip) // the row that stride 2 leaves out
	SHLQ(U8(1), xskip)
	Label("image")
	Load(Param("rows"), rows)
	Label("row")
	MOVQ(width, left)
	VMOVUPS(at(dy, 0), here)
	if stride == 1 {
		VMOVUPS(at(dy, pixel), next)
		feed(0, [3]VecPhysical{next, here, nil})
		advance()
		SUBQ(U8(2), left)
		JZ(LabelRef("last"))
	} else {
		DECQ(left)
	}
	Label("column")
	if stride == 1 {
		VMOVAPS(here, before)
		VMOVAPS(next, here)
		VMOVUPS(at(dy, pixel), next)
		feed(0, [3]VecPhysical{next, here, before})
	} else {
		VMOVUPS(at(dy, pixel), next)
		feed(0, [3]VecPhysical{nil, here, nil})
		feed(1, [3]VecPhysical{next, nil, here})
		VMOVAPS(next, here)
	}
	advance()
	DECQ(left)
	JNZ(LabelRef("column"))
	if stride == 1 {
		Label("last")
		feed(0, [3]VecPhysical{nil, next, here})
	} else {
		feed(0, [3]VecPhysical{nil, here, nil})
		feed(1, [3]VecPhysical{nil, nil, here})
	}
	advance()
	if stride == 2 {
		ADDQ(xskip, x)
	}
	DECQ(rows)
	JNZ(LabelRef("row"))
	ADDQ(xnext, x)
	ADDQ(dynext, dy)
	ADDQ(aheadnext, ahead)
	DECQ(images)
	JNZ(LabelRef("image"))
	dw, dwnext := RAX, RBX
	load([]string{"dw", "dwnext"}, dw, dwnext)
	for k := range channels {
		for v := range 3 {
			VADDPS(at(dw, v*s.bytes), acc(k, v), acc(k, v))
			VMOVUPS(acc(k, v), at(dw, v*s.bytes))
		}
		if k < channels-1 {
			ADDQ(dwnext, dw)
		}
	}
	finish()
}
