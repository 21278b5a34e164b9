package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// planeConvFamily writes 3x3 convolutions from planes of input channels, as they lie, to bands of rows of a block of output channels:
// from all channels of the planes. Pixels of padding around a plane are left out.
func planeConvFamily(s simd) {
	tiles := map[int][][2]int{
		1:    {{1, 28}, {1, 16}, {2, 14}, {1, 14}, {3, 8}, {2, 8}, {4, 7}, {3, 7}},
		2:    {{1, 28}, {1, 16}, {2, 14}, {1, 14}, {3, 8}, {2, 8}, {4, 7}, {3, 7}},
		half: {{1, 28}, {1, 16}, {2, 14}, {1, 14}, {3, 8}, {2, 8}},
	}
	for _, stride := range []int{1, 2, half} {
		for _, t := range tiles[stride] {
			newPlaneConv(newTile(s, wide, shape{3, stride}, t[0], t[1])).write()
			if stride == 1 {
				p := newPlaneConv(newTile(s, wide, shape{3, stride}, t[0], t[1]))
				p.edged = true
				p.write()
			}
		}
	}
}

// planeConv is a kernel for tiles of rows x cols pixels and its registers.
type planeConv struct {
	*tile
	x, row, ptr, step  GPPhysical // of input: this channel, this tap row, this row of the tile; bytes between rows of the tile
	wk, w              GPPhysical // weights of this channel and of this tap row
	hLeft, kLeft, wcol GPPhysical
	xrow, ahead        GPPhysical
	last               Mem      // the tap row that sees only padding below, counted from the last one
	fresh              Mem      // 0 once a tile has used the weights
	left, right        Register // masks that leave out the first and the last pixel of a row of the tile where they are padding
}

func newPlaneConv(t *tile) *planeConv {
	return &planeConv{tile: t, x: RAX, row: RBX, ptr: RCX, step: RDX, wk: RSI, w: RDI, hLeft: R8, kLeft: R9, xrow: R10,
		wcol: R11, ahead: R15, left: K1, right: K2}
}

// pixels is how many pixels of input lie between tiles, and rows how many rows of input between rows of output.
func (p *planeConv) between() (pixels, rows int) {
	if p.sh.stride == half {
		return p.cols / 2, 1
	}
	return p.cols * p.sh.stride, p.sh.stride
}

func (p *planeConv) write() {
	name := fmt.Sprintf("planeConv%s%v_%dx%d%s%s", p.l.name, p.sh, p.rows, p.cols, suffix(p.edged, "Edged"), p.s.suffix)
	tabulate(p.l, p.sh, fmt.Sprintf("%d, %d, %v, %s", p.rows, p.cols, p.edged, name))
	function(name, "func(rows, tiles, planes, channels int, x *float32, from, xrow, xplane, xlast, kh int, w *float32, wrow, wcol int, bias, y *float32, yrow, ylast, top, bottom, left, right, ahead int, soon *float32, lines int)",
		fmt.Sprintf("\tfor row < rows*%d, col < tiles*%d and lane {", p.rows, p.cols),
		"\t\tif bias != nil {",
		"\t\t\ty[row][col][lane] = bias[lane]",
		"\t\t}",
		"\t\tfor plane < planes, k < channels, h < kh and v < 3 {",
		p.sh.doc(),
		"\t\t\ty[row][col][lane] += w[plane][k][h*wrow+v*wcol][lane] * "+p.l.doc,
		"\t\t}", "\t}", "",
		"with all distances in bytes, nine vectors of weights for each k, and x[0][0][0] at x + from. The last tile of a row begins xlast and",
		"ylast after the first one. The first row skips h = kh-top and the last one h = kh-bottom, 0 is none; if left is 1 the first pixel",
		"of input of a row is skipped, and if right is 1 its last one. It prefetches input ahead, and but for stride 1 so many lines of",
		"soon for every channel of a tile. Channels is at most 16, and 16 of more than one plane."+p.docUnrolled())
	xt, yt, tiles, tmp := R13, R14, R12, R15
	load([]string{"from", "xrow"}, tmp, p.xrow)
	ADDQ(tmp, argument("x"))
	Load(Param("channels"), tmp)
	SHLQ(U8(2), tmp)
	SUBQ(tmp, argument("xplane")) // less what the channels of a pixel have moved on
	pixels, rows := p.between()
	MOVQ(p.xrow, p.step)
	for range rows - 1 {
		ADDQ(p.xrow, p.step)
	}
	planes := AllocLocal(24)
	p.last, p.fresh = planes.Offset(8), planes.Offset(16)
	Load(Param("wcol"), p.wcol)
	MOVQ(U32(1), p.fresh)
	Label("row")
	XORQ(tmp, tmp)
	CMPQ(argument("rows"), U8(1))
	CMOVQEQ(argument("bottom"), tmp)
	MOVQ(tmp, p.last)
	load([]string{"x", "y", "tiles", "left"}, xt, yt, tiles, tmp)
	mask(tmp, p.left)
	Label("tile")
	XORQ(tmp, tmp)
	CMPQ(tiles, U8(1))
	CMOVQEQ(argument("right"), tmp)
	mask(tmp, p.right)
	if p.unrolled() {
		p.beginUnrolled()
	}
	p.begin(yt)
	p.addPlanes(xt, planes)
	p.store(yt)
	MOVQ(U32(0), p.fresh)
	DECQ(tiles)
	JZ(LabelRef("end"))
	KXNORW(p.left, p.left, p.left)
	ADDQ(U32(pixels*pixel), xt)
	ADDQ(U32(p.cols*pixel), yt)
	CMPQ(tiles, U8(1))
	JNE(LabelRef("tile"))
	load([]string{"x", "y"}, xt, yt)
	ADDQ(argument("xlast"), xt)
	ADDQ(argument("ylast"), yt)
	JMP(LabelRef("tile"))
	Label("end")
	Load(Param("yrow"), tmp)
	for range p.rows {
		ADDQ(p.step, argument("x"))
		ADDQ(tmp, argument("y"))
	}
	MOVQ(U32(0), argument("top"))
	DECQ(argument("rows"))
	JNZ(LabelRef("row"))
	finish()
}

// mask makes a mask of all lanes where padding is 0, and of none where it is 1.
func mask(padding GPPhysical, k Register) {
	DECQ(padding)
	KMOVW(padding.As32(), k)
}

// addPlanes adds the products of all channels of all planes; left counts them.
func (p *planeConv) addPlanes(xt GPPhysical, left Mem) {
	MOVQ(xt, p.x)
	Load(Param("w"), p.wk)
	Load(Param("planes"), p.w)
	MOVQ(p.w, left)
	Label("plane")
	MOVQ(p.x, p.ahead)
	ADDQ(argument("ahead"), p.ahead)
	MOVQ(argument("channels"), p.kLeft)
	Label("k")
	p.channel()
	DECQ(p.kLeft)
	JNZ(LabelRef("k"))
	ADDQ(argument("xplane"), p.x)
	DECQ(left)
	JNZ(LabelRef("plane"))
}

// store stores the accumulators.
func (p *planeConv) store(y GPPhysical) {
	p.eachPixel(y, func(m Mem, acc VecPhysical) { VMOVUPS(acc, m) })
}

// eachPixel calls f for every pixel of output of a tile and its accumulator.
func (p *planeConv) eachPixel(y GPPhysical, f func(m Mem, acc VecPhysical)) {
	from := y
	for r := range p.rows {
		if r == 1 {
			MOVQ(y, p.ptr)
			from = p.ptr
		}
		if r > 0 {
			ADDQ(argument("yrow"), p.ptr)
		}
		for c := range p.cols {
			f(at(from, c*pixel), p.acc(r, c))
		}
	}
}

// begin sets the accumulators to the bias, and brings the lines of output so that they arrive while the tile is computed; or to the output.
func (p *planeConv) begin(y GPPhysical) {
	Load(Param("bias"), p.w)
	TESTQ(p.w, p.w)
	JZ(LabelRef("add"))
	VMOVUPS(at(p.w, 0), p.s.reg[0])
	for i := 1; i < p.rows*p.cols; i++ {
		VMOVAPS(p.s.reg[0], p.s.reg[i])
	}
	p.eachPixel(y, func(m Mem, acc VecPhysical) { PREFETCHT0(m) })
	JMP(LabelRef("begin"))
	Label("add")
	p.eachPixel(y, func(m Mem, acc VecPhysical) { VMOVUPS(m, acc) })
	Label("begin")
}

// channel adds the products of one input channel, and fetches its share of what the tile adds to the input seen. It brings the
// weights of the planes that come after the next one nearer, too; but for stride 1 only the first tile does.
func (p *planeConv) channel() {
	const weightsAhead = 2 * 16 * 9 * pixel
	if p.sh.stride != 1 { // there comparisons cost more than they save
		CMPQ(p.fresh, U8(0))
		JEQ(LabelRef("used"))
	}
	for i := range 9 {
		PREFETCHT1(at(p.wk, weightsAhead+i*pixel))
	}
	if p.sh.stride != 1 {
		Label("used")
		p.fetchSoon()
	}
	pixels, rows := p.between()
	lines := (p.rows*rows*pixels + 15) / 16
	for i := range lines {
		PREFETCHT0(at(p.ahead, i*pixel))
	}
	ADDQ(U32(lines*pixel), p.ahead)
	if p.unrolled() {
		p.allTaps()
	} else {
		p.eachRowOfTaps()
	}
	ADDQ(U8(4), p.x)
	ADDQ(U32(9*p.s.bytes), p.wk)
}

// eachRowOfTaps adds the products of a channel.
func (p *planeConv) eachRowOfTaps() {
	MOVQ(p.x, p.row)
	MOVQ(p.wk, p.w)
	Load(Param("kh"), p.hLeft)
	Label("h")
	if p.rows == 1 { // the whole row of taps is skipped, or nothing
		p.skipPadding(argument("top"), "skip")
		p.skipPadding(p.last, "skip")
	}
	p.taps()
	Label("skip")
	ADDQ(p.xrow, p.row)
	ADDQ(argument("wrow"), p.w)
	DECQ(p.hLeft)
	JNZ(LabelRef("h"))
}

// fetchSoon brings lines of what comes long after to the second-level cache. The buffers of the first one, which may be too few for them,
// stay free.
func (p *planeConv) fetchSoon() {
	line, left := p.row, p.w
	load([]string{"lines", "soon"}, left, line)
	TESTQ(left, left)
	JZ(LabelRef("fetched"))
	Label("fetch")
	PREFETCHT1(at(line, 0))
	ADDQ(U8(pixel), line)
	DECQ(left)
	JNZ(LabelRef("fetch"))
	MOVQ(line, argument("soon"))
	Label("fetched")
}

// taps adds the products of a channel and a row of taps for all rows of the tile.
func (p *planeConv) taps() {
	for v := range p.sh.kw {
		VMOVUPS(strided(p.w, p.wcol, nil, nil, v), p.weights[v])
	}
	from := p.row
	for r := range p.rows {
		skip := fmt.Sprintf("skip%d", r)
		if p.rows > 1 && r == 0 {
			p.skipPadding(argument("top"), skip)
		}
		if r == 1 {
			MOVQ(p.row, p.ptr)
			from = p.ptr
		}
		if r > 0 {
			ADDQ(p.step, p.ptr)
		}
		if p.rows > 1 && r == p.rows-1 {
			p.skipPadding(p.last, skip)
		}
		p.pixels(at(from, 0), r)
		if p.rows > 1 && (r == 0 || r == p.rows-1) {
			Label(skip)
		}
	}
}

// pixels adds the products of a channel and a row of taps for row r of the tile.
func (p *planeConv) pixels(row Mem, r int) {
	last := p.sh.pixels(p.cols) - 1
	for q := range last + 1 {
		m, all := row.Offset(q*pixel), p.seenBy(q)
		edge := map[bool]Register{q == 0 && p.sh.stride != half: p.left, q == last: p.right}[true]
		switch {
		case edge != nil && p.edged:
		case edge != nil:
			VFMADD231PS_BCST(m, p.weights[all[0].tap], edge, p.acc(r, all[0].col))
		case len(all) == 1: // not worth an instruction of its own
			VFMADD231PS_BCST(m, p.weights[all[0].tap], p.acc(r, all[0].col))
		default:
			v := p.scratch(len(p.spare))
			VBROADCASTSS(m, v)
			for _, a := range all {
				VFMADD231PS(p.weights[a.tap], v, p.acc(r, a.col))
			}
		}
	}
}

// product is a tap and the column of output that a pixel feeds through it.
type product struct{ tap, col int }

// seenBy is what pixel q of a row of input feeds.
func (p *planeConv) seenBy(q int) (all []product) {
	for tap := range p.sh.kw {
		if col, ok := p.sh.column(q, tap); ok && col < p.cols {
			all = append(all, product{tap, col})
		}
	}
	return all
}

// skipPadding leaves out a row of taps that sees only padding.
func (p *planeConv) skipPadding(row Mem, to string) {
	CMPQ(p.hLeft, row)
	JEQ(LabelRef(to))
}
