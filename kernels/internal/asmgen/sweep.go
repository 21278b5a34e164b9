package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// sweepFamily writes 3x3 convolutions of groups within a block, from planes as they lie. A kernel goes through the columns of a band of
// rows and keeps the outputs that still need input in registers, so that a channel that is looked up once feeds up to nine products.
//
// Many processors permute where they multiply, and there each permutation takes the place of a product. VMOVSLDUP and VMOVSHDUP from
// memory, which give each pair of lanes its first or its second channel, need nothing but a load, so only the other pairs of a group are
// permuted to each pair's place.
func sweepFamily(s simd) {
	for _, stride := range []int{1, 2, 3, half} {
		for rows := 1; rows <= sweepRows(stride); rows++ {
			newSweep(s, stride, rows).write()
		}
	}
}

// sweepRows is for how many rows there are registers, beside nine vectors of weights, an index and an input, and pointers to rows of input.
func sweepRows(stride int) int {
	return map[int]int{1: 7, 2: 7, 3: 5, half: 3}[stride]
}

// sweep is a kernel for a band of rows of the smaller one of input and output, and its registers.
type sweep struct {
	s            simd
	stride, rows int
	ins, outs    int          // rows of input and of output
	sets         int          // columns of output in registers
	bases        []GPPhysical // of every fifth row of input, at this column
	xrow, xrow3  GPPhysical   // the distance of rows, and three times that
	w, table     GPPhysical
	left         GPPhysical // channels to look up
	top, bottom  GPPhysical
	y, ptr, tmp  GPPhysical
	weights      []VecPhysical
	index        VecPhysical
	spare        []VecPhysical
	turn, label  int
}

func newSweep(s simd, stride, rows int) *sweep {
	k := &sweep{s: s, stride: stride, rows: rows, ins: stride*(rows-1) + 3, outs: rows, sets: 4 - stride,
		bases: []GPPhysical{RAX, RBX, RCX}, xrow: RDX, xrow3: RSI, w: RDI, table: R8, left: R9, top: R10, bottom: R11, y: R12, ptr: R13, tmp: R14}
	if stride == half {
		k.ins, k.outs, k.sets = rows+1, 2*rows, 3
	}
	n := k.outs * k.sets
	k.weights, k.index, k.spare = s.reg[n:n+9], s.reg[n+9], s.reg[n+10:]
	k.bases = k.bases[:(k.ins+4)/5]
	return k
}

// row is the row of output that row i of input feeds through row h of the taps, if the band has it.
func (k *sweep) row(i, h int) (row int, ok bool) {
	switch {
	case k.stride == half:
		row = 2*i + h - 1
	case (i-h)%k.stride == 0:
		row = (i - h) / k.stride
	default:
		return 0, false
	}
	return row, row >= 0 && row < k.outs
}

// set is the column of output in registers that column j of input of a step feeds through column v of the taps, if it does.
func (k *sweep) set(j, v int) (set int, ok bool) {
	switch k.stride {
	case half:
		return v, true
	case 1:
		return 2 - v, true
	case 3:
		return 0, j == v
	}
	return b2i(v == 0), j == b2i(v != 1)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (k *sweep) acc(row, set int) VecPhysical { return k.s.reg[set*k.outs+row] }

func (k *sweep) write() {
	sum := fmt.Sprintf("x[row*%d+h][col*%d+v-1][seen(c, lane)], where that is inside", k.stride, k.stride)
	width, size := "width", fmt.Sprintf("width*%d-%d pixels, one less if odd is 1. Row 0 of x is outside if top is 1, its last one if bottom is", k.stride, k.stride/3)
	if k.stride == half {
		sum = "x[(row+1-h)/2][(col+1-v)/2][seen(c, lane)], where that is whole and inside"
		width, size = "width*2", "width pixels. Its last row is outside if bottom is 1; top and odd mean nothing"
	}
	function(fmt.Sprintf("sweep%v_%d%s", shape{3, k.stride}, k.rows, k.s.suffix),
		"func(width, others int, x *float32, from, xrow int, table *uint32, w, bias, y *float32, yrow int, ahead *float32, top, bottom, odd, past int)",
		fmt.Sprintf("\tfor row < %d, col < %s and lane {", k.outs, width),
		"\t\ty[row][col][lane] = bias[lane]",
		"\t\tfor c < 2+others, h < 3 and v < 3 {",
		"\t\t\ty[row][col][lane] += w[c][h][v][lane] * "+sum,
		"\t\t}", "\t}", "",
		"with all distances in bytes, and x[0][0] at x + from. seen is lane&^1+c for the first two c, table[c-2][lane] for the others.",
		"A row of x has "+size+".",
		"It prefetches input ahead. If past is not 0 stores go past the caches.")
	base := k.bases[0]
	load([]string{"x", "from", "xrow", "top", "bottom", "y"}, base, k.tmp, k.xrow, k.top, k.bottom, k.y)
	ADDQ(k.tmp, base)
	LEAQ(Mem{Base: k.xrow, Index: k.xrow, Scale: 2}, k.xrow3)
	LEAQ(Mem{Base: k.xrow3, Index: k.xrow, Scale: 2}, k.tmp)
	for _, b := range k.bases[1:] {
		LEAQ(Mem{Base: base, Index: k.tmp, Scale: 1}, b)
		base = b
	}
	for set := range k.sets {
		k.begin(set)
	}
	switch k.stride {
	case 1:
		DECQ(argument("width"))
		k.step(edges{first: true})
		k.loop(func() { k.step(edges{}) })
		k.step(edges{last: true})
	case 2, 3:
		if k.stride == 3 {
			DECQ(argument("width"))
			k.step(edges{first: true})
		}
		k.loop(func() { k.step(edges{}) })
		CMPQ(argument("odd"), U8(0))
		JNE(LabelRef("odd"))
		k.step(edges{last: true})
		JMP(LabelRef("end"))
		Label("odd")
		k.step(edges{last: true, odd: true})
		Label("end")
	default:
		k.step(edges{first: true})
		k.loop(func() { k.step(edges{}) })
		k.store(0)
	}
	CMPQ(argument("past"), U8(0))
	JEQ(LabelRef("done"))
	SFENCE()
	Label("done")
	finish()
}

// loop does body once less than the width.
func (k *sweep) loop(body func()) {
	Label("column")
	DECQ(argument("width"))
	JZ(LabelRef("last"))
	body()
	JMP(LabelRef("column"))
	Label("last")
}

// edges says that a step meets the first or the last pixel of a row, without the last one of a pair or three if odd.
type edges struct{ first, last, odd bool }

// sees reports whether the step at an edge feeds a column of output.
func (k *sweep) sees(e edges, j, set int) bool {
	if e.odd && j == k.stride-1 {
		return false
	}
	if k.stride == 3 {
		return !e.first || j > 0
	}
	return !(e.first && set == 0 || e.last && set == k.sets-1)
}

// step feeds a pixel of every row of input, or as many as the stride, and stores the columns of output that are complete then.
func (k *sweep) step(e edges) {
	if !k.spreads() {
		k.fetch(PREFETCHT0, k.lines())
	}
	k.label++
	other := fmt.Sprintf("other%d", k.label)
	load([]string{"w", "table", "others"}, k.w, k.table, k.left)
	k.channel(e, func(m Mem, v VecPhysical) { VMOVSLDUP(m, v) })
	k.channel(e, func(m Mem, v VecPhysical) { VMOVSHDUP(m, v) })
	Label(other)
	VMOVUPS(at(k.table, 0), k.index)
	ADDQ(U8(k.s.bytes), k.table)
	k.channel(e, func(m Mem, v VecPhysical) { VPERMPS(m, k.index, v) })
	DECQ(k.left)
	JNZ(LabelRef(other))
	for _, b := range k.bases {
		ADDQ(U32(max(k.stride, 1)*pixel), b)
	}
	k.complete(e)
}

// channel adds the products of a channel, which lookUp finds.
func (k *sweep) channel(e edges, lookUp func(Mem, VecPhysical)) {
	if k.spreads() {
		k.fetchPart()
	}
	for tap, w := range k.weights {
		VMOVUPS(at(k.w, tap*k.s.bytes), w)
	}
	ADDQ(U32(len(k.weights)*k.s.bytes), k.w)
	for i := range k.ins {
		k.unlessOutside(i, func() { k.feed(e, i, lookUp) })
	}
}

// unlessOutside does body for row i of input, at run time unless the row is outside.
func (k *sweep) unlessOutside(i int, body func()) {
	outside := k.bottom
	switch {
	case i == 0 && k.stride != half:
		outside = k.top
	case i < k.ins-1:
		body()
		return
	}
	k.label++
	skip := fmt.Sprintf("skip%d", k.label)
	TESTQ(outside, outside)
	JNE(LabelRef(skip))
	body()
	Label(skip)
}

// feed adds the products of a channel in row i of input.
func (k *sweep) feed(e edges, i int, lookUp func(Mem, VecPhysical)) {
	for j := range max(k.stride, 1) {
		var seen VecPhysical
		for v := range 3 {
			set, ok := k.set(j, v)
			if !ok || !k.sees(e, j, set) {
				continue
			}
			for h := range 3 {
				row, ok := k.row(i, h)
				if !ok {
					continue
				}
				if seen == nil {
					k.turn++
					seen = k.spare[k.turn%len(k.spare)]
					m := strided(k.bases[i/5], k.xrow, k.xrow3, nil, i%5)
					m.Disp = j * pixel
					if k.stride == 3 {
						m.Disp -= pixel // the pixel before the first one is padding
					}
					lookUp(m, seen)
				}
				VFMADD231PS(k.weights[3*h+v], seen, k.acc(row, set))
			}
		}
	}
}

// complete stores the columns that got their last input, and moves on.
func (k *sweep) complete(e edges) {
	switch {
	case k.stride == half:
		if !e.first {
			k.store(0)
		}
		k.store(1)
		k.move(2, 0)
		k.begin(1)
		k.begin(2)
		return
	case k.stride == 1 && e.first:
	default:
		k.store(0)
	}
	if e.last {
		if k.stride == 1 {
			k.store(1)
		}
		return
	}
	for set := 1; set < k.sets; set++ {
		k.move(set, set-1)
	}
	k.begin(k.sets - 1)
}

// begin sets a column of output in registers to the bias.
func (k *sweep) begin(set int) {
	Load(Param("bias"), k.tmp)
	for row := range k.outs {
		VMOVUPS(at(k.tmp, 0), k.acc(row, set))
	}
}

func (k *sweep) move(from, to int) {
	for row := range k.outs {
		VMOVAPS(k.acc(row, from), k.acc(row, to))
	}
}

// store stores a column.
func (k *sweep) store(set int) {
	k.label++
	past, stored := fmt.Sprintf("past%d", k.label), fmt.Sprintf("stored%d", k.label)
	Load(Param("yrow"), k.tmp)
	MOVQ(k.y, k.ptr)
	CMPQ(argument("past"), U8(0))
	JNE(LabelRef(past))
	k.eachRow(func(row int) { VMOVUPS(k.acc(row, set), at(k.ptr, 0)) })
	JMP(LabelRef(stored))
	Label(past)
	k.eachRow(func(row int) { VMOVNTPS(k.acc(row, set), at(k.ptr, 0)) })
	Label(stored)
	ADDQ(U8(pixel), k.y)
}

func (k *sweep) eachRow(f func(row int)) {
	for row := range k.outs {
		f(row)
		if row < k.outs-1 {
			ADDQ(k.tmp, k.ptr)
		}
	}
}

// lines is how many lines a step adds to the input of the next band.
func (k *sweep) lines() int { return k.rows * max(k.stride*k.stride, 1) }

// spreads reports whether a step asks for so many lines that it should do so channel by channel: a processor follows up some 24 at a time,
// and holds loads back meanwhile. A band of so many does not stay in the first-level cache either.
func (k *sweep) spreads() bool { return k.stride > 1 }

// fetchPart brings what falls to a channel: an eighth of all lines, and as many again where groups have but 4 channels.
func (k *sweep) fetchPart() {
	lines := (k.lines() + 7) / 8
	k.fetch(PREFETCHT1, lines)
	k.label++
	fetched := fmt.Sprintf("fetched%d", k.label)
	CMPQ(argument("others"), U8(2))
	JNE(LabelRef(fetched))
	k.fetch(PREFETCHT1, lines)
	Label(fetched)
}

// fetch brings so many lines.
func (k *sweep) fetch(prefetch func(Op), lines int) {
	Load(Param("ahead"), k.tmp)
	for i := range lines {
		prefetch(at(k.tmp, i*pixel))
	}
	ADDQ(U32(lines*pixel), argument("ahead"))
}
