package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winoStrideFamily writes the transforms of a 3x3 convolution of stride 2 and of the gradient of its input, in which every second row and
// column sees two taps: for those it is Winograd's F(2, 2), which makes two outputs with three products instead of four. In one dimension,
//
//	y[0] = (x[0]-x[2])*w[0] + x[1]*w[1] + x[2]*(w[0]+w[2])
//	y[1] = (x[4]-x[2])*w[2] + x[3]*w[1] + x[2]*(w[0]+w[2])
//
// and the gradient, with the output's gradient d, is
//
//	dx[0] = d[0]*w[1]    dx[1] = (d[0]-d[1])*w[2] + d[1]*(w[0]+w[2])
//	dx[2] = d[1]*w[1]    dx[3] = (d[2]-d[1])*w[0] + d[1]*(w[0]+w[2])
//
// In two dimensions that is 25 products, instead of 36, with 16 transformed weights. Sums stay in registers from the first to the last.
func winoStrideFamily(s simd) {
	strideInput(s, "winoStrideInput", 5, 4, []stridePlace{{0, 2}, {1, -1}, {2, -1}, {4, 2}, {3, -1}})
	strideInput(s, "winoStrideGradInput", 3, 2, []stridePlace{{0, 1}, {0, -1}, {1, -1}, {2, 1}})
	strideWeights(s)
	for tiles := 4; tiles <= 7; tiles++ {
		group := make([]strideTile, tiles)
		newStrideProducts(s, group).forward(fmt.Sprint(tiles))
		newStrideProducts(s, group).gradient(fmt.Sprint(tiles))
	}
	whole, right, below, corner := strideTile{}, strideTile{false, true}, strideTile{true, false}, strideTile{true, true}
	first := []strideTile{whole, whole, whole, right, whole, whole, whole, right}
	second := []strideTile{whole, whole, whole, right, below, below, below, corner}
	for i, group := range [][]strideTile{first, second} {
		newStrideProducts(s, group).forward(fmt.Sprintf("Half%d", i))
		newStrideProducts(s, group).gradient(fmt.Sprintf("Half%d", i))
	}
}

// stridePlace is a place of a transformed row or column: an input, less another one if that is not -1.
type stridePlace struct{ of, less int }

func (p stridePlace) doc() string {
	if p.less < 0 {
		return fmt.Sprintf("x[%d]", p.of)
	}
	return fmt.Sprintf("x[%d]-x[%d]", p.of, p.less)
}

// strideInput writes the transform of the input of tiles side by side, each of which sees so many pixels of a row, so many after the one
// before.
func strideInput(s simd, name string, seen, step int, places []stridePlace) {
	doc := []string{fmt.Sprintf("\tfor plane < planes, tile < tiles, i and j < %d and lane {", len(places)),
		fmt.Sprintf("\t\tv[plane][%d*i+j][tile][lane] = t(i, t(j, x)), where t(0..., x) =", len(places))}
	for _, p := range places {
		doc = append(doc, "\t\t\t"+p.doc())
	}
	doc = append(doc, "\t}", "",
		fmt.Sprintf("with x[r][c] the pixel at x + rows[r] + from + c pixels, %d pixels further for each tile, and all distances in bytes. Where rows[r]", step),
		"is strideNoRow it lies in zeros, which is as long as a row. first is the mask of column 0 of the first tile, and last those of the columns of",
		"the last one.")
	function(name+s.suffix, "func(tiles, planes int, x *float32, from, xplane int, rows *int, zeros *float32, first int, last *int, v *float32, vplace, vplane int)", doc...)
	v, vplace, left, planes, to, tmp, end := RSI, RDI, R8, R9, R10, R11, R12
	rows := []GPPhysical{RAX, RBX, RCX, RDX, R13}[:seen]
	masks := []OpmaskPhysical{K1, K2, K3, K4, K5}[:seen]
	locals := AllocLocal(16 * seen)
	begin, further := func(i int) Mem { return locals.Offset(8 * i) }, func(i int) Mem { return locals.Offset(8 * (seen + i)) }
	load([]string{"rows", "zeros", "xplane", "x", "from"}, to, end, planes, v, tmp)
	ADDQ(tmp, v)
	ADDQ(tmp, end)
	MOVQ(U64(uint64(1)<<63), left) // strideNoRow
	for i, r := range rows {
		XORQ(tmp, tmp)
		MOVQ(at(to, 8*i), r)
		CMPQ(r, left)
		CMOVQNE(planes, tmp)
		MOVQ(tmp, further(i))
		LEAQ(Mem{Base: v, Index: r, Scale: 1}, r)
		CMOVQEQ(end, r)
		MOVQ(r, begin(i))
	}
	load([]string{"v", "vplace", "planes", "last"}, v, vplace, planes, end)
	Label("plane")
	for i, r := range rows {
		MOVQ(begin(i), r)
	}
	Load(Param("tiles"), left)
	for _, k := range masks[1:] {
		KXNORW(k, k, k)
	}
	Load(Param("first"), tmp)
	KMOVW(tmp.As32(), masks[0])
	MOVQ(v, to)
	Label("tile")
	CMPQ(left, U8(1))
	JNE(LabelRef("within"))
	for i, k := range masks {
		KMOVW(at(end, 8*i), K6)
		KANDW(K6, k, k)
	}
	Label("within")
	place := func(i, j int) VecPhysical { return s.reg[len(places)*j+i] } // rows transformed
	for j := range seen {
		var d [5]VecPhysical
		for i, p := range places {
			if p.less < 0 {
				d[p.of] = place(i, j)
			}
		}
		for i, r := range rows {
			if d[i] == nil {
				d[i] = s.reg[25+i]
			}
			VMOVUPS_Z(at(r, j*pixel), masks[j], d[i])
		}
		for i, p := range places {
			if p.less >= 0 {
				VSUBPS(d[p.less], d[p.of], place(i, j))
			}
		}
	}
	MOVQ(to, tmp)
	for i := range places {
		for j, p := range places {
			out := s.reg[25+(i+j)%7]
			if p.less < 0 {
				out = place(i, p.of)
			} else {
				VSUBPS(place(i, p.less), place(i, p.of), out)
			}
			VMOVUPS(out, at(tmp, 0))
			ADDQ(vplace, tmp)
		}
	}
	KXNORW(masks[0], masks[0], masks[0])
	for _, r := range rows {
		ADDQ(U32(step*pixel), r)
	}
	ADDQ(U8(pixel), to)
	DECQ(left)
	JNZ(LabelRef("tile"))
	for i := range rows {
		MOVQ(further(i), tmp)
		ADDQ(tmp, begin(i))
	}
	ADDQ(argument("vplane"), v)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	finish()
}

// strideWeights writes the transform of weights.
func strideWeights(s simd) {
	function("winoStrideWeights"+s.suffix, "func(planes int, w, u *float32, order *int)",
		"\tfor plane < planes, k < 8, half < 2 and lane {",
		"\t\tg[i][j] = w[16*plane+8*half+k][3*i+j][lane] for i, j < 3",
		"\t\tg[3][j] = g[0][j] + g[2][j] for j < 3",
		"\t\tg[i][3] = g[i][0] + g[i][2] for i < 4",
		"\t\t(u + order.at[i][j] + (8*plane+k)*order.step[i][j])[half][lane] = g[i][j] for i, j < 4",
		"\t}", "", "with distances in bytes.")
	planes, w, u, order, n, to := RAX, RBX, RCX, RDX, RSI, RDI
	load([]string{"planes", "w", "u", "order"}, planes, w, u, order)
	here := AllocLocal(16 * 8) // where weights of this channel go
	for i := range 16 {
		MOVQ(at(order, 8*i), to)
		MOVQ(to, here.Offset(8*i))
	}
	g := func(half, i, j int) VecPhysical { return s.reg[16*half+4*i+j] }
	Label("plane")
	MOVQ(U32(8), n)
	Label("channel")
	for half := range 2 {
		for i := range 3 {
			for j := range 3 {
				VMOVUPS(at(w, (9*8*half+3*i+j)*s.bytes), g(half, i, j))
			}
		}
		for j := range 3 {
			VADDPS(g(half, 2, j), g(half, 0, j), g(half, 3, j))
		}
		for i := range 4 {
			VADDPS(g(half, i, 2), g(half, i, 0), g(half, i, 3))
		}
	}
	for i := range 16 {
		MOVQ(here.Offset(8*i), to)
		VMOVUPS(g(0, i/4, i%4), Mem{Base: u}.Idx(to, 1))
		VMOVUPS(g(1, i/4, i%4), Mem{Base: u, Disp: s.bytes}.Idx(to, 1))
		ADDQ(at(order, 8*(16+i)), to)
		MOVQ(to, here.Offset(8*i))
	}
	ADDQ(U32(9*s.bytes), w)
	DECQ(n)
	JNZ(LabelRef("channel"))
	ADDQ(U32(8*9*s.bytes), w)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	finish()
}

// strideProduct is what a transformed weight of a dimension, or of both, is multiplied with: places of the transformed input, and the sum
// that each goes to.
type strideProduct []struct{ place, sum int }

// strideDimension is the products of a dimension.
type strideDimension []strideProduct

var (
	strideMiddle = strideDimension{{{2, 0}}} // both outputs add it
	strideEdges  = strideDimension{{{0, 0}}, {{1, 0}, {4, 1}}, {{3, 1}}}
	strideOdd    = strideDimension{{{0, 0}}, {{3, 1}}} // of the gradient
	strideEven   = strideDimension{{{1, 0}, {2, 1}}}
)

// strideTile says of which dimensions a tile has but the first half of the outputs: what it takes is less, too.
type strideTile struct{ rows, cols bool }

// strideProducts is a kernel for the products of some tiles, which keeps four sums for each of them, and its registers.
type strideProducts struct {
	s                       simd
	tiles                   []strideTile
	side, half              int // places in a row of a tile, and of one that has but half of the outputs
	sums                    [4][]VecPhysical
	x, v, u, left, n, tmp   GPPhysical
	y, first, second, ahead GPPhysical
	loops                   int
}

func newStrideProducts(s simd, tiles []strideTile) *strideProducts {
	p := &strideProducts{s: s, tiles: tiles, x: RAX, v: RBX, u: RCX, left: RDX, n: RSI, tmp: RDI, y: R8, first: R9, second: R10, ahead: R11}
	free := s.reg
	for _, t := range tiles {
		// The sums of the middle row are 0 and 1, those of the middle column 2 and 3; then they are those of the outputs.
		need := [4]bool{true, !t.rows, true, !t.cols}
		for i, n := range need {
			var r VecPhysical
			if n {
				r, free = free[0], free[1:]
			}
			p.sums[i] = append(p.sums[i], r)
		}
		if last := len(p.sums[1]) - 1; t.rows {
			p.sums[1][last] = p.sums[3][last]
		}
	}
	return p
}

// weights are the registers that are left.
func (p *strideProducts) weights() []VecPhysical { return p.s.reg[30:32] }

func (p *strideProducts) sum(i, t int) VecPhysical { return p.sums[i][t] }

// eachTile calls f with the tiles that have a sum.
func (p *strideProducts) eachTile(sum int, f func(t int)) {
	for t, tile := range p.tiles {
		if !(tile.rows && sum >= 2) && !(tile.cols && sum%2 == 1) {
			f(t)
		}
	}
}

// begin sets sums to the bias.
func (p *strideProducts) begin(sums ...int) {
	Load(Param("bias"), p.tmp)
	for _, sum := range sums {
		p.eachTile(sum, func(t int) { VMOVUPS(at(p.tmp, 0), p.sum(sum, t)) })
	}
}

// copy sets a sum to another one.
func (p *strideProducts) copy(from, to int) {
	p.eachTile(to, func(t int) { VMOVAPS(p.sum(from, t), p.sum(to, t)) })
}

// strideTerm is a place of a tile and the sum to which its product goes.
type strideTerm struct{ place, tile, sum int }

// terms are the products of the places of a row and of a column with their weight.
func (p *strideProducts) terms(rows, cols strideProduct, sum func(row, col int) int) (all []strideTerm) {
	for _, r := range rows {
		for _, c := range cols {
			for t, tile := range p.tiles {
				if !(tile.rows && r.place >= p.half) && !(tile.cols && c.place >= p.half) {
					all = append(all, strideTerm{p.side*r.place + c.place, t, sum(r.sum, c.sum)})
				}
			}
		}
	}
	return all
}

// output is the sum of an output: of a row and a column.
func output(row, col int) int { return 2*row + col }

// add adds the products of two dimensions, of all channels of all planes.
func (p *strideProducts) add(rows, cols strideDimension, sum func(row, col int) int, fetch bool) {
	p.loops++
	plane, channel := fmt.Sprintf("plane%d", p.loops), fmt.Sprintf("channel%d", p.loops)
	MOVQ(p.v, p.x)
	Load(Param("planes"), p.left)
	Label(plane)
	MOVQ(U32(8), p.n)
	Label(channel)
	if fetch {
		p.fetch()
	}
	for _, r := range rows {
		for _, c := range cols {
			p.multiply(p.terms(r, c, sum))
		}
	}
	ADDQ(U8(4), p.x)
	DECQ(p.n)
	JNZ(LabelRef(channel))
	ADDQ(U32(p.side*p.side*len(p.tiles)*pixel-8*4), p.x)
	if fetch {
		ADDQ(argument("aheadplane"), p.ahead)
	}
	DECQ(p.left)
	JNZ(LabelRef(plane))
}

// fetch brings lines of what comes next nearer, in the course of a loop.
func (p *strideProducts) fetch() {
	MOVQ(argument("lines"), p.tmp)
	TESTQ(p.tmp, p.tmp)
	JZ(LabelRef("fetched"))
	Label("fetch")
	PREFETCHT1(at(p.ahead, 0))
	ADDQ(U8(pixel), p.ahead)
	DECQ(p.tmp)
	JNZ(LabelRef("fetch"))
	Label("fetched")
}

// multiply adds the products of a weight of two channels, by turns: loads of equal channels of pixels hinder each other in the cache. For
// every sum the second channel comes after the first one, however many tiles there are.
func (p *strideProducts) multiply(terms []strideTerm) {
	const behind = 4 // products, so that a sum need not wait for itself
	w := p.weights()
	for i := range w {
		VMOVUPS(at(p.u, i*p.s.bytes), w[i])
	}
	for i := range len(terms) + behind {
		for j := range w {
			if i := i - j*behind; 0 <= i && i < len(terms) {
				m := at(p.x, (terms[i].place*len(p.tiles)+terms[i].tile)*pixel+8*4*j)
				VFMADD231PS_BCST(m, w[j], p.sum(terms[i].sum, terms[i].tile))
			}
		}
	}
	ADDQ(U32(len(w)*p.s.bytes), p.u)
}

// corners computes four sums, each of which adds the middle of the tile, that of one edge of two and that of another one.
func (p *strideProducts) corners(edges strideDimension) {
	p.begin(0)
	p.add(strideMiddle, strideMiddle, output, false)
	for t, tile := range p.tiles {
		if !tile.rows {
			VMOVAPS(p.sum(0, t), p.sum(1, t))
		}
	}
	p.add(edges, strideMiddle, func(row, col int) int { return row }, false)
	for t, tile := range p.tiles {
		zero(p.sum(2, t))
		if !tile.cols {
			zero(p.sum(3, t))
		}
	}
	p.add(strideMiddle, edges, func(row, col int) int { return 2 + col }, false)
	for t, tile := range p.tiles {
		p.spread(t, tile)
	}
	p.add(edges, edges, output, true)
}

// spread makes of the sums of the middle row, 0 and 1, and of the middle column, 2 and 3, those of the outputs.
func (p *strideProducts) spread(t int, tile strideTile) {
	first := p.weights()[t%2]
	VADDPS(p.sum(2, t), p.sum(0, t), first)
	if !tile.cols {
		VADDPS(p.sum(3, t), p.sum(0, t), p.sum(0, t)) // 1 will be here
	}
	if !tile.rows {
		VADDPS(p.sum(2, t), p.sum(1, t), p.sum(2, t))
	}
	if !tile.rows && !tile.cols {
		VADDPS(p.sum(3, t), p.sum(1, t), p.sum(3, t))
	}
	if !tile.cols {
		VMOVAPS(p.sum(0, t), p.sum(1, t))
	}
	VMOVAPS(first, p.sum(0, t))
}

// soon brings the outputs nearer that store will write.
func (p *strideProducts) soon(rows, cols [2]int) {
	p.eachOutput(rows, cols, func(int, int) { PREFETCHT0(at(p.second, 0)) })
}

// store stores the sums of two rows and two columns of every tile, from the last to the first, and notes whether they are finite.
func (p *strideProducts) store(rows, cols [2]int) {
	none, seen, check := p.weights()[0], p.weights()[1], p.n
	Load(Param("check"), check)
	zero(none)
	VMOVUPS(at(check, 0), seen)
	p.eachOutput(rows, cols, func(sum, t int) { VMOVUPS(p.sum(sum, t), at(p.second, 0)) })
	for _, sums := range [][2]int{{1, 0}, {3, 2}, {2, 0}} {
		p.eachTile(sums[0], func(t int) { VADDPS(p.sum(sums[0], t), p.sum(sums[1], t), p.sum(sums[1], t)) })
	}
	p.eachTile(0, func(t int) { VFMADD231PS(none, p.sum(0, t), seen) })
	VMOVUPS(seen, at(check, 0))
}

// eachOutput calls f with the address of every output in second, of two rows and two columns of every tile, from the last one to the first.
// What does not exist lies on what comes later.
func (p *strideProducts) eachOutput(rows, cols [2]int, f func(sum, t int)) {
	Load(Param("tiles"), p.tmp)
	add := func(t, dimension, i int, to GPPhysical) {
		if i > 0 {
			ADDQ(at(p.tmp, 8*(7*t+3*dimension+i)), to)
		}
	}
	for t, tile := range p.tiles {
		Load(Param("y"), p.y)
		ADDQ(at(p.tmp, 8*7*t), p.y)
		for i := 1 - b2i(tile.rows); i >= 0; i-- {
			MOVQ(p.y, p.first)
			add(t, 0, rows[i], p.first)
			for j := 1 - b2i(tile.cols); j >= 0; j-- {
				MOVQ(p.first, p.second)
				add(t, 1, cols[j], p.second)
				f(output(i, j), t)
			}
		}
	}
}

// begun begins the kernel: sums says which places of a row each output adds, and weights with which row of weights.
func (p *strideProducts) begun(name string, sums, weights [][]int) {
	doc := []string{fmt.Sprintf("\tfor tile < %d, r and c < %d and lane {", len(p.tiles), len(sums)),
		"\t\ty[tile][r][c][lane] = bias[lane]",
		"\t\tfor plane < planes, k < 16, i in sums[r] and j in sums[c] {",
		fmt.Sprintf("\t\t\ty[tile][r][c][lane] += v[plane][%d*i+j][tile][k] * u[weights[r][i]][weights[c][j]][plane][k][lane]", p.side),
		"\t\t}", "\t}", "",
		"where the places of sums are " + fmt.Sprint(sums) + " and the weights of those " + fmt.Sprint(weights) + ",",
		"u is in the order of the loops of its strideTransform, and tiles are a strideOut each. check is NaN if not all results are finite. It",
		"prefetches so many lines of ahead for every second channel of a plane, and moves on by aheadplane after a plane."}
	if last := len(p.tiles) - 1; p.tiles[last].cols {
		doc = append(doc, "Every fourth tile has but the first half of its columns"+map[bool]string{true: ", and the last four of their rows"}[p.tiles[last].rows]+".")
	}
	function(name+p.s.suffix, "func(planes int, v, u, bias, y *float32, tiles *int, check, ahead *float32, aheadplane, lines int)", doc...)
	load([]string{"v", "u", "ahead"}, p.v, p.u, p.ahead)
}

func (p *strideProducts) forward(name string) {
	p.side, p.half = 5, 3
	p.begun("winoStride"+name, [][]int{{0, 1, 2}, {2, 3, 4}}, [][]int{{0, 1, 3}, {3, 2, 1}})
	all := [2]int{0, 1}
	p.soon(all, all)
	p.corners(strideEdges)
	p.store(all, all)
	finish()
}

// gradient computes odd rows and columns first: those that do not exist are stored where others follow.
func (p *strideProducts) gradient(name string) {
	p.side, p.half = 4, 2
	even, odd := [2]int{0, 2}, [2]int{1, 3}
	p.begun("winoStrideGrad"+name, [][]int{{1}, {0, 2}, {2}, {2, 3}}, [][]int{{1}, {2, 3}, {1}, {3, 0}})
	p.soon(odd, odd)
	p.soon(odd, even)
	p.corners(strideOdd)
	p.store(odd, odd)

	p.begin(0, 1)
	p.add(strideMiddle, strideEven, output, false)
	p.copy(0, 2)
	p.copy(1, 3)
	p.add(strideOdd, strideEven, output, false)
	p.store(odd, even)

	p.soon(even, odd)
	p.soon(even, even)
	p.begin(0, 2)
	p.add(strideEven, strideMiddle, output, false)
	p.copy(0, 1)
	p.copy(2, 3)
	p.add(strideEven, strideOdd, output, false)
	p.store(even, odd)

	p.begin(0, 1, 2, 3)
	p.add(strideEven, strideEven, output, false)
	p.store(even, even)
	finish()
}
