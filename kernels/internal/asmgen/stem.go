package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// stemFamily writes convolutions of plain images into the blocked layout, and the gradients of their weights, for strides 1 and 2: tiles of
// up to 6 pixels by 4 blocks of output channels (AVX-512) or 1 block (AVX2), and sums of rows of taps by blocks.
func stemFamily(s simd) {
	most, panel := 4, 2
	sums := []gradTile{{1, 3}, {2, 3}, {3, 3}, {1, 7}, {2, 7}}
	if s.bytes == 32 {
		most, panel = 1, 1
		sums = []gradTile{{1, 3}, {2, 3}, {1, 4}} // 7 taps are 3+4
	}
	for stride := 1; stride <= 2; stride++ {
		for nb := 1; nb <= most; nb++ {
			for mr := 1; mr <= 6; mr++ {
				stemRows(s, mr, nb, stride)
			}
		}
		for nb := 1; nb <= panel; nb++ {
			for _, t := range sums {
				stemGrad(s, t, nb, stride)
			}
		}
	}
}

// stemRows writes the sums of tiles of mr pixels and nb blocks of output channels in several rows. Sums begin with zeros, and a table says
// where taps lie, to save instructions: a tile of 27 taps has so few multiplications that loading the bias first, and loops over channels and
// rows, took a tenth of its time.
func stemRows(s simd, mr, nb, stride int) {
	function(fmt.Sprintf("stem%dx%ds%d%s", mr, nb, stride, s.suffix), "func(rows, tiles, threes, ones int, table *int, x *float32, xrow int, w, bias, y *float32, yrow, yplane int)",
		fmt.Sprintf("\tfor row < rows, pixel < tiles*%d, block < %d and lane {", mr, nb),
		"\t\tsum := 0",
		"\t\tfor tap := range 3*threes + ones {",
		fmt.Sprintf("\t\t\tsum += x[row*xrow+table[tap]+pixel*%d] * w[tap][block][lane]", stride),
		"\t\t}",
		"\t\tif bias != nil {",
		"\t\t\tsum += bias[block][lane]",
		"\t\t}",
		"\t\ty[block][row][pixel][lane] = sum",
		"\t}", "", "with all distances, and those of the table, in bytes. It prefetches what it will write.")
	x, w, yb, yp := RAX, RCX, RDX, RSI
	xp, wp, left, tiles, threes, ones, table, tp := R8, R9, R10, R11, R12, R13, RBX, R14
	load([]string{"x", "w", "y", "yplane", "table", "threes", "ones", "tiles"}, x, w, yb, yp, table, threes, ones, tiles)
	y := newAcross(s, nb, yb, yp, RDI)
	nv := y.vectors()
	acc := func(i, j int) VecPhysical { return s.reg[i*nv+j] }
	row := s.reg[mr*nv:][:nv]
	spare := s.reg[mr*nv+nv:]
	each := func(f func(i, j int)) {
		for i := range mr {
			for j := range nv {
				f(i, j)
			}
		}
	}
	// The distances less what the tiles of a row will have gone.
	IMUL3Q(U32(mr*4*stride), tiles, left)
	SUBQ(left, argument("xrow"))
	IMUL3Q(U32(mr*pixel), tiles, left)
	SUBQ(left, argument("yrow"))
	Label("row")
	Load(Param("tiles"), tiles)
	Label("tile")
	each(func(i, j int) {
		if j*s.bytes%pixel == 0 {
			PREFETCHT0(y.at(j, i*pixel))
		}
	})
	zero(s.reg[:mr*nv]...)
	step := func(u int) {
		MOVQ(at(tp, 8*u), xp)
		for j := range nv {
			VMOVUPS(at(wp, (u*nv+j)*s.bytes), row[j])
		}
		for i := range mr {
			t := spare[i%min(2, len(spare))]
			VBROADCASTSS(Mem{Base: x, Index: xp, Scale: 1, Disp: i * stride * 4}, t)
			for j := range nv {
				VFMADD231PS(row[j], t, acc(i, j))
			}
		}
	}
	MOVQ(w, wp)
	MOVQ(table, tp)
	MOVQ(threes, left)
	TESTQ(left, left)
	JZ(LabelRef("tail"))
	Label("three")
	for u := range 3 {
		step(u)
	}
	ADDQ(U32(3*nv*s.bytes), wp)
	ADDQ(U8(24), tp)
	DECQ(left)
	JNZ(LabelRef("three"))
	Label("tail")
	MOVQ(ones, left)
	TESTQ(left, left)
	JZ(LabelRef("bias"))
	Label("one")
	step(0)
	ADDQ(U32(nv*s.bytes), wp)
	ADDQ(U8(8), tp)
	DECQ(left)
	JNZ(LabelRef("one"))
	Label("bias")
	bias := wp
	Load(Param("bias"), bias)
	TESTQ(bias, bias)
	JZ(LabelRef("store"))
	for j := range nv {
		VMOVUPS(at(bias, j*s.bytes), row[j])
	}
	each(func(i, j int) { VADDPS(row[j], acc(i, j), acc(i, j)) })
	Label("store")
	each(func(i, j int) { VMOVUPS(acc(i, j), y.at(j, i*pixel)) })
	ADDQ(U32(mr*4*stride), x)
	ADDQ(U32(mr*pixel), yb)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	ADDQ(argument("xrow"), x)
	ADDQ(argument("yrow"), yb)
	DECQ(argument("rows"))
	JNZ(LabelRef("row"))
	finish()
}

// gradTile is the weights whose gradient a kernel has in registers: taps of rows of some planes.
type gradTile struct{ planes, taps int }

// stemGrad writes the gradient of the weights between a tile and nb blocks of output channels.
func stemGrad(s simd, t gradTile, nb, stride int) {
	function(fmt.Sprintf("stemGrad%dx%dx%ds%d%s", t.planes, t.taps, nb, stride, s.suffix),
		"func(rows, pixels int, x *float32, xrow, xplane int, dy *float32, dyplane int, dw *float32, dwplane int)",
		"\tfor row < rows and p < pixels {",
		fmt.Sprintf("\t\tfor plane < %d, l < %d, block < %d and lane {", t.planes, t.taps, nb),
		fmt.Sprintf("\t\t\tdw[plane][l][block][lane] += x[row][plane][p*%d+l] * dy[block][row*pixels+p][lane]", stride),
		"\t\t}", "\t}", "", "with all distances in bytes.")
	pixels, x, xrow, xplane, dyb, dyp, dw, dwplane := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9
	load([]string{"pixels", "x", "xrow", "xplane", "dy", "dyplane", "dw", "dwplane"}, pixels, x, xrow, xplane, dyb, dyp, dw, dwplane)
	left, rows := R10, R11
	Load(Param("rows"), rows)
	dy := newAcross(s, nb, dyb, dyp, nil)
	nv := dy.vectors()
	taps := t.planes * t.taps
	acc := func(i, j int) VecPhysical { return s.reg[i*nv+j] }
	row := s.reg[taps*nv:][:nv]
	spare := s.reg[taps*nv+nv:]
	zero(s.reg[:taps*nv]...)
	IMUL3Q(U32(4*stride), pixels, left)
	SUBQ(left, xrow)
	step := func(u int) {
		for j := range nv {
			VMOVUPS(dy.at(j, u*pixel), row[j])
		}
		for i := range taps {
			b := spare[i%min(2, len(spare))]
			m := strided(x, xplane, nil, nil, i/t.taps)
			m.Disp = (u*stride + i%t.taps) * 4
			VBROADCASTSS(m, b)
			for j := range nv {
				VFMADD231PS(row[j], b, acc(i, j))
			}
		}
	}
	Label("row")
	MOVQ(pixels, left)
	SHRQ(U8(2), left)
	JZ(LabelRef("tail"))
	Label("four")
	for u := range 4 {
		step(u)
	}
	ADDQ(U8(16*stride), x)
	ADDQ(U32(4*pixel), dyb)
	DECQ(left)
	JNZ(LabelRef("four"))
	Label("tail")
	MOVQ(pixels, left)
	ANDQ(U8(3), left)
	JZ(LabelRef("next"))
	Label("one")
	step(0)
	ADDQ(U8(4*stride), x)
	ADDQ(U8(pixel), dyb)
	DECQ(left)
	JNZ(LabelRef("one"))
	Label("next")
	ADDQ(xrow, x)
	DECQ(rows)
	JNZ(LabelRef("row"))
	for i := range taps {
		for j := range nv {
			m := at(dw, (i%t.taps*nv+j)*s.bytes)
			VADDPS(m, acc(i, j), acc(i, j))
			VMOVUPS(acc(i, j), m)
		}
		if i%t.taps == t.taps-1 && i < taps-1 {
			ADDQ(dwplane, dw)
		}
	}
	finish()
}
