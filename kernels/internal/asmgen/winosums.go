package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Winograd's F(3x3, 2x2), the gradient of the weights of F(2x2, 3x3), is its transpose: the input is transformed as there, the gradient of
// the output by what otherwise brings products back, and what is added up at 16 places becomes 9 taps by what otherwise transforms weights.
func winoGradient(s simd) {
	for _, of := range []winoGroup{{"16", s.reg}, {"8", halfRegisters}} {
		winoSums(s, of)
		winoTaps(s, of)
	}
}

// winoGroup is a kind of group that kernels add up for: 16 input channels with all 16 lanes, or either half of the channels with its lanes.
type winoGroup struct {
	name string
	reg  []VecPhysical
}

var halfRegisters = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15,
	Y16, Y17, Y18, Y19, Y20, Y21, Y22, Y23, Y24, Y25, Y26, Y27, Y28, Y29, Y30, Y31}

const (
	winoHalves   = 2 // of the input channels, which sums are taken of one after the other
	winoChannels = 8 // of a half
)

// vector is the bytes of the lanes that see the same input channels.
func (g winoGroup) vector() int { return int(g.reg[0].Size()) }

// firstLane is where in a pixel, in bytes, the lanes begin that see a half of the input channels.
func (g winoGroup) firstLane(half int) int { return half * (pixel - g.vector()) }

// sum is where the sum of a place of a pair with channel k of a half begins, in bytes.
func (g winoGroup) sum(pair, half, which, k int) int {
	return (((pair*winoHalves+half)*2+which)*winoChannels + k) * g.vector()
}

// layout describes, for comments, where sums are.
func (g winoGroup) layout() string {
	return fmt.Sprintf("[pair][half][second][k < %d][lane < %d]", winoChannels, g.vector()/4)
}

// lanes are, for comments, those of a pixel that see a half of the channels.
func (g winoGroup) lanes() string {
	if g.vector() == pixel {
		return "[lane]"
	}
	return fmt.Sprintf("[half*%d+lane]", g.vector()/4)
}

// tap is, for comments, where the taps of a channel of a half are.
func (g winoGroup) tap() string {
	if g.vector() == pixel {
		return fmt.Sprintf("[half*%d+k]", winoChannels)
	}
	return "[k]"
}

// winoPairs are places of a tile of 4x4, (row, column), by two that need the same gradients and are added up together.
var winoPairs = [8][2][2]int{
	{{0, 0}, {0, 3}}, {{0, 1}, {0, 2}}, {{1, 0}, {2, 0}}, {{1, 1}, {2, 1}},
	{{1, 2}, {2, 2}}, {{1, 3}, {2, 3}}, {{3, 1}, {3, 2}}, {{3, 0}, {3, 3}},
}

// winoSums writes the sums over tiles, for two places and half of the input channels at a time.
func winoSums(s simd, g winoGroup) {
	function("winoSums"+g.name+s.suffix,
		"func(images, rows, cols int, v *float32, vplace int, dy *float32, dyrow, dynext int, zeros *float32, odd int, second, add uint16, sums, nextdy, nextx *float32)",
		"\tfor image < images, row < rows and col < cols {",
		"\t\td[i][j] = dy[2*row+i][2*col+j] for i, j < 2",
		"\t\te = {{1, 0}, {1, 1}, {1, -1}, {0, 1}} d {{1, 1, 1, 0}, {0, 1, -1, 1}}",
		fmt.Sprintf("\t\tsums%s += v[place][tile][half*%d+k] * e[place]%s", g.layout(), winoChannels, g.lanes()),
		"\t\tafter the last row: dy = dy + dynext",
		"\t}", "",
		"with distances in bytes. Pairs of places are (0,0) and (0,3), (0,1) and (0,2), (1,0) and (2,0), (1,1) and (2,1), (1,2) and (2,2), (1,3) and",
		"(2,3), (3,1) and (3,2), (3,0) and (3,3). The last row of tiles has but one row of dy if odd is 1, and zeros are as many as it has; second",
		"is the mask of the second column of the last tile of a row. The mask add is zero if there are no sums yet. Where dy and x of the next call",
		"begin, it prefetches what lies as dy does, each with half of the pairs.")
	rows, n, above, below, dyrow, sums := RAX, RBX, RSI, RDI, R8, R9
	v, ahead, skip, zeros, images := [2]GPPhysical{RCX, RDX}, [2]GPPhysical{R10, R11}, R12, R13, R14
	load([]string{"dyrow", "sums", "nextdy", "nextx", "cols", "zeros"}, dyrow, sums, ahead[0], ahead[1], skip, zeros)
	for _, a := range ahead {
		SUBQ(argument("dy"), a)
	}
	SHLQ(U8(7), skip) // from the end of a row of tiles to the next one
	NEGQ(skip)
	LEAQ(Mem{Base: skip, Index: dyrow, Scale: 2}, skip)
	KMOVW(argument("second"), K2)
	KMOVW(argument("add"), K3)
	for pair, places := range winoPairs {
		for half := range winoHalves {
			label := func(of string) string { return fmt.Sprintf("%s%d_%d", of, pair, half) }
			acc := func(which, k int) VecPhysical { return g.reg[which*winoChannels+k] }
			zero(s.reg[:2*winoChannels]...)
			for which, place := range places {
				Load(Param("vplace"), v[which])
				IMUL3Q(U8(4*place[0]+place[1]), v[which], v[which])
				ADDQ(argument("v"), v[which])
			}
			Load(Param("dy"), above)
			Load(Param("images"), images)
			Label(label("image"))
			Load(Param("rows"), rows)
			Label(label("row"))
			LEAQ(Mem{Base: above, Index: dyrow, Scale: 1}, below)
			CMPQ(rows, argument("odd"))
			CMOVQEQ(zeros, below)
			KXNORW(K1, K1, K1)
			Load(Param("cols"), n)
			Label(label("tile"))
			CMPQ(n, U8(1))
			JNE(LabelRef(label("both")))
			KMOVW(K2, K1)
			Label(label("both"))
			if half == 0 { // one of the four pixels, of dy and then of x
				PREFETCHT1(Mem{Base: []GPPhysical{above, below}[pair%4/2], Disp: pair % 2 * pixel, Index: ahead[pair/4], Scale: 1})
			}
			winoGradients(places, func(i, j int, to VecPhysical) {
				m := at([]GPPhysical{above, below}[i], j*pixel+g.firstLane(half))
				if j == 0 {
					VMOVUPS(m, to)
				} else {
					VMOVUPS_Z(m, K1, to)
				}
			}, g.reg[16:])
			for k := range winoChannels {
				for which := range 2 {
					c := k ^ 4*which // equal channels of the two places would hinder each other in the cache
					VFMADD231PS_BCST(at(v[which], (half*winoChannels+c)*4), g.reg[16+which], acc(which, c))
				}
			}
			ADDQ(U8(pixel), v[0])
			ADDQ(U8(pixel), v[1])
			SUBQ(I8(-2*pixel), above)
			SUBQ(I8(-2*pixel), below)
			DECQ(n)
			JNZ(LabelRef(label("tile")))
			ADDQ(skip, above)
			DECQ(rows)
			JNZ(LabelRef(label("row")))
			ADDQ(argument("dynext"), above)
			DECQ(images)
			JNZ(LabelRef(label("image")))
			for i := range 2 * winoChannels {
				m := at(sums, g.sum(pair, half, 0, i))
				VADDPS(m, g.reg[i], K3, g.reg[i])
				VMOVUPS(g.reg[i], m)
			}
		}
	}
	finish()
}

// winoGradients puts the transformed gradients of two places into the first two registers. dy loads a pixel of a tile.
func winoGradients(places [2][2]int, dy func(i, j int, to VecPhysical), reg []VecPhysical) {
	first, second := places[0], places[1]
	corner := first[0]%3 == 0 && first[1]%3 == 0
	for i := range 2 { // what the two places are, or the sum and difference of
		to := reg[2+i]
		switch {
		case corner:
			dy(places[i][0]/3, places[i][1]/3, reg[i])
		case first[0] == second[0]:
			dy(first[0]/3, i, to)
		case first[1]%3 == 0:
			dy(i, first[1]/3, to)
		default:
			dy(i, 0, to)
			dy(i, 1, reg[4+i])
			if first[1] == 1 {
				VADDPS(reg[4+i], to, to)
			} else {
				VSUBPS(reg[4+i], to, to)
			}
		}
	}
	if !corner {
		VADDPS(reg[3], reg[2], reg[0])
		VSUBPS(reg[3], reg[2], reg[1])
	}
}

// winoTaps writes the transform of sums to taps. The sums of the last column of places have the wrong sign.
func winoTaps(s simd, g winoGroup) {
	function("winoTaps"+g.name+s.suffix, "func(sums, dw, half, check *float32)",
		"\tfor half < 2, k and lane {",
		"\t\tu[i][j] = sums"+g.layout()+" of place (i, j)",
		"\t\te = {u[0] + (u[1]+u[2])/2, (u[1]-u[2])/2, (u[1]+u[2])/2 + u[3]}",
		"\t\tfor i < 3 {",
		"\t\t\tt[3*i], t[3*i+1], t[3*i+2] = e[i][0] + (e[i][1]+e[i][2])/2, (e[i][1]-e[i][2])/2, (e[i][1]+e[i][2])/2 - e[i][3]",
		"\t\t}",
		fmt.Sprintf("\t\tdw%s[tap]%s = t[tap] for tap < 9", g.tap(), g.lanes()),
		"\t\tcheck[lane] += 0 * t[tap]",
		"\t}", "", "half is 0.5, and check is NaN if not all taps are finite.")
	sums, dw, ptr, k := RAX, RBX, RCX, RDX
	by2, none, seen := g.reg[28], g.reg[29], g.reg[30]
	Load(Param("half"), ptr)
	VBROADCASTSS(at(ptr, 0), by2)
	Load(Param("check"), ptr)
	VMOVUPS(at(ptr, 0), seen)
	zero(s.reg[29])
	u := func(i, j int) VecPhysical { return g.reg[4*j+i] }
	// mix makes the three sums of a column or row of four, in place of the first three.
	mix := func(a, b, c, d VecPhysical, minus bool, t VecPhysical) {
		VADDPS(c, b, t)
		VSUBPS(c, b, b)
		VFMADD231PS(by2, t, a)
		VMULPS(by2, b, b)
		VMOVAPS(d, c)
		if minus {
			VFMSUB231PS(by2, t, c)
		} else {
			VFMADD231PS(by2, t, c)
		}
	}
	for half := range winoHalves {
		load([]string{"sums", "dw"}, sums, dw)
		ADDQ(U32(g.sum(0, half, 0, 0)), sums)
		if offset := half * 9 * winoChannels * pixel; g.vector() == pixel {
			ADDQ(U32(offset), dw)
		} else {
			ADDQ(U8(g.firstLane(half)), dw)
		}
		MOVQ(U32(winoChannels), k)
		channel := fmt.Sprintf("channel%d", half)
		Label(channel)
		for pair, places := range winoPairs {
			for which, place := range places {
				VMOVUPS(at(sums, g.sum(pair, 0, which, 0)), u(place[0], place[1]))
			}
		}
		for j := range 4 {
			mix(u(0, j), u(1, j), u(2, j), u(3, j), false, g.reg[16+j])
		}
		for i := range 3 {
			mix(u(i, 0), u(i, 1), u(i, 2), u(i, 3), true, g.reg[20+i])
			for j := range 3 {
				VMOVUPS(u(i, j), at(dw, (3*i+j)*pixel))
				VFMADD231PS(none, u(i, j), seen)
			}
		}
		ADDQ(U32(g.vector()), sums)
		ADDQ(U32(9*pixel), dw)
		DECQ(k)
		JNZ(LabelRef(channel))
	}
	VMOVUPS(seen, at(ptr, 0))
	finish()
}
