package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// groupGradFamily writes the gradients of the weights of a row of three taps for groups of four or eight channels. They read x and dy as
// they lie, without padding: the first and the last pixel of a row have code of their own, for taps that fall on padding.
func groupGradFamily(s simd) {
	for _, l := range []lookup{quad, perm} {
		for _, stride := range []int{1, 2} {
			groupGrad(s, l, stride)
		}
	}
}

func groupGrad(s simd, l lookup, stride int) {
	channels := map[string]int{"Quad": 4, "Perm": 8}[l.name]
	name := fmt.Sprintf("groupGrad%s3s%d%s", l.name, stride, s.suffix)
	tabulate(l, shape{3, stride}, fmt.Sprintf("%d, %s", channels, name))
	doc := l.doc
	if l == perm {
		doc = "x[pixel+octChannel(k, lane)]"
	}
	function(name, "func(rows, width int, x *float32, xskip int, dy, dw, ahead *float32, even int)",
		"\tfor row < rows, col < width, k, v < 3 and lane {",
		fmt.Sprintf("\t\tpixel := x + (col*%d+v-1)*16", stride),
		"\t\tdw[k][v][lane] += dy[row*width+col][lane] * "+doc,
		fmt.Sprintf("\t\tx += (width*%d)*16 + xskip after each row", stride),
		"\t}", "", "for width >= 2, with xskip in bytes. What lies before and after a row is skipped; even is 1 if the row of x is as wide as dy's with the",
		"stride, 0 if one pixel less. It prefetches what follows ahead.")
	rows, width, x, xskip, dy, ahead, left, tmp := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9
	load([]string{"rows", "width", "x", "xskip", "dy", "ahead"}, rows, width, x, xskip, dy, ahead)
	n := channels * 3
	g := &grad{s: s, l: l, sh: shape{3, stride}, kh: 1, k: channels, delay: s.reg[n:][:3], spare: s.reg[n+3:]}
	zero(s.reg[:n]...)
	next, now, before := 0, 1, 2 // of dy
	forward := func() {
		for i := range stride {
			PREFETCHT0(at(ahead, i*pixel))
		}
		ADDQ(U32(stride*pixel), ahead)
		ADDQ(U32(stride*pixel), x)
		ADDQ(U8(pixel), dy)
	}
	shift := func() {
		if stride == 1 {
			VMOVAPS(g.delay[now], g.delay[before])
		}
		VMOVAPS(g.delay[next], g.delay[now])
	}
	Label("row")
	VMOVUPS(at(dy, 0), g.delay[now])
	MOVQ(width, left)
	DECQ(left)
	inner := func() {
		VMOVUPS(at(dy, pixel), g.delay[next])
		if stride == 2 {
			g.taps(at(x, 0), map[int]int{1: now})
			g.taps(at(x, pixel), map[int]int{0: next, 2: now})
		} else {
			g.taps(at(x, 0), map[int]int{0: next, 1: now, 2: before})
		}
	}
	if stride == 1 {
		VMOVUPS(at(dy, pixel), g.delay[next])
		g.taps(at(x, 0), map[int]int{0: next, 1: now})
		shift()
		forward()
		DECQ(left)
		JZ(LabelRef("last"))
	}
	Label("pixel")
	inner()
	shift()
	forward()
	DECQ(left)
	JNZ(LabelRef("pixel"))
	Label("last")
	if stride == 1 {
		g.taps(at(x, 0), map[int]int{1: now, 2: before})
	} else {
		g.taps(at(x, 0), map[int]int{1: now})
		CMPQ(argument("even"), U8(0))
		JEQ(LabelRef("end"))
		g.taps(at(x, pixel), map[int]int{2: now})
		Label("end")
	}
	forward()
	ADDQ(xskip, x)
	DECQ(rows)
	JNZ(LabelRef("row"))
	Load(Param("dw"), tmp)
	for i := range n {
		m := at(tmp, i*s.bytes)
		VADDPS(m, s.reg[i], s.reg[i])
		VMOVUPS(s.reg[i], m)
	}
	finish()
}

// taps adds the products of a pixel of input with the pixels of dy that see it: delays by tap.
func (g *grad) taps(m Mem, delays map[int]int) {
	n := len(g.spare)
	whole, swapped := g.spare[n-1], g.spare[n-2]
	VMOVUPS(m, whole)
	if g.k > 4 {
		VSHUFF32X4(U8(0xb1), whole, whole, swapped)
	}
	for k := range g.k {
		from := whole
		if k >= 4 {
			from = swapped
		}
		g.turn++
		t := g.spare[g.turn%(n-2)]
		VPERMILPS(U8(k%4*0x55), from, t)
		for v := range g.sh.kw {
			if d, ok := delays[v]; ok {
				VFMADD231PS(g.delay[d], t, g.acc(0, k, v))
			}
		}
	}
}
