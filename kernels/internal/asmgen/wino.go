package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winoFamily writes the transforms of Winograd's F(2x2, 3x3) (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks"):
// between them a convolution is 16 products of pixels with weights, one for each place of a 4x4 tile. The last row of places of the
// input has its sign changed, so that both rows of outputs add it.
func winoFamily(s simd) {
	winoInput(s)
	winoOutput(s)
	winoWeights(s)
	if s.bytes == 64 {
		for nb := 1; nb <= 2; nb++ {
			for tiles := 1; tiles <= 14/nb; tiles++ {
				winoProducts(s, tiles, nb)
			}
		}
		winoPlaneInput(s)
		winoBlocks(s)
		winoGradient(s)
	}
}

// places are the addresses of the 16 places of a transformed tile.
type places struct {
	base            [4]GPPhysical
	stride, stride3 GPPhysical
}

func newPlaces(first, stride, stride3 GPPhysical, more ...GPPhysical) places {
	p := places{[4]GPPhysical{first, more[0], more[1], more[2]}, stride, stride3}
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	for i := range 3 {
		LEAQ(Mem{Base: p.base[i], Index: stride, Scale: 4}, p.base[i+1])
	}
	return p
}

func (p places) at(row, col int) Mem { return strided(p.base[row], p.stride, p.stride3, nil, col) }

// forward moves on by n bytes.
func (p places) forward(n int) {
	for _, b := range p.base {
		ADDQ(U8(n), b)
	}
}

// eachTile repeats body, which moves on by a vector, for the vectors of every tile of every row.
func eachTile(s simd, left, part GPPhysical, begin, body, nextTile, nextRow func()) {
	Label("row")
	Load(Param("tiles"), left)
	Label("tile")
	begin()
	if parts := pixel / s.bytes; parts > 1 {
		MOVQ(U32(parts), part)
		Label("part")
		body()
		DECQ(part)
		JNZ(LabelRef("part"))
	} else {
		body()
	}
	nextTile()
	DECQ(left)
	JNZ(LabelRef("tile"))
	nextRow()
	DECQ(argument("rows"))
	JNZ(LabelRef("row"))
}

func winoInput(s simd) {
	function("winoInput"+s.suffix, "func(rows, tiles int, x *float32, xrow int, v *float32, vplace int)",
		"\tfor r < rows, t < tiles and lane {",
		"\t\td[i][j] = x[2*r+i][2*t+j][lane] for i, j < 4",
		"\t\tfor j < 4 {",
		"\t\t\te[0][j], e[1][j], e[2][j], e[3][j] = d[0][j]-d[2][j], d[1][j]+d[2][j], d[2][j]-d[1][j], d[3][j]-d[1][j]",
		"\t\t}",
		"\t\tfor i < 4 {",
		"\t\t\tv[4*i+0][r*tiles+t][lane], v[4*i+1][r*tiles+t][lane] = e[i][0]-e[i][2], e[i][1]+e[i][2]",
		"\t\t\tv[4*i+2][r*tiles+t][lane], v[4*i+3][r*tiles+t][lane] = e[i][2]-e[i][1], e[i][1]-e[i][3]",
		"\t\t}", "\t}", "", "with the distances of rows and of places in bytes.")
	row, xrow, v, vplace := RAX, RBX, RCX, RDX
	load([]string{"x", "xrow", "v", "vplace"}, row, xrow, v, vplace)
	x, left, part, xrow3 := RSI, RDI, R8, R9
	LEAQ(Mem{Base: xrow, Index: xrow, Scale: 2}, xrow3)
	p := newPlaces(v, vplace, R10, R11, R12, R13)
	d := func(i, j int) Mem {
		m := strided(x, xrow, xrow3, nil, i)
		m.Disp = j * pixel
		return m
	}
	MOVQ(row, x)
	eachTile(s, left, part, func() {}, func() {
		for i, of := range [4][2]int{{0, 2}, {1, 2}, {2, 1}, {3, 1}} {
			e, out := s.reg[i%2*8:][:4], s.reg[i%2*8+4:][:4]
			for j := range 4 {
				VMOVUPS(d(of[0], j), e[j])
				if i == 1 {
					VADDPS(d(of[1], j), e[j], e[j])
				} else {
					VSUBPS(d(of[1], j), e[j], e[j])
				}
			}
			VSUBPS(e[2], e[0], out[0])
			VADDPS(e[2], e[1], out[1])
			VSUBPS(e[1], e[2], out[2])
			VSUBPS(e[3], e[1], out[3])
			for j := range 4 {
				VMOVUPS(out[j], p.at(i, j))
			}
		}
		ADDQ(U8(s.bytes), x)
		p.forward(s.bytes)
	}, func() { ADDQ(U8(pixel), x) }, func() {
		LEAQ(Mem{Base: row, Index: xrow, Scale: 2}, row)
		MOVQ(row, x)
	})
	finish()
}

// winoOutput takes the products of all places or, with AVX-512, what winoProducts has made of them.
func winoOutput(s simd) {
	const (
		above = "m[j][tile][lane] + m[4+j][tile][lane] + m[8+j][tile][lane]"
		below = "m[4+j][tile][lane] - m[8+j][tile][lane] + m[12+j][tile][lane]"
	)
	sums := above + ", " + below
	if s.bytes == 64 {
		sums = "m[j][tile][lane], m[4+j][tile][lane]"
	}
	function("winoOutput"+s.suffix, "func(rows, tiles int, m *float32, mplace int, bias, y *float32, yrow, last int, check *float32)",
		"\tfor r < rows, t < tiles and lane {",
		"\t\ttile := r*tiles + t",
		"\t\te[0][j], e[1][j] = "+sums+" for j < 4",
		"\t\tfor i < 2 {",
		"\t\t\ty[2*r+i][2*t+1][lane] = bias[lane] + e[i][1] - e[i][2] - e[i][3]",
		"\t\t\ty[2*r+i][2*t][lane] = bias[lane] + e[i][0] + e[i][1] + e[i][2]",
		fmt.Sprintf("\t\t\tcheck[lane%%%d] += 0 * (y[2*r+i][2*t][lane] + y[2*r+i][2*t+1][lane])", s.lanes()),
		"\t\t}", "\t}", "", "with the distances of places, of rows and, for the last tile of a row, of its columns in bytes: where one is 0, the first row or",
		"column replaces the second. check is NaN if not all results are finite.")
	m, mplace, mplace3, bias, row, yrow := RAX, RBX, RCX, RDX, RSI, RDI
	load([]string{"m", "mplace", "bias", "y", "yrow"}, m, mplace, bias, row, yrow)
	y, left, part, right, check := R8, R9, R10, R11, R12
	p := newPlaces(m, mplace, mplace3, R13, R14, R15)
	none, seen := s.reg[15], s.reg[14]
	zero(none)
	Load(Param("check"), check)
	VMOVUPS(at(check, 0), seen)
	MOVQ(row, y)
	eachTile(s, left, part, func() {
		MOVQ(U32(pixel), right)
		CMPQ(left, U8(1))
		CMOVQEQ(argument("last"), right)
	}, func() {
		e0, e1, t := s.reg[0:4], s.reg[4:8], s.reg[8:12]
		for j := range 4 {
			VMOVUPS(p.at(0, j), e0[j])
			VMOVUPS(p.at(1, j), e1[j])
			if s.bytes == 32 {
				VMOVUPS(p.at(2, j), t[j])
				VADDPS(e1[j], e0[j], e0[j])
				VADDPS(t[j], e0[j], e0[j])
				VSUBPS(t[j], e1[j], e1[j])
				VADDPS(p.at(3, j), e1[j], e1[j])
			}
		}
		for i, e := range [][]VecPhysical{e1, e0} { // the first row last
			first, second := t[0], t[1]
			VADDPS(at(bias, 0), e[1], first)
			VSUBPS(e[2], first, second)
			VADDPS(e[2], first, first)
			VADDPS(e[0], first, first)
			VSUBPS(e[3], second, second)
			to := Mem{Base: y}
			if i == 0 {
				LEAQ(Mem{Base: y, Index: yrow, Scale: 1}, check)
				to = Mem{Base: check}
			}
			VMOVUPS(second, to.Idx(right, 1))
			VMOVUPS(first, to)
			VADDPS(first, second, second)
			VFMADD231PS(none, second, seen)
		}
		ADDQ(U8(s.bytes), y)
		ADDQ(U8(s.bytes), bias)
		p.forward(s.bytes)
	}, func() {
		ADDQ(U8(pixel), y)
		SUBQ(U8(pixel), bias)
	}, func() {
		LEAQ(Mem{Base: row, Index: yrow, Scale: 2}, row)
		MOVQ(row, y)
	})
	Load(Param("check"), check)
	VMOVUPS(seen, at(check, 0))
	finish()
}

func winoWeights(s simd) {
	function("winoWeights"+s.suffix, "func(n int, w *float32, tap, step int, u *float32, urow *int, ucol, next int, half *float32)",
		fmt.Sprintf("\tfor k < n and lane < %d {", s.lanes()),
		"\t\tg[i][j] = w[k*step + (3*i+j)*tap + lane] for i, j < 3",
		"\t\te = {g[0], (g[0]+g[1]+g[2])/2, (g[0]-g[1]+g[2])/2, g[2]}",
		"\t\tfor i < 4 {",
		"\t\t\tto := u + urow[i] + k*next",
		"\t\t\tto[0*ucol+lane], to[3*ucol+lane] = e[i][0], e[i][2]",
		"\t\t\tto[1*ucol+lane] = (e[i][0]+e[i][1]+e[i][2])/2",
		"\t\t\tto[2*ucol+lane] = (e[i][0]-e[i][1]+e[i][2])/2",
		"\t\t}", "\t}", "", "with all distances in bytes; half is 0.5.")
	n, w, tap, step, urow, ucol, next, ptr := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9
	load([]string{"n", "w", "tap", "step", "urow", "ucol", "next"}, n, w, tap, step, urow, ucol, next)
	p := places{[4]GPPhysical{R10, R11, R12, R13}, ucol, R14}
	LEAQ(Mem{Base: ucol, Index: ucol, Scale: 2}, p.stride3)
	for i, b := range p.base {
		Load(Param("u"), b)
		ADDQ(at(urow, 8*i), b)
	}
	by2 := s.reg[15]
	Load(Param("half"), ptr)
	VBROADCASTSS(at(ptr, 0), by2)
	e := func(i, j int) VecPhysical { return s.reg[4*j+i] } // column j has the registers 4j..4j+3
	// mix makes a = (a+b+c)/2 and b = (a-b+c)/2.
	mix := func(a, b, c, sum, difference VecPhysical) {
		VADDPS(c, a, sum)
		VSUBPS(b, sum, difference)
		VADDPS(b, sum, sum)
		VMULPS(by2, sum, sum)
		VMULPS(by2, difference, difference)
	}
	Label("channel")
	MOVQ(w, ptr)
	for i := range 3 {
		for j := range 3 {
			VMOVUPS(at(ptr, 0), e([]int{0, 1, 3}[i], j))
			if i+j < 4 {
				ADDQ(tap, ptr)
			}
		}
	}
	for j := range 3 {
		mix(e(0, j), e(1, j), e(3, j), s.reg[12], s.reg[13])
		VMOVAPS(s.reg[12], e(1, j))
		VMOVAPS(s.reg[13], e(2, j))
	}
	for i := range 4 {
		mix(e(i, 0), e(i, 1), e(i, 2), s.reg[12], s.reg[13])
		VMOVUPS(e(i, 0), p.at(i, 0))
		VMOVUPS(s.reg[12], p.at(i, 1))
		VMOVUPS(s.reg[13], p.at(i, 2))
		VMOVUPS(e(i, 2), p.at(i, 3))
	}
	ADDQ(step, w)
	for _, b := range p.base {
		ADDQ(next, b)
	}
	DECQ(n)
	JNZ(LabelRef("channel"))
	finish()
}

// winoGap is that of package kernels.
const winoGap = 3 * pixel

// winoProducts writes the products of some tiles, over all places, with nb blocks of output channels, and transforms the columns of the
// results as it goes: two places of a column meet in registers, where their sum and difference take up the products of the other two.
func winoProducts(s simd, tiles, nb int) {
	function(fmt.Sprintf("winoProducts%dx%d%s", tiles, nb, s.suffix),
		"func(groups, planes int, v *float32, vplace, vplane int, u, m *float32, mplace, mblock int, ahead0, ahead1, ahead2, ahead3 *float32)",
		fmt.Sprintf("\tfor j < 4, tile < groups*%d, block < %d and lane {", tiles, nb),
		"\t\tfor plane, k and i < 4 {",
		"\t\t\tweight := u[j][i%3 == 0][plane][k][i > 1][block][lane]",
		"\t\t\tp[i] += weight * v[4*i+j][plane][tile][k]",
		"\t\t}",
		"\t\tm[j][block][tile][lane] = p[1] + p[2] + p[0]",
		"\t\tm[4+j][block][tile][lane] = p[1] - p[2] + p[3]",
		"\t}", "", "with the distances of places, planes and blocks in bytes, and winoGap bytes after each u[j]. It prefetches ahead, for each j elsewhere.")
	const middle = 7 // displacements are short around the middle of the tiles
	vj, uj, ahead, vplace, vplane := RAX, RBX, RCX, RDX, RSI
	load([]string{"v", "u", "vplace", "vplane"}, vj, uj, vplace, vplane)
	v, u, m, first, second, left, planes, pairs, groups := RDI, R8, R9, R10, R11, R12, R13, R14, R15
	upper := func(t, b int) VecPhysical { return s.reg[t*nb+b] }
	lower := func(t, b int) VecPhysical { return s.reg[(tiles+t)*nb+b] }
	weights, spare := s.reg[28:28+nb], s.reg[28+nb:]
	each := func(f func(t, b int)) {
		for b := range nb {
			for t := range tiles {
				f(t, b)
			}
		}
	}
	step := func(k int) {
		for place, acc := range []func(t, b int) VecPhysical{upper, lower} {
			for b := range nb {
				VMOVUPS(at(u, ((2*k+place)*nb+b)*s.bytes), weights[b])
			}
			for t := range tiles {
				x := at([]Register{first, second}[place], (t-middle)*pixel+4*k)
				if nb == 1 {
					VFMADD231PS_BCST(x, weights[0], acc(t, 0))
					continue
				}
				pixel := spare[t%len(spare)]
				VBROADCASTSS(x, pixel)
				for b := range nb {
					VFMADD231PS(weights[b], pixel, acc(t, b))
				}
			}
		}
	}
	lines := 4 / nb // of 4 pixels of input and output for each tile
	columns := AllocLocal(8)
	MOVQ(U32(4), columns)
	ADDQ(U32(middle*pixel), vj)
	SUBQ(U8(pixel), vplane) // less what the channels of a pixel have moved on
	Label("column")
	Load(Param("groups"), groups)
	Load(Param("ahead0"), ahead)
	MOVQ(vj, v)
	Load(Param("m"), m)
	Label("group")
	MOVQ(uj, u)
	zero(s.reg[:2*tiles*nb]...)
	LEAQ(Mem{Base: v, Index: vplace, Scale: 4}, first)
	LEAQ(Mem{Base: first, Index: vplace, Scale: 4}, second)
	MOVQ(U32(2), pairs)
	Label("pair")
	Load(Param("planes"), planes)
	Label("plane")
	MOVQ(U32(4), left)
	Label("k")
	for k := range 4 {
		if k < lines {
			PREFETCHT1(at(ahead, k*pixel))
		}
		step(k)
	}
	ADDQ(U32(lines*pixel), ahead)
	ADDQ(U32(8*nb*s.bytes), u)
	ADDQ(U8(16), first)
	ADDQ(U8(16), second)
	DECQ(left)
	JNZ(LabelRef("k"))
	ADDQ(vplane, first)
	ADDQ(vplane, second)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	DECQ(pairs)
	JZ(LabelRef("store"))
	each(func(t, b int) {
		difference := spare[t%len(spare)]
		VSUBPS(lower(t, b), upper(t, b), difference)
		VADDPS(lower(t, b), upper(t, b), upper(t, b))
		VMOVAPS(difference, lower(t, b))
	})
	MOVQ(v, first)
	LEAQ(Mem{Base: v, Index: vplace, Scale: 8}, second)
	LEAQ(Mem{Base: second, Index: vplace, Scale: 4}, second)
	JMP(LabelRef("pair"))
	Label("store")
	store := func(acc func(t, b int) VecPhysical) {
		each(func(t, b int) {
			if b > 0 && t == 0 {
				ADDQ(argument("mblock"), first)
			}
			VMOVUPS(acc(t, b), at(first, t*pixel))
		})
	}
	MOVQ(m, first)
	store(upper)
	Load(Param("mplace"), second)
	LEAQ(Mem{Base: m, Index: second, Scale: 4}, first)
	store(lower)
	ADDQ(U32(tiles*pixel), v)
	ADDQ(U32(tiles*pixel), m)
	DECQ(groups)
	JNZ(LabelRef("group"))
	LEAQ(at(u, winoGap), uj)
	ADDQ(vplace, vj)
	Load(Param("mplace"), m)
	ADDQ(m, argument("m"))
	for j := range 3 {
		Load(Param(fmt.Sprintf("ahead%d", j+1)), m)
		MOVQ(m, argument(fmt.Sprintf("ahead%d", j)))
	}
	DECQ(columns)
	JNZ(LabelRef("column"))
	finish()
}
