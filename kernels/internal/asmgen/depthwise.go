package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// depthwiseFamily writes 3x3 depthwise convolutions of whole rows: with nine multiply-adds a pixel, tiles would take little longer than
// their calls. The weights stay in registers and input is an operand in memory.
func depthwiseFamily(s simd) {
	for _, stride := range []int{1, 2} {
		depthwise(s, stride)
	}
}

func depthwise(s simd, stride int) {
	const cols = 6 // accumulators
	function(fmt.Sprintf("depthwise3s%d%s", stride, s.suffix), "func(rows, width int, x *float32, xrow int, w, bias, y, ahead *float32)",
		"\tfor row < rows, col < width and lane < 8 {",
		"\t\ty[row*width+col][lane] = bias[lane]",
		"\t\tfor h < 3 and v < 3 {",
		fmt.Sprintf("\t\t\ty[row*width+col][lane] += w[h][v][lane] * x[row*%d+h][col*%d+v][lane]", stride, stride),
		"\t\t}", "\t}", "", "with xrow in bytes. The last pixels of a row may be computed twice. It prefetches what follows ahead.")
	rows, width, x, xrow, w, y := RAX, RBX, RCX, RDX, RSI, RDI
	load([]string{"rows", "width", "x", "xrow", "w", "y"}, rows, width, x, xrow, w, y)
	left, back, ahead := R8, R9, R13
	Load(Param("ahead"), ahead)
	ptr := [3]Register{R10, R11, R12}
	for i := range 9 {
		VMOVUPS(at(w, i*s.bytes), s.reg[i])
	}
	bias := s.reg[15]
	Load(Param("bias"), w)
	VMOVUPS(at(w, 0), bias)
	// compute does n pixels where the pointers are.
	compute := func(n int) {
		for c := range n {
			VMOVAPS(bias, s.reg[9+c])
		}
		for h := range 3 {
			for v := range 3 {
				for c := range n {
					VFMADD231PS(at(ptr[h], (c*stride+v)*pixel), s.reg[3*h+v], s.reg[9+c])
				}
			}
		}
		for c := range n {
			VMOVUPS(s.reg[9+c], at(y, c*pixel))
		}
	}
	forward := func(n int) {
		for _, p := range ptr {
			ADDQ(U32(n*stride*pixel), p)
		}
		ADDQ(U32(n*pixel), y)
	}
	Label("row")
	MOVQ(x, ptr[0])
	LEAQ(Mem{Base: x, Index: xrow, Scale: 1}, ptr[1])
	LEAQ(Mem{Base: x, Index: xrow, Scale: 2}, ptr[2])
	MOVQ(width, left)
	SUBQ(U8(cols), left)
	JLT(LabelRef("few"))
	Label("tile")
	for i := range cols * stride * stride {
		PREFETCHT0(at(ahead, i*pixel))
	}
	ADDQ(U32(cols*stride*stride*pixel), ahead)
	for i := range cols {
		PREFETCHT0(at(y, (i+2*cols)*pixel))
	}
	compute(cols)
	forward(cols)
	SUBQ(U8(cols), left)
	JGE(LabelRef("tile"))
	ADDQ(U8(cols), left) // pixels that are left
	JZ(LabelRef("next"))
	backToLastTile(cols, stride, left, back, y, ptr)
	compute(cols)
	forward(cols)
	JMP(LabelRef("next"))
	Label("few")
	ADDQ(U8(cols), left)
	Label("pixel")
	compute(1)
	forward(1)
	DECQ(left)
	JNZ(LabelRef("pixel"))
	Label("next")
	for range stride {
		ADDQ(xrow, x)
	}
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}

// backToLastTile moves the pointers to y and to rows of x back, so that the last tile of cols pixels ends with the row, of which left
// pixels remain, fewer than cols.
func backToLastTile(cols, stride int, left, back, y Register, rows [3]Register) {
	Comment("go back so that the last tile ends with the row")
	SUBQ(U8(cols), left)
	MOVQ(left, back)
	SHLQ(U8(6), back)
	ADDQ(back, y)
	if stride == 2 {
		SHLQ(U8(1), back)
	}
	for _, p := range rows {
		ADDQ(back, p)
	}
}
