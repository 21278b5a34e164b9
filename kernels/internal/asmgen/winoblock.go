package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winoBlocks are kernels that do the whole of Winograd's transform from one block of channels to another, for so many tiles at a time that
// their places stay in the first-level cache beside the weights. Where so few products follow, it is the transforms' way through the
// second-level cache that counts.
func winoBlocks(s simd) {
	for tiles := 11; tiles <= 14; tiles++ {
		newWinoBlock(s, tiles).write()
	}
}

// winoBlock is such a kernel and its registers, which the three phases share.
type winoBlock struct {
	s           simd
	tiles       int
	place       int // bytes between places, an odd number of cache lines
	left        Mem // tiles to do, and those of a group
	group       Mem
	in, out     winoPosition
	base        Mem // the first row of input of a row of tiles
	rows        [4]GPPhysical
	rowsSaved   [4]Mem
	v, cols, n  GPPhysical
	tmp         GPPhysical
	begun       int // rows of tiles, in the code
	zero, check VecPhysical
}

// winoPosition is how many rows of tiles are left and how many tiles of a row.
type winoPosition struct{ rows, cols Mem }

func newWinoBlock(s simd, tiles int) *winoBlock {
	return &winoBlock{s: s, tiles: tiles, place: ((tiles + 1) | 1) * pixel, rows: [4]GPPhysical{RAX, RBX, RCX, RDX}, v: RSI, cols: RDI, n: R8,
		tmp: R9, zero: s.reg[30], check: s.reg[31]}
}

func (w *winoBlock) write() {
	function(fmt.Sprintf("winoBlock%d%s", w.tiles, w.s.suffix),
		"func(rows, cols int, x *float32, from, xrow, above, below int, first, third, fourth uint16, zeros, v, u, bias, y *float32, yrow, lastrow, lastcol int, check *float32)",
		"\tv = winoInput of rows*cols tiles, the first of which begins at x + from",
		"\tm = winoProducts of v with u",
		"\ty, check = winoOutput of m", "",
		fmt.Sprintf("with distances in bytes, for %d tiles at a time. Padding is above the first row if above is 1, and below rows of it below the last", w.tiles),
		"one; first, third and fourth are the masks of those columns of the first and of the last tile of a row. lastrow and lastcol are the",
		"distances of rows and columns in the last tiles: 0 if the second one does not exist. v is scratch, and zeros as long as a row of tiles.")
	locals := AllocLocal(88)
	at := func(i int) Mem { return locals.Offset(8 * i) }
	w.left, w.group, w.base = at(0), at(1), at(2)
	w.in, w.out = winoPosition{at(3), at(4)}, winoPosition{at(5), at(6)}
	for i := range w.rowsSaved {
		w.rowsSaved[i] = at(7 + i)
	}
	load([]string{"rows", "cols"}, w.n, w.cols)
	MOVQ(w.n, w.in.rows)
	MOVQ(w.n, w.out.rows)
	MOVQ(w.cols, w.out.cols)
	IMULQ(w.cols, w.n)
	MOVQ(w.n, w.left)
	load([]string{"x", "from"}, w.rows[0], w.tmp)
	ADDQ(w.tmp, w.rows[0])
	w.beginRow()
	CMPQ(argument("above"), U8(0))
	JEQ(LabelRef("begun"))
	Load(Param("zeros"), w.rows[0])
	Label("begun")
	w.save()
	zero(w.zero)
	Load(Param("check"), w.tmp)
	VMOVUPS(Mem{Base: w.tmp}, w.check)
	Label("group")
	MOVQ(U32(w.tiles), w.n)
	CMPQ(w.n, w.left)
	CMOVQGT(w.left, w.n)
	MOVQ(w.n, w.group)
	SUBQ(w.n, w.left)
	w.input()
	w.products()
	w.output()
	CMPQ(w.left, U8(0))
	JNE(LabelRef("group"))
	Load(Param("check"), w.tmp)
	VMOVUPS(w.check, Mem{Base: w.tmp})
	finish()
}

func (w *winoBlock) save() {
	for i, r := range w.rows {
		MOVQ(r, w.rowsSaved[i])
	}
	MOVQ(w.cols, w.in.cols)
}

// beginRow begins with the row of tiles whose input begins at rows[0].
func (w *winoBlock) beginRow() {
	r := w.rows
	MOVQ(r[0], w.base)
	Load(Param("xrow"), w.tmp)
	LEAQ(Mem{Base: r[0], Index: w.tmp, Scale: 1}, r[1])
	LEAQ(Mem{Base: r[0], Index: w.tmp, Scale: 2}, r[2])
	LEAQ(Mem{Base: r[1], Index: w.tmp, Scale: 2}, r[3])
	w.begun++
	inside := fmt.Sprintf("inside%d", w.begun)
	CMPQ(w.in.rows, U8(1))
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

// input transforms the input of a group.
func (w *winoBlock) input() {
	for i, r := range w.rows {
		MOVQ(w.rowsSaved[i], r)
	}
	MOVQ(w.in.cols, w.cols)
	Load(Param("v"), w.v)
	Label("tile")
	CMPQ(w.cols, U8(1))
	JNE(LabelRef("within"))
	KMOVW(argument("third"), K2)
	KMOVW(argument("fourth"), K3)
	Label("within")
	w.inputTile()
	ADDQ(U8(pixel), w.v)
	for _, r := range w.rows {
		ADDQ(U32(2*pixel), r)
	}
	KXNORW(K1, K1, K1)
	DECQ(w.cols)
	JNZ(LabelRef("next"))
	DECQ(w.in.rows)
	MOVQ(w.base, w.rows[0])
	Load(Param("xrow"), w.tmp)
	LEAQ(Mem{Base: w.rows[0], Index: w.tmp, Scale: 2}, w.rows[0])
	w.beginRow()
	Label("next")
	DECQ(w.n)
	JNZ(LabelRef("tile"))
	w.save()
}

// inputTile transforms a tile: its columns, then its rows.
func (w *winoBlock) inputTile() {
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
			VMOVUPS(r, at(w.v, (4*i+j)*w.place))
		}
	}
}

// products is winoProducts of a group, in place.
func (w *winoBlock) products() {
	const middle = 7 // displacements are short around the middle of the tiles
	v, u, first, second, ahead, columns, pairs := RSI, RDI, RAX, RBX, RCX, RDX, R8
	reg, tiles := w.s.reg, w.tiles
	upper, lower, weights := reg[:tiles], reg[tiles:2*tiles], reg[28:30]
	load([]string{"v", "u"}, v, u)
	ADDQ(U32(middle*pixel), v)
	MOVQ(w.rowsSaved[1], ahead) // what comes two groups later, if rows follow each other
	ADDQ(U32(8*tiles*pixel), ahead)
	MOVQ(U32(4), columns)
	Label("column")
	CMPQ(columns, U8(2))
	JNE(LabelRef("ahead"))
	Load(Param("y"), ahead)
	Label("ahead")
	zero(reg[:2*tiles]...)
	LEAQ(at(v, 4*w.place), first)
	LEAQ(at(v, 8*w.place), second)
	MOVQ(U32(2), pairs)
	Label("pair")
	for k := range 16 {
		// The second of two places takes the channels in another order: loads of equal channels of pixels hinder each other in the cache.
		channels := [2]int{k, k ^ 8}
		if k < tiles { // in all 4 pixels of input and of output for each tile
			PREFETCHT1(at(ahead, k*pixel))
		}
		for place, c := range channels {
			VMOVUPS(at(u, (2*c+place)*w.s.bytes), weights[place])
		}
		for t := range tiles {
			for place, c := range channels {
				VFMADD231PS_BCST(at([]Register{first, second}[place], (t-middle)*pixel+4*c), weights[place], [][]VecPhysical{upper, lower}[place][t])
			}
		}
	}
	ADDQ(U32(tiles*pixel), ahead)
	ADDQ(U32(32*w.s.bytes), u)
	DECQ(pairs)
	JZ(LabelRef("products"))
	for t := range tiles {
		difference := weights[t%2]
		VSUBPS(lower[t], upper[t], difference)
		VADDPS(lower[t], upper[t], upper[t])
		VMOVAPS(difference, lower[t])
	}
	MOVQ(v, first)
	LEAQ(at(v, 12*w.place), second)
	JMP(LabelRef("pair"))
	Label("products")
	LEAQ(at(v, 4*w.place), second)
	for t := range tiles {
		VMOVUPS(upper[t], at(v, (t-middle)*pixel))
		VMOVUPS(lower[t], at(second, (t-middle)*pixel))
	}
	ADDQ(U32(w.place), v)
	DECQ(columns)
	JNZ(LabelRef("column"))
}

// output transforms the products of a group back.
func (w *winoBlock) output() {
	y, below, yrow, right, bias := RAX, RBX, RCX, RDX, R9
	load([]string{"v", "y", "bias"}, w.v, y, bias)
	MOVQ(w.group, w.n)
	MOVQ(w.out.cols, w.cols)
	Load(Param("yrow"), yrow)
	CMPQ(w.out.rows, U8(1))
	CMOVQEQ(argument("lastrow"), yrow)
	Label("result")
	MOVQ(U32(pixel), right)
	CMPQ(w.cols, U8(1))
	CMOVQEQ(argument("lastcol"), right)
	LEAQ(Mem{Base: y, Index: yrow, Scale: 1}, below)
	for i, to := range []GPPhysical{below, y} { // the first row last
		m, first, second := func(j int) Mem { return at(w.v, (4*(1-i)+j)*w.place) }, w.s.reg[2*i], w.s.reg[2*i+1]
		e := w.s.reg[4+4*i:][:4]
		for j, r := range e {
			VMOVUPS(m(j), r)
		}
		VADDPS(at(bias, 0), e[1], first)
		VSUBPS(e[2], first, second)
		VADDPS(e[2], first, first)
		VADDPS(e[0], first, first)
		VSUBPS(e[3], second, second)
		VMOVUPS(second, Mem{Base: to}.Idx(right, 1))
		VMOVUPS(first, Mem{Base: to})
		VADDPS(first, second, second)
		VFMADD231PS(w.zero, second, w.check)
	}
	ADDQ(U8(pixel), w.v)
	LEAQ(Mem{Base: y, Disp: pixel, Index: right, Scale: 1}, y)
	DECQ(w.cols)
	JNZ(LabelRef("beside"))
	ADDQ(yrow, y)
	Load(Param("cols"), w.cols)
	DECQ(w.out.rows)
	CMPQ(w.out.rows, U8(1))
	CMOVQEQ(argument("lastrow"), yrow)
	Label("beside")
	DECQ(w.n)
	JNZ(LabelRef("result"))
	MOVQ(y, argument("y"))
	MOVQ(w.cols, w.out.cols)
}
