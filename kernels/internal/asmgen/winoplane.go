package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winoPlane goes through the tiles of a plane of input as it lies. Where a kernel has it, rows of padding are zeros and columns of padding are
// masked: arguments above, below, first, third and fourth say where, and from is where the first tile begins.
type winoPlane struct {
	s         simd
	rows      [4]GPPhysical // of the tile
	cols, tmp GPPhysical    // cols is how many tiles are left in the row of tiles
	base      Mem           // the first row of the row of tiles
	rowsLeft  Mem
	begun     int // rows of tiles, in the code
}

func newWinoPlane(s simd) winoPlane {
	return winoPlane{s: s, rows: [4]GPPhysical{RAX, RBX, RCX, RDX}, cols: RDI, tmp: R9}
}

// winoPlaneComment tells of the arguments.
const winoPlaneComment = "Padding is above the first row if above is 1, and below rows of it below the last"

// begin begins with the first tile.
func (w *winoPlane) begin() {
	load([]string{"x", "from"}, w.rows[0], w.tmp)
	ADDQ(w.tmp, w.rows[0])
	w.beginRow()
	CMPQ(argument("above"), U8(0))
	JEQ(LabelRef("begun"))
	Load(Param("zeros"), w.rows[0])
	Label("begun")
}

// beginRow begins with the row of tiles whose input begins at rows[0].
func (w *winoPlane) beginRow() {
	r := w.rows
	MOVQ(r[0], w.base)
	Load(Param("xrow"), w.tmp)
	LEAQ(Mem{Base: r[0], Index: w.tmp, Scale: 1}, r[1])
	LEAQ(Mem{Base: r[0], Index: w.tmp, Scale: 2}, r[2])
	LEAQ(Mem{Base: r[1], Index: w.tmp, Scale: 2}, r[3])
	w.begun++
	inside := fmt.Sprintf("inside%d", w.begun)
	CMPQ(w.rowsLeft, U8(1))
	JNE(LabelRef(inside))
	CMPQ(argument("below"), U8(1))
	CMOVQGE(argument("zeros"), r[3])
	CMOVQGT(argument("zeros"), r[2])
	Label(inside)
	Load(Param("cols"), w.cols)
	KMOVW(argument("first"), K1)
	KXNORW(K2, K2, K2)
	KXNORW(K3, K3, K3)
}

// tile transforms the tile: its columns, then its rows.
func (w *winoPlane) tile(place func(i, j int) Mem) {
	CMPQ(w.cols, U8(1))
	JNE(LabelRef("within"))
	KMOVW(argument("third"), K2)
	KMOVW(argument("fourth"), K3)
	Label("within")
	e := func(i, j int) VecPhysical { return w.s.reg[4*j+i] }
	d := w.s.reg[16:20]
	for j, mask := range []OpmaskPhysical{K1, nil, K2, K3} {
		for i, r := range w.rows {
			if m := at(r, j*pixel); mask != nil {
				VMOVUPS_Z(m, mask, d[i])
			} else {
				VMOVUPS(m, d[i])
			}
		}
		VSUBPS(d[2], d[0], e(0, j))
		VADDPS(d[2], d[1], e(1, j))
		VSUBPS(d[1], d[2], e(2, j))
		VSUBPS(d[1], d[3], e(3, j))
	}
	for i := range 4 {
		out := w.s.reg[20+i%2*4:][:4]
		VSUBPS(e(i, 2), e(i, 0), out[0])
		VADDPS(e(i, 2), e(i, 1), out[1])
		VSUBPS(e(i, 1), e(i, 2), out[2])
		VSUBPS(e(i, 3), e(i, 1), out[3])
		for j, r := range out {
			VMOVUPS(r, place(i, j))
		}
	}
}

// next goes on to the next tile.
func (w *winoPlane) next() {
	for _, r := range w.rows {
		ADDQ(U32(2*pixel), r)
	}
	KXNORW(K1, K1, K1)
	DECQ(w.cols)
	JNZ(LabelRef("beside"))
	DECQ(w.rowsLeft)
	MOVQ(w.base, w.rows[0])
	Load(Param("xrow"), w.tmp)
	LEAQ(Mem{Base: w.rows[0], Index: w.tmp, Scale: 2}, w.rows[0])
	w.beginRow()
	Label("beside")
}

// winoPlaneInput writes winoInput for planes as they lie.
func winoPlaneInput(s simd) {
	function("winoPlaneInput"+s.suffix,
		"func(rows, cols int, x *float32, from, xrow, above, below int, first, third, fourth uint16, zeros, v *float32, vplace int)",
		"\tv = winoInput of rows*cols tiles, the first of which begins at x + from", "",
		"with distances in bytes. "+winoPlaneComment,
		"one; first, third and fourth are the masks of those columns of the first and of the last tile of a row. zeros is as long as a row of tiles.")
	w := newWinoPlane(s)
	locals := AllocLocal(16)
	w.base, w.rowsLeft = locals, locals.Offset(8)
	v, vplace, n := RSI, R8, R15
	load([]string{"rows", "cols", "v", "vplace"}, n, w.cols, v, vplace)
	MOVQ(n, w.rowsLeft)
	IMULQ(w.cols, n)
	p := newPlaces(v, vplace, R10, R11, R12, R13)
	w.begin()
	Label("tile")
	w.tile(p.at)
	p.forward(pixel)
	w.next()
	DECQ(n)
	JNZ(LabelRef("tile"))
	finish()
}
