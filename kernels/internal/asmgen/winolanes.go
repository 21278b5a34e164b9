package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winoLanes is a kernel of Winograd's F(2x2, 3x3) for a group of eight channels, and its registers. Lanes are tiles of a row: with channels
// for lanes, as the layout has them, every product would need a permutation, while here weights come from memory by broadcasts.
//
// Each row of input is transposed to a vector of tiles for each channel and each of the four columns of a tile, and the transform of
// columns is done at once, since two rows of tiles see it. Six rows lie in a ring of scratch, two by two; the transform of rows is done as
// products need it. For a row of tiles, products go through the columns of places. Between those of the first two, the row of tiles
// before is stored, between those of the last two, input for the next one is transposed, an instruction at a time: processors that add
// and permute elsewhere than they multiply do both at once, but do not look ahead beyond some hundred products.
type winoLanes struct {
	s          simd
	a, b       GPPhysical // the older two rows of input, and the newer two, at the column of places
	w          GPPhysical // weights, at the middle of those of two places
	column     GPPhysical // of places, or of pixels
	src, dst   GPPhysical // the input to transpose next, and its place in the ring
	sums       GPPhysical // of columns, in scratch
	y, yrow    GPPhysical // the row of tiles before
	to, end    GPPhysical // a column of pixels in one of its two rows, and the tile before which it ends
	check      GPPhysical
	tmp, other GPPhysical
	side       []VecPhysical // for what is done between products
	input      winoLanesInput
	ahead      Mem    // the two rows of the ring to write next
	sign       Mem    // of the second of three columns of sums
	start      Mem    // whether the first tile of the row before is not to be stored
	ends       [2]Mem // and the tiles before which its even and its odd columns end
}

// winoLanesInput is the rows of input to transpose.
type winoLanesInput struct {
	next  Mem    // the one after those in work
	left  Mem    // how many are inside from there
	rows  [2]Mem // in work
	masks [2]Mem // of their lanes: those of even columns, and of odd ones in the upper half
	pairs Mem    // to transpose before the first products
}

const (
	lanesChannels = 8
	lanesColumn   = lanesChannels * 64               // bytes of a column of places in the ring
	lanesRow      = 4*lanesColumn + pixel            // of a row, an odd number of cache lines
	lanesSums     = 2 * lanesColumn                  // of the sums of a column: of both rows of output
	lanesPlace    = lanesChannels * 4                // of the weights of a place from one channel
	lanesWeights  = 2*8*lanesPlace + 64 - lanesPlace // of the weights of two places, with what their transform writes beyond
)

func winoLanesFamily(s simd) {
	w := &winoLanes{s: s, a: RAX, b: RBX, w: RCX, column: RDX, src: RSI, dst: RDI, y: R8, sums: R9, tmp: R10, other: R11, yrow: R12, to: R13,
		check: R14, end: R15, side: s.reg[19:]}
	function("winoLanes8"+s.suffix,
		"func(rows int, x *float32, from, xrow int, last *float32, above, inside int, exist uint32, scratch, u, bias, y *float32, yrow, lastrow, begin, endEven, endOdd int, check *float32)",
		"\tfor r < rows, t < 16 and lane < 8 {",
		"\t\td[i][j][k] = x[2*r+i][2*t+j-1][k] for i, j < 4 and k < 8, where that exists",
		"\t\te = the transform of d, as that of winoInput",
		"\t\tm = the sums of u[j][i%3 == 0][k][i > 1][lane] * e[i][j][k] over k",
		"\t\ty[2*r+i][2*t+j][lane] = bias[lane] + the transform of m, as that of winoOutput, for i, j < 2",
		"\t\tcheck += y[2*r+i][2*t+j][lane]",
		"\t}", "",
		"with all distances in bytes, and x[0][0] at x + from. Of the rows of x so many are inside, the last of which lies at last; the first one",
		"does not exist if above is 1. exist has a bit for each even column of 16 tiles, and for each odd one in its upper half; all pixels of 16",
		"tiles are read. Tiles are stored from begin, 0 or 1, on up to endEven, their odd columns up to endOdd. lastrow is yrow or, if the last",
		"row of tiles has but one row, 0. u has 32 bytes more after every two places.")
	w.begin()
	Label("row")
	w.beginInput("steady")
	XORQ(w.column, w.column)
	Label("before")
	w.beginOutput("steady")
	w.products("before", w.output(1, "steady"), w.output(0, "steady"))
	CMPQ(w.column, U8(2))
	JNE(LabelRef("before"))
	Label("next")
	w.beginRow("steady")
	w.products("next", w.transform(), w.transform())
	CMPQ(w.column, U8(4))
	JNE(LabelRef("next"))
	w.endRow()
	DECQ(argument("rows"))
	JNZ(LabelRef("row"))
	Load(Param("lastrow"), w.yrow)
	XORQ(w.column, w.column)
	Label("rest")
	w.beginOutput("rest")
	w.output(1, "rest").emit()
	w.output(0, "rest").emit()
	ADDQ(U32(lanesSums), w.sums)
	INCQ(w.column)
	CMPQ(w.column, U8(2))
	JNE(LabelRef("rest"))
	finish()
}

// begin transposes the rows of input that the first row of tiles sees.
func (w *winoLanes) begin() {
	in, locals, n := &w.input, AllocLocal(12*8), 0
	for _, m := range []*Mem{&in.next, &in.left, &in.rows[0], &in.rows[1], &in.masks[0], &in.masks[1], &in.pairs, &w.ahead, &w.sign, &w.start,
		&w.ends[0], &w.ends[1]} {
		*m = locals.Offset(8 * n)
		n++
	}
	load([]string{"x", "from", "inside", "scratch"}, w.src, w.tmp, w.other, w.a)
	ADDQ(w.tmp, w.src)
	MOVQ(w.src, in.next)
	MOVQ(w.other, in.left)
	LEAQ(at(w.a, 2*lanesRow), w.b)
	LEAQ(at(w.a, 4*lanesRow), w.tmp)
	MOVQ(w.tmp, w.ahead)
	LEAQ(at(w.a, 6*lanesRow), w.sums)
	load([]string{"u", "check", "y", "yrow"}, w.w, w.check, w.y, w.yrow)
	ADDQ(U32(lanesChannels*lanesPlace), w.w)
	SUBQ(w.yrow, w.y)
	SUBQ(w.yrow, w.y)
	for i, mask := range []OpmaskPhysical{K3, K4, K5, K6} {
		MOVL(U32([]uint32{0xf0f0, 0x0f0f, 0xfffe, 0x7fff}[i]), w.tmp.As32())
		KMOVW(w.tmp.As32(), mask)
	}
	MOVQ(U32(2), in.pairs)
	Label("pair")
	w.beginInput("first")
	XORQ(w.column, w.column)
	Label("unit")
	w.beginRow("first")
	w.transform().emit()
	w.transform().emit()
	INCQ(w.column)
	CMPQ(w.column, U8(2))
	JNE(LabelRef("unit"))
	w.rotate()
	DECQ(in.pairs)
	JNZ(LabelRef("pair"))
	// Before the first row of tiles there is none to store.
	MOVQ(U32(1), w.start)
	MOVQ(U32(0), w.ends[0])
	MOVQ(U32(0), w.ends[1])
	zero(w.side[0])
	for i := range 4 * lanesSums / w.s.bytes {
		VMOVUPS(w.side[0], at(w.sums, i*w.s.bytes))
	}
}

// rotate makes the two rows of input that were transposed last the newer ones.
func (w *winoLanes) rotate() {
	MOVQ(w.a, w.tmp)
	MOVQ(w.b, w.a)
	MOVQ(w.ahead, w.b)
	MOVQ(w.tmp, w.ahead)
}

// beginInput chooses the two rows of input that come next.
func (w *winoLanes) beginInput(where string) {
	in := w.input
	for i, row := range in.rows {
		chosen := fmt.Sprintf("chosen%s%d", where, i)
		MOVQ(in.next, w.tmp)
		Load(Param("xrow"), w.other)
		ADDQ(w.other, in.next)
		XORL(w.other.As32(), w.other.As32())
		if i == 0 && where == "first" {
			CMPQ(argument("above"), U8(0))
			JE(LabelRef("below"))
			MOVQ(U32(0), argument("above"))
			MOVQ(argument("last"), w.tmp)
			JMP(LabelRef(chosen))
			Label("below")
		}
		CMPQ(in.left, U8(1))
		CMOVQLE(argument("last"), w.tmp)
		JLT(LabelRef(chosen))
		MOVL(argument("exist"), w.other.As32())
		Label(chosen)
		MOVQ(w.tmp, row)
		MOVQ(w.other, in.masks[i])
		DECQ(in.left)
	}
}

// beginRow begins with one of the two rows of input: the first one in even columns.
func (w *winoLanes) beginRow(where string) {
	second, begun := "second"+where, "begun"+where
	MOVQ(w.ahead, w.dst)
	TESTQ(U32(1), w.column)
	JNZ(LabelRef(second))
	row := func(i int) {
		MOVQ(w.input.rows[i], w.src)
		KMOVW(w.input.masks[i], K1)
		KMOVW(w.input.masks[i].Offset(2), K2)
	}
	row(0)
	JMP(LabelRef(begun))
	Label(second)
	row(1)
	ADDQ(U32(lanesRow), w.dst)
	Label(begun)
}

// transform transposes four channels of a row and transforms their columns.
func (w *winoLanes) transform() (s instructions) {
	even, free := w.transpose(&s, 0, K1, w.side)
	odd, free := w.transpose(&s, pixel, K2, free)
	for c := range 4 {
		e, o := even[c], odd[c]
		for j, f := range []func(t VecPhysical){
			func(t VecPhysical) {
				VALIGND_Z(U8(15), o, o, K5, t)
				VSUBPS(o, t, t)
			},
			func(t VecPhysical) { VADDPS(e, o, t) },
			func(t VecPhysical) { VSUBPS(e, o, t) },
			func(t VecPhysical) {
				VALIGND_Z(U8(1), e, e, K6, t)
				VSUBPS(e, t, t)
			},
		} {
			t := free[(4*c+j)%len(free)]
			s.add(func() { f(t) })
			s.add(func() { VMOVUPS(t, at(w.dst, j*lanesColumn+c*w.s.bytes)) })
		}
	}
	s.add(func() {
		ADDQ(U8(16), w.src)
		ADDQ(U32(4*w.s.bytes), w.dst)
	})
	return s
}

// transpose makes vectors of four channels of every second pixel from src + disp, and returns which registers are free then.
func (w *winoLanes) transpose(s *instructions, disp int, mask OpmaskPhysical, free []VecPhysical) (out, left []VecPhysical) {
	r, t := free[:4], free[4]
	for i, r := range r {
		p := func(lane int) Mem { return at(w.src, disp+(4*lane+i)*2*pixel) }
		s.add(func() { VMOVUPS(p(0), r.AsX()) })
		s.add(func() { VINSERTF32X4(U8(1), p(1), r.AsY(), r.AsY()) })
		s.add(func() { VMOVUPS(p(2), t.AsX()) })
		s.add(func() { VINSERTF32X4(U8(1), p(3), t.AsY(), t.AsY()) })
		s.add(func() { VINSERTF64X4(U8(1), t.AsY(), r, r) })
	}
	s.interleave(r, t)
	s.add(func() { VSHUFPS_Z(U8(0x44), r[0], t, mask, r[2]) })
	s.add(func() { VSHUFPS_Z(U8(0xee), r[0], t, mask, t) })
	s.add(func() { VSHUFPS_Z(U8(0x44), r[3], r[1], mask, r[0]) })
	s.add(func() { VSHUFPS_Z(U8(0xee), r[3], r[1], mask, r[1]) })
	return []VecPhysical{r[2], t, r[0], r[1]}, append([]VecPhysical{r[3]}, free[5:]...)
}

// products computes a column of places of a row of tiles, and after every few products what is between those of two places each.
func (w *winoLanes) products(where string, between ...instructions) {
	const n = lanesChannels
	first, second, v := w.s.reg[:n], append([]VecPhysical{}, w.s.reg[n:2*n]...), w.s.reg[2*n:][:3]
	zero(first...)
	if where == "before" {
		CMPQ(w.column, U8(1))
		JNE(LabelRef("begun"))
		Load(Param("bias"), w.tmp)
		for o, sum := range first {
			VBROADCASTSS(at(w.tmp, 4*o), sum)
		}
		Label("begun")
	}
	zero(second...)
	places := func(half int, values func(k int)) {
		var s instructions
		for k := range n {
			s.add(func() { values(k * w.s.bytes) })
			for place, sums := range [][]VecPhysical{first, second} {
				for o, sum := range sums {
					s.add(func() { VFMADD231PS_BCST(at(w.w, (2*k+place-n)*lanesPlace+4*o), v[1+place], sum) })
				}
			}
		}
		weave(s, between[half])
		ADDQ(U32(lanesWeights), w.w)
	}
	places(0, func(k int) {
		VMOVUPS(at(w.a, lanesRow+k), v[0])
		VMOVUPS(at(w.b, k), v[2])
		VADDPS(v[0], v[2], v[1])
		VSUBPS(v[0], v[2], v[2])
	})
	free := v[0]
	for o := range n {
		VSUBPS(second[o], first[o], free)
		VADDPS(second[o], first[o], first[o])
		second[o], free = free, second[o]
	}
	places(1, func(k int) {
		VMOVUPS(at(w.a, k), v[1])
		VMOVUPS(at(w.b, lanesRow+k), v[2])
		VSUBPS(at(w.b, k), v[1], v[1])
		VSUBPS(at(w.a, lanesRow+k), v[2], v[2])
	})
	for i, sum := range append(first[:n:n], second...) {
		VMOVUPS(sum, at(w.sums, i*w.s.bytes))
	}
	ADDQ(U32(lanesSums), w.sums)
	ADDQ(U32(lanesColumn), w.a)
	ADDQ(U32(lanesColumn), w.b)
	INCQ(w.column)
}

// endRow moves on to the next row of tiles.
func (w *winoLanes) endRow() {
	SUBQ(U32(8*lanesWeights), w.w)
	SUBQ(U32(4*lanesSums), w.sums)
	SUBQ(U32(4*lanesColumn), w.a)
	SUBQ(U32(4*lanesColumn), w.b)
	w.rotate()
	LEAQ(Mem{Base: w.y, Index: w.yrow, Scale: 2}, w.y)
	for i, name := range []string{"endEven", "endOdd", "begin"} {
		Load(Param(name), w.tmp)
		MOVQ(w.tmp, []Mem{w.ends[0], w.ends[1], w.start}[i])
	}
}

// beginOutput begins with the even or the odd columns of pixels of a row of tiles, in its second row.
func (w *winoLanes) beginOutput(where string) {
	even := "even" + where
	MOVQ(w.y, w.to)
	MOVQ(w.ends[0], w.end)
	XORL(w.tmp.As32(), w.tmp.As32())
	CMPQ(w.column, U8(0))
	JE(LabelRef(even))
	ADDQ(U8(pixel), w.to)
	MOVQ(w.ends[1], w.end)
	MOVL(U32(1<<31), w.tmp.As32())
	Label(even)
	MOVL(w.tmp.As32(), w.sign)
	ADDQ(w.yrow, w.to)
}

// output transforms the sums of columns to a column of pixels of one of two rows, and stores them. The first row is to come last: where
// the second one does not exist, it takes its place.
func (w *winoLanes) output(row int, where string) (s instructions) {
	seen, free := w.side[0], w.side[1:]
	s.add(func() { VMOVUPS(at(w.check, 0), seen) })
	var quads [2][]VecPhysical
	for q := range quads {
		r, t := free[:4], free[4]
		for o, r := range r {
			part := func(column int) Mem { return at(w.sums, column*lanesSums+row*lanesColumn+(4*q+o)*w.s.bytes) }
			s.add(func() { VMOVUPS(part(1), r) })
			s.add(func() { VXORPS_BCST(w.sign, r, r) })
			s.add(func() { VADDPS(part(0), r, r) })
			s.add(func() { VADDPS(part(2), r, r) })
			s.add(func() { VADDPS(r, seen, seen) })
		}
		s.interleave(r, t)
		s.add(func() { VUNPCKLPD(r[0], t, r[2]) })
		s.add(func() { VUNPCKHPD(r[0], t, t) })
		s.add(func() { VUNPCKLPD(r[3], r[1], r[0]) })
		s.add(func() { VUNPCKHPD(r[3], r[1], r[1]) })
		quads[q] = []VecPhysical{r[2], t, r[0], r[1]}
		free = append([]VecPhysical{r[3]}, free[5:]...)
	}
	s.add(func() { VMOVUPS(seen, at(w.check, 0)) })
	s.add(func() { LEAQ(Mem{Base: w.to, Index: w.yrow, Scale: 2}, w.tmp) })
	for i := range 4 {
		// a and b are halves of the pixels i, 4+i, 8+i and 12+i
		a, b, c := quads[0][i], quads[1][i], free[0]
		s.add(func() { VMOVAPS(a, c) })
		s.add(func() { VSHUFF32X4(U8(0xb1), b, b, K3, c) })
		s.add(func() { VSHUFF32X4(U8(0xb1), a, a, K4, b) })
		for j, pair := range []VecPhysical{c, b} {
			w.store(&s, where, row, 4*j+i, func(to Mem) { VMOVUPS(pair.AsY(), to) })
			w.store(&s, where, row, 8+4*j+i, func(to Mem) { VEXTRACTF64X4(U8(1), pair, to) })
		}
		free = append(free[1:], a)
	}
	if row == 1 {
		s.add(func() { SUBQ(w.yrow, w.to) })
	}
	return s
}

// store stores a tile's pixel of the column, if it exists, by f, and fetches that of the next row of tiles.
func (w *winoLanes) store(s *instructions, where string, row, tile int, f func(to Mem)) {
	s.add(func() {
		skip := fmt.Sprintf("skip%s%d_%d", where, row, tile)
		if tile == 0 {
			CMPQ(w.start, U8(0))
			JNE(LabelRef(skip))
		} else {
			CMPQ(w.end, U8(tile))
			JLE(LabelRef(skip))
		}
		f(at(w.to, tile*2*pixel))
		Label(skip)
	})
	s.add(func() { PREFETCHT0(at(w.tmp, tile*2*pixel)) })
}

// instructions are to be written in order.
type instructions []func()

func (s *instructions) add(f func()) { *s = append(*s, f) }

// emit writes them.
func (s instructions) emit() {
	for _, f := range s {
		f()
	}
}

// weave writes two sequences, spreading pairs of the second over the first up to where the last quarter begins.
func weave(first, second instructions) {
	done := 0
	for i, f := range first {
		f()
		n := min(len(second), len(second)*(i+1)/(len(first)*3/4))
		if n < len(second) {
			n -= n % 2
		}
		second[done:n].emit()
		done = n
	}
}

// interleave is the first half of a transpose of 4x4 within 128 bits: t and r[1] become the elements of r[0] and r[1] by turns, r[0] and r[3]
// those of r[2] and r[3].
func (s *instructions) interleave(r []VecPhysical, t VecPhysical) {
	s.add(func() { VUNPCKLPS(r[1], r[0], t) })
	s.add(func() { VUNPCKHPS(r[1], r[0], r[1]) })
	s.add(func() { VUNPCKLPS(r[3], r[2], r[0]) })
	s.add(func() { VUNPCKHPS(r[3], r[2], r[3]) })
}
