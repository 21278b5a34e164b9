package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// pixel is the distance in bytes of neighbouring pixels in the blocked layout: 16 channels.
const pixel = 64

// lookup is how a kernel makes, from the 16 channels of one pixel, the vector that holds for each output lane its k-th input channel.
type lookup struct {
	name string
	doc  string // the Go expression
	loop bool   // over k
}

var (
	// own: depthwise, each lane sees its own channel.
	own = lookup{"Own", "x[pixel+lane]", false}
	// quad: groups of four channels, permuted within 128 bits.
	quad = lookup{"Quad", "x[pixel+lane/4*4+k]", true}
	// perm: any permutation of the block, by a table of indices.
	perm = lookup{"Perm", "x[pixel+table[k][lane]]", true}
	// wide: one channel for all lanes.
	wide = lookup{"Wide", "x[pixel+k]", true}
)

// shape is a kernel's width and stride.
type shape struct{ kw, stride int }

// half is the stride of the gradient of stride 2: a pixel of input feeds two of output through the middle and the last tap, and the one
// before them through the first.
const half = 0

func (sh shape) String() string {
	if sh.stride == half {
		return fmt.Sprintf("%dhalf", sh.kw)
	}
	return fmt.Sprintf("%ds%d", sh.kw, sh.stride)
}

// pixels is how many pixels of input so many columns of output see.
func (sh shape) pixels(cols int) int {
	if sh.stride == half {
		return cols/2 + 1
	}
	return sh.stride*(cols-1) + sh.kw
}

// column is the column of output that pixel q of input feeds through a tap, if there is one.
func (sh shape) column(q, tap int) (col int, ok bool) {
	if sh.stride == half {
		col = 2*q + tap - 1
		return col, col >= 0
	}
	return (q - tap) / sh.stride, q >= tap && (q-tap)%sh.stride == 0
}

// doc is column as seen from the output.
func (sh shape) doc() string {
	if sh.stride == half {
		return "\t\t\tpixel := x[plane][row+h][(col+1-v)/2], where that is whole"
	}
	return fmt.Sprintf("\t\t\tpixel := x[plane][row*%d+h][col*%d+v]", sh.stride, sh.stride)
}

// convFamily writes tiles of output pixels for a block of output channels.
func convFamily(s simd) {
	base := []shape{{3, 1}, {3, 2}, {1, 1}, {2, 1}}
	if s.bytes == 32 {
		base = append(base, shape{3, half})
	}
	shapes := map[lookup][]shape{
		own:  append([]shape{{4, 1}, {5, 1}, {5, 2}, {7, 1}, {7, 2}}, base...),
		quad: base,
		perm: append([]shape{{3, 3}}, base...),
		wide: append([]shape{{7, 2}, {4, 1}, {4, 2}, {5, 1}, {5, 2}, {3, 3}}, base...),
	}
	lookups := []lookup{own, quad, wide}
	if s.bytes == 64 { // in shorter vectors a group of eight fills the vector, as wide does
		lookups = append(lookups, perm)
	}
	for _, l := range lookups {
		for _, sh := range shapes[l] {
			for _, t := range convTiles(s, l, sh) {
				convTile(s, l, sh, t[0], t[1], false)
				if l == wide && sh.kw == 3 && s.bytes == 64 && t[1] <= 14 {
					convTile(s, l, sh, t[0], t[1], true)
				}
			}
		}
	}
}

// convTiles lists rows x columns of the tiles whose accumulators fit beside the weights, one vector of input and an index.
func convTiles(s simd, l lookup, sh shape) (fit [][2]int) {
	all := [][2]int{{1, 12}, {1, 10}, {1, 8}, {1, 7}, {2, 4}}
	better := map[[2]int][2]int{{1, 10}: {1, 12}} // needless where the other fits
	if s.bytes == 64 {
		all = [][2]int{{1, 28}, {1, 24}, {1, 16}, {2, 14}, {1, 14}, {2, 12}, {3, 9}, {3, 8}, {2, 8}, {4, 7}, {3, 7}, {7, 4}, {6, 4}}
		better = map[[2]int][2]int{{1, 24}: {1, 28}, {2, 12}: {2, 14}, {6, 4}: {7, 4}}
	}
	room := len(s.reg) - sh.kw - 1
	if l == perm {
		room-- // the index
	}
	if sh.stride == half {
		all, better = [][2]int{{1, 12}, {1, 10}, {1, 8}}, nil
	}
	for _, t := range all {
		u, ok := better[t]
		if t[0]*t[1] <= room && !(ok && u[0]*u[1] <= room) {
			fit = append(fit, t)
		}
	}
	return fit
}

// convTile writes one kernel. An edged one leaves out the columns of padding at both ends of rows that it covers entirely. Where a tile
// is small, with AVX2, a call does a run of tiles side by side.
func convTile(s simd, l lookup, sh shape, rows, cols int, edged bool) {
	name := fmt.Sprintf("conv%s%v_%dx%d%s%s", l.name, sh, rows, cols, suffix(edged, "Edged"), s.suffix)
	run := s.bytes == 32
	entry, signature, of := name+", nil", "func(", "the tile"
	if run {
		entry, signature, of = "nil, "+name, "func(tiles int, ", "so many tiles side by side"
	}
	tabulate(l, sh, fmt.Sprintf("%d, %d, %v, %s", rows, cols, edged, entry))
	signature += "x *float32, xrow, xplane, planes, kh, k int, table *uint32, w, bias, y *float32, yrow, ypixel int, ahead *float32, aheadplane"
	if run {
		signature += ", aheadtile"
	}
	function(name, signature+", top, bottom int)",
		"\tfor row, col and lane of "+of+" {",
		"\t\ty[row][col][lane] = bias[lane]",
		"\t\tfor plane, h, k and v < "+fmt.Sprint(sh.kw)+" {",
		sh.doc(),
		"\t\t\ty[row][col][lane] += w[plane][h][k][v][lane] * "+l.doc,
		"\t\t}", "\t}", "", "with all distances in bytes. Row 0 skips h = kh-top, the last row h = kh-bottom: they see only padding there. It prefetches what",
		"follows ahead, plane by plane.")
	x, xrow, ahead, aheadPlane, kh, k, table, w := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9
	planes := argument("planes")
	if run {
		left := AllocLocal(8)
		Label("tile")
		MOVQ(planes, x)
		MOVQ(x, left)
		planes = left
	}
	load([]string{"x", "xrow", "ahead", "ahead", "kh", "k", "table", "w"}, x, xrow, ahead, aheadPlane, kh, k, table, w)
	t := newTile(s, l, sh, rows, cols)
	t.edged = edged
	bias, row, kRow, ptr, step, hLeft, kLeft := R10, R10, R11, R12, R13, R14, R15
	Load(Param("bias"), bias)
	for i := range rows * cols {
		VMOVUPS(at(bias, 0), s.reg[i])
	}
	t.fetchOutput(ptr, step, kRow)
	MOVQ(xrow, step)
	for range sh.stride - 1 {
		ADDQ(xrow, step)
	}
	Label("plane")
	MOVQ(x, row)
	MOVQ(kh, hLeft)
	Label("row")
	MOVQ(row, kRow)
	if l.loop {
		MOVQ(k, kLeft)
		if l == perm || l == quad {
			Load(Param("table"), table)
		}
		Label("k")
	}
	lines := t.linesPerStep()
	for i := range lines {
		PREFETCHT0(at(ahead, 64*i))
	}
	ADDQ(U32(64*lines), ahead)
	t.multiply(kRow, ptr, step, w, table, hLeft)
	ADDQ(U32(sh.kw*s.bytes), w)
	if l.loop {
		if l == wide {
			ADDQ(U8(4), kRow)
		} else {
			ADDQ(U8(s.bytes), table)
		}
		DECQ(kLeft)
		JNZ(LabelRef("k"))
	}
	ADDQ(xrow, row)
	DECQ(hLeft)
	JNZ(LabelRef("row"))
	ADDQ(argument("xplane"), x)
	ADDQ(argument("aheadplane"), aheadPlane)
	MOVQ(aheadPlane, ahead)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	t.store()
	if run {
		t.advance(RAX)
		DECQ(argument("tiles"))
		JNZ(LabelRef("tile"))
	}
	finish()
}

// tile is the register allocation of a tile: accumulators, then weights, then scratch.
type tile struct {
	s          simd
	l          lookup
	sh         shape
	rows, cols int
	edged      bool
	weights    []VecPhysical
	spare      []VecPhysical
	turn       int
}

func newTile(s simd, l lookup, sh shape, rows, cols int) *tile {
	n := rows * cols
	return &tile{s: s, l: l, sh: sh, rows: rows, cols: cols, weights: s.reg[n:][:sh.kw], spare: s.reg[n+sh.kw:]}
}

// linesPerStep is how many cache lines of input to fetch in one step of k, so that a plane's steps fetch what the tile's next rows need.
func (t *tile) linesPerStep() int {
	steps := map[string]int{"Own": 1, "Quad": 4, "Perm": 8, "Wide": 16}[t.l.name] * min(t.sh.kw, 3)
	lines := t.rows * t.cols * t.sh.stride * t.sh.stride
	if t.sh.stride == half {
		lines = t.cols / 4
	}
	return (lines + steps - 1) / steps
}

func (t *tile) acc(row, col int) VecPhysical { return t.s.reg[row*t.cols+col] }

// scratch is the next register for an input vector.
func (t *tile) scratch(n int) VecPhysical {
	t.turn++
	return t.spare[t.turn%n]
}

// multiply adds the products of one k: every input pixel of every row is loaded once and feeds all its taps.
func (t *tile) multiply(x, ptr, step, w, table, hLeft Register) {
	for v := range t.sh.kw {
		VMOVUPS(at(w, v*t.s.bytes), t.weights[v])
	}
	n := len(t.spare)
	var index VecPhysical
	if t.l == perm || t.l == quad {
		if n > 1 {
			n--
			index = t.spare[n]
			VMOVUPS(at(table, 0), index)
		}
	}
	MOVQ(x, ptr)
	for r := range t.rows {
		skip := fmt.Sprintf("skip%d", r)
		if r == 0 {
			CMPQ(hLeft, argument("top"))
			JEQ(LabelRef(skip))
		}
		if r == t.rows-1 {
			CMPQ(hLeft, argument("bottom"))
			JEQ(LabelRef(skip))
		}
		last := t.sh.pixels(t.cols) - 1
		for q := range last + 1 {
			if t.edged && (q == 0 || q == last && t.sh.stride == 1) {
				continue
			}
			t.input(at(ptr, q*pixel), q, r, n, index, table)
		}
		if r == 0 || r == t.rows-1 {
			Label(skip)
		}
		if r < t.rows-1 {
			ADDQ(step, ptr)
		}
	}
}

// input feeds input pixel q of row r.
func (t *tile) input(m Mem, q, r, n int, index VecPhysical, table Register) {
	var v VecPhysical
	for tap := range t.sh.kw {
		col, ok := t.sh.column(q, tap)
		if !ok || col >= t.cols {
			continue
		}
		if v == nil {
			v = t.scratch(n)
			t.look(m, v, index, table)
		}
		VFMADD231PS(t.weights[tap], v, t.acc(r, col))
	}
}

// look loads a pixel and looks up its channels.
func (t *tile) look(m Mem, v, index VecPhysical, table Register) {
	switch t.l {
	case own:
		VMOVUPS(m, v)
	case wide:
		VBROADCASTSS(m, v)
	case perm:
		if index == nil { // no register left: the table is read into v, then replaced
			VMOVUPS(at(table, 0), v)
			VPERMPS(m, v, v)
			return
		}
		VPERMPS(m, index, v)
	case quad:
		VMOVUPS(m, v)
		if index == nil {
			VPERMILPS(at(table, 0), v, v)
			return
		}
		VPERMILPS(index, v, v)
	}
}

// fetchOutput brings the cache lines that store will write, so that they arrive while the tile is computed.
func (t *tile) fetchOutput(y, ypixel, row Register) {
	Load(Param("y"), row.(GPPhysical))
	Load(Param("ypixel"), ypixel.(GPPhysical))
	for r := range t.rows {
		MOVQ(row, y)
		for c := range t.cols {
			PREFETCHT0(at(y, 0))
			if c < t.cols-1 {
				ADDQ(ypixel, y)
			}
		}
		if r < t.rows-1 {
			ADDQ(argument("yrow"), row)
		}
	}
}

// advance moves the arguments to the next tile of a run.
func (t *tile) advance(r GPPhysical) {
	pixels := t.sh.stride * t.cols
	if t.sh.stride == half {
		pixels = t.cols / 2
	}
	ADDQ(U32(pixels*pixel), argument("x"))
	Load(Param("ypixel"), r)
	IMUL3Q(U8(t.cols), r, r)
	ADDQ(r, argument("y"))
	Load(Param("aheadtile"), r)
	ADDQ(r, argument("ahead"))
}

func (t *tile) store() {
	y, yrow, ypixel, ptr := RAX, RBX, RCX, RDX
	load([]string{"y", "yrow", "ypixel"}, y, yrow, ypixel)
	for r := range t.rows {
		MOVQ(y, ptr)
		for c := range t.cols {
			VMOVUPS(t.acc(r, c), at(ptr, 0))
			if c < t.cols-1 {
				ADDQ(ypixel, ptr)
			}
		}
		if r < t.rows-1 {
			ADDQ(yrow, y)
		}
	}
}
