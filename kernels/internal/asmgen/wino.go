package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winoFamily writes the transforms of Winograd's F(2x2, 3x3) for vectors of half a block (Lavin and Gray 2016, "Fast algorithms for
// convolutional neural networks"): between them a convolution is 16 products of pixels with weights, one for each place of a 4x4 tile.
func winoFamily(s simd) {
	winoInput(s)
	winoOutput(s)
	winoWeights(s)
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

// halves repeats body, which moves on by a vector, for a block, and that as often as count says.
func halves(s simd, count, half GPPhysical, body, next func()) {
	Label("tile")
	MOVQ(U32(pixel/s.bytes), half)
	Label("half")
	body()
	DECQ(half)
	JNZ(LabelRef("half"))
	next()
	DECQ(count)
	JNZ(LabelRef("tile"))
}

func winoInput(s simd) {
	function("winoInput"+s.suffix, "func(tiles int, x *float32, xrow int, v *float32, vplace int)",
		"\tfor t < tiles and lane {",
		"\t\td[i][j] = x[i][2*t+j][lane] for i, j < 4",
		"\t\tfor j < 4 {",
		"\t\t\te[0][j], e[1][j], e[2][j], e[3][j] = d[0][j]-d[2][j], d[1][j]+d[2][j], d[2][j]-d[1][j], d[1][j]-d[3][j]",
		"\t\t}",
		"\t\tfor i < 4 {",
		"\t\t\tv[4*i+0][t][lane], v[4*i+1][t][lane] = e[i][0]-e[i][2], e[i][1]+e[i][2]",
		"\t\t\tv[4*i+2][t][lane], v[4*i+3][t][lane] = e[i][2]-e[i][1], e[i][1]-e[i][3]",
		"\t\t}", "\t}", "", "with the distances of rows and of places in bytes.")
	tiles, x, xrow, v, vplace := RAX, RBX, RCX, RDX, RSI
	load([]string{"tiles", "x", "xrow", "v", "vplace"}, tiles, x, xrow, v, vplace)
	xrow3, half := RDI, R8
	LEAQ(Mem{Base: xrow, Index: xrow, Scale: 2}, xrow3)
	p := newPlaces(v, vplace, R9, R10, R11, R12)
	d := func(i, j int) Mem {
		m := strided(x, xrow, xrow3, nil, i)
		m.Disp = j * pixel
		return m
	}
	halves(s, tiles, half, func() {
		for i, of := range [4][2]int{{0, 2}, {1, 2}, {2, 1}, {1, 3}} {
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
	}, func() { ADDQ(U8(pixel), x) })
	finish()
}

func winoOutput(s simd) {
	function("winoOutput"+s.suffix, "func(tiles int, m *float32, mplace int, bias, y *float32, yrow int, check *float32)",
		"\tfor t < tiles and lane {",
		"\t\tfor j < 4 {",
		"\t\t\te[0][j] = m[j][t][lane] + m[4+j][t][lane] + m[8+j][t][lane]",
		"\t\t\te[1][j] = m[4+j][t][lane] - m[8+j][t][lane] - m[12+j][t][lane]",
		"\t\t}",
		"\t\tfor i < 2 {",
		"\t\t\ty[i][2*t][lane] = bias[lane] + e[i][0] + e[i][1] + e[i][2]",
		"\t\t\ty[i][2*t+1][lane] = bias[lane] + e[i][1] - e[i][2] - e[i][3]",
		"\t\t\tcheck[lane%8] += 0 * (y[i][2*t][lane] + y[i][2*t+1][lane])",
		"\t\t}", "\t}", "", "with the distances of rows and of places in bytes: check is NaN if not all results are finite.")
	tiles, m, mplace, bias, y, yrow, check := RAX, RBX, RCX, RDX, RSI, RDI, R8
	load([]string{"tiles", "m", "mplace", "bias", "y", "yrow", "check"}, tiles, m, mplace, bias, y, yrow, check)
	half := R9
	p := newPlaces(m, mplace, R10, R11, R12, R13)
	none, seen := s.reg[15], s.reg[14]
	zero(none)
	VMOVUPS(at(check, 0), seen)
	halves(s, tiles, half, func() {
		e0, e1, t := s.reg[0:4], s.reg[4:8], s.reg[8:12]
		for j := range 4 {
			VMOVUPS(p.at(1, j), e0[j])
			VMOVUPS(p.at(2, j), t[j])
			VSUBPS(t[j], e0[j], e1[j])
			VADDPS(t[j], e0[j], e0[j])
			VADDPS(p.at(0, j), e0[j], e0[j])
			VSUBPS(p.at(3, j), e1[j], e1[j])
		}
		for i, e := range [][]VecPhysical{e0, e1} {
			left, right := t[0], t[1]
			VADDPS(at(bias, 0), e[1], left)
			VSUBPS(e[2], left, right)
			VADDPS(e[2], left, left)
			VADDPS(e[0], left, left)
			VSUBPS(e[3], right, right)
			row := Mem{Base: y}
			if i == 1 {
				row = Mem{Base: y, Index: yrow, Scale: 1}
			}
			VMOVUPS(left, row)
			row.Disp = pixel
			VMOVUPS(right, row)
			VADDPS(left, right, right)
			VFMADD231PS(none, right, seen)
		}
		ADDQ(U8(s.bytes), y)
		ADDQ(U8(s.bytes), bias)
		p.forward(s.bytes)
	}, func() {
		ADDQ(U8(pixel), y)
		SUBQ(U8(pixel), bias)
	})
	VMOVUPS(seen, at(check, 0))
	finish()
}

func winoWeights(s simd) {
	function("winoWeights"+s.suffix, "func(n int, w *float32, tap, step int, u *float32, uplace int, half *float32)",
		"\tfor k < n and lane < 8 {",
		"\t\tg[i][j] = w[k*step + (3*i+j)*tap + lane] for i, j < 3",
		"\t\te = {g[0], (g[0]+g[1]+g[2])/2, (g[0]-g[1]+g[2])/2, g[2]}",
		"\t\tfor i < 4 {",
		"\t\t\tu[4*i+0][k][lane], u[4*i+3][k][lane] = e[i][0], e[i][2]",
		"\t\t\tu[4*i+1][k][lane] = (e[i][0]+e[i][1]+e[i][2])/2",
		"\t\t\tu[4*i+2][k][lane] = (e[i][0]-e[i][1]+e[i][2])/2",
		"\t\t}", "\t}", "", "with all distances in bytes; half is 0.5.")
	n, w, tap, step, u, uplace, half := RAX, RBX, RCX, RDX, RSI, RDI, R8
	load([]string{"n", "w", "tap", "step", "u", "uplace", "half"}, n, w, tap, step, u, uplace, half)
	ptr := R9
	p := newPlaces(u, uplace, R10, R11, R12, R13)
	by2 := s.reg[15]
	VBROADCASTSS(at(half, 0), by2)
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
	p.forward(pixel)
	DECQ(n)
	JNZ(LabelRef("channel"))
	finish()
}
