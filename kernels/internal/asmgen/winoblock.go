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
	winoPlane
	tiles       int
	place       int // bytes between places, an odd number of cache lines
	left        Mem // tiles to do, and those of a group
	group       Mem
	inCols      Mem // tiles left in the row of tiles of the input
	out         winoPosition
	rowsSaved   [4]Mem
	v, n        GPPhysical
	zero, check VecPhysical
}

// winoPosition is how many rows of tiles are left and how many tiles of a row.
type winoPosition struct{ rows, cols Mem }

func newWinoBlock(s simd, tiles int) *winoBlock {
	return &winoBlock{winoPlane: newWinoPlane(s), tiles: tiles, place: ((tiles + 1) | 1) * pixel, v: RSI, n: R8, zero: s.reg[30], check: s.reg[31]}
}

func (w *winoBlock) write() {
	function(fmt.Sprintf("winoBlock%d%s", w.tiles, w.s.suffix),
		"func(rows, cols int, x *float32, from, xrow, above, below int, first, third, fourth uint16, zeros, v, u, bias, y *float32, yrow, lastrow, lastcol int, check *float32)",
		"\tv = winoInput of rows*cols tiles, the first of which begins at x + from",
		"\tm = winoProducts of v with u",
		"\ty, check = winoOutput of m", "",
		fmt.Sprintf("with distances in bytes, for %d tiles at a time. "+winoPlaneComment, w.tiles),
		"one; first, third and fourth are the masks of those columns of the first and of the last tile of a row. lastrow and lastcol are the",
		"distances of rows and columns in the last tiles: 0 if the second one does not exist. v is scratch, and zeros as long as a row of tiles.")
	locals := AllocLocal(88)
	at := func(i int) Mem { return locals.Offset(8 * i) }
	w.left, w.group, w.base = at(0), at(1), at(2)
	w.rowsLeft, w.inCols, w.out = at(3), at(4), winoPosition{at(5), at(6)}
	for i := range w.rowsSaved {
		w.rowsSaved[i] = at(7 + i)
	}
	load([]string{"rows", "cols"}, w.n, w.cols)
	MOVQ(w.n, w.rowsLeft)
	MOVQ(w.n, w.out.rows)
	MOVQ(w.cols, w.out.cols)
	IMULQ(w.cols, w.n)
	MOVQ(w.n, w.left)
	w.begin()
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
	MOVQ(w.cols, w.inCols)
}

// input transforms the input of a group.
func (w *winoBlock) input() {
	for i, r := range w.rows {
		MOVQ(w.rowsSaved[i], r)
	}
	MOVQ(w.inCols, w.cols)
	Load(Param("v"), w.v)
	Label("tile")
	w.tile(func(i, j int) Mem { return at(w.v, (4*i+j)*w.place) })
	ADDQ(U8(pixel), w.v)
	w.next()
	DECQ(w.n)
	JNZ(LabelRef("tile"))
	w.save()
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
	ADDQ(U32(winoGap), u)
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
	JNZ(LabelRef("sameRow"))
	ADDQ(yrow, y)
	Load(Param("cols"), w.cols)
	DECQ(w.out.rows)
	CMPQ(w.out.rows, U8(1))
	CMOVQEQ(argument("lastrow"), yrow)
	Label("sameRow")
	DECQ(w.n)
	JNZ(LabelRef("result"))
	MOVQ(y, argument("y"))
	MOVQ(w.cols, w.out.cols)
}
