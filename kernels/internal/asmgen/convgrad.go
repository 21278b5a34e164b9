package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// convgradFamily writes the gradients of the weights between a block of output channels and some input channels. Both x and dy are
// padded to the same pitch, so that one pass over the pixels meets no borders.
func convgradFamily(s simd) {
	for _, sh := range []shape{{3, 1}, {3, 2}} {
		convGrad(s, own, sh, 3, 1)
		convGrad(s, quad, sh, 1, 4)
		if s.bytes == 64 {
			convGrad(s, perm, sh, 1, 8)
			convGrad(s, wide, sh, 1, 8)
		}
		convGrad(s, wide, sh, 1, 4)
	}
	if s.bytes == 64 {
		planeGrad(s, 1)
		planeGrad(s, 2)
	}
	// What is left of the registers decides how many input channels and rows of taps a call takes.
	if s.bytes == 32 {
		convGrad(s, wide, shape{3, 1}, 1, 3)
		convGrad(s, wide, shape{4, 1}, 1, 2)
		convGrad(s, wide, shape{4, 2}, 1, 2)
		convGrad(s, wide, shape{5, 1}, 1, 2)
		convGrad(s, wide, shape{5, 2}, 1, 2)
		convGrad(s, wide, shape{3, 3}, 1, 4)
		convGrad(s, wide, shape{7, 2}, 1, 1)
	} else {
		convGrad(s, wide, shape{3, 1}, 3, 3)
		convGrad(s, wide, shape{4, 1}, 1, 4)
		convGrad(s, wide, shape{4, 2}, 1, 4)
		convGrad(s, wide, shape{5, 1}, 1, 4)
		convGrad(s, wide, shape{5, 2}, 1, 4)
		convGrad(s, wide, shape{3, 3}, 1, 8)
		convGrad(s, perm, shape{3, 3}, 1, 8)
		convGrad(s, wide, shape{7, 2}, 1, 3)
	}
	for _, kw := range []int{5, 7} {
		convGrad(s, own, shape{kw, 1}, 1, 1)
		convGrad(s, own, shape{kw, 2}, 1, 1)
	}
}

// grad is the register allocation of a gradient kernel: accumulators for kh x k x kw weights, the last few dy pixels, and scratch.
type grad struct {
	s     simd
	l     lookup
	sh    shape
	kh, k int
	delay []VecPhysical // dy of this pixel and of those before it
	spare []VecPhysical
	turn  int
}

func (g *grad) acc(h, k, v int) VecPhysical { return g.s.reg[(h*g.k+k)*g.sh.kw+v] }

func convGrad(s simd, l lookup, sh shape, kh, k int) {
	name := fmt.Sprintf("convGrad%s%ds%d_%dx%d%s", l.name, sh.kw, sh.stride, kh, k, s.suffix)
	doc := l.doc
	if l == perm {
		doc = "x[pixel+octChannel(k, lane)]"
	}
	tabulate(l, sh, fmt.Sprintf("%d, %d, %s", kh, k, name))
	function(name, "func(rows, width int, x *float32, xrow, xskip int, dy, dw, ahead *float32)",
		"\tfor row := range rows {",
		"\t\tfor col := range width {",
		fmt.Sprintf("\t\t\tfor h < %d, k < %d, v < %d and lane {", kh, k, sh.kw),
		fmt.Sprintf("\t\t\t\tpixel := x + h*xrow + (col*%d+v)*16", sh.stride),
		"\t\t\t\tdw[h][k][v][lane] += dy[row*width+col][lane] * "+doc,
		"\t\t\t}", "\t\t}",
		fmt.Sprintf("\t\tx += width*%d*16 + xskip", sh.stride),
		"\t}", "",
		fmt.Sprintf("with all distances in bytes, for rows of dy that end in %d zero pixels. It prefetches what follows ahead.", (sh.kw-1)/sh.stride))
	n := kh * k * sh.kw
	delays := (sh.kw-1)/sh.stride + 1
	g := &grad{s: s, l: l, sh: sh, kh: kh, k: k, delay: s.reg[n:][:delays], spare: s.reg[n+delays:]}
	rows, width, x, xrow, xskip, dy, dw, left, ptr := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, R10
	load([]string{"rows", "width", "x", "xrow", "xskip", "dy", "dw"}, rows, width, x, xrow, xskip, dy, dw)
	ahead := R11
	Load(Param("ahead"), ahead)
	zero(s.reg[:n+delays]...)
	Label("row")
	MOVQ(width, left)
	Label("pixel")
	for q := range sh.stride {
		PREFETCHT0(at(ahead, q*pixel))
	}
	ADDQ(U32(sh.stride*pixel), ahead)
	VMOVUPS(at(dy, 0), g.delay[0])
	MOVQ(x, ptr)
	for h := range kh {
		for q := range sh.stride {
			g.pixel(at(ptr, q*pixel), h, q)
		}
		if h < kh-1 {
			ADDQ(xrow, ptr)
		}
	}
	for d := delays - 1; d > 0; d-- {
		VMOVAPS(g.delay[d-1], g.delay[d])
	}
	ADDQ(U8(pixel), dy)
	ADDQ(U32(sh.stride*pixel), x)
	DECQ(left)
	JNZ(LabelRef("pixel"))
	ADDQ(xskip, x)
	DECQ(rows)
	JNZ(LabelRef("row"))
	for i := range n {
		m := at(dw, i*s.bytes)
		VADDPS(m, s.reg[i], s.reg[i])
		VMOVUPS(s.reg[i], m)
	}
	finish()
}

// pixel adds the products of one input pixel with the dy of all output pixels that see it.
func (g *grad) pixel(m Mem, h, q int) {
	var whole, swapped VecPhysical
	if g.l == perm {
		n := len(g.spare)
		whole, swapped = g.spare[n-1], g.spare[n-2]
		g.spare = g.spare[:n-2]
		VMOVUPS(m, whole)
		VSHUFF32X4(U8(0xb1), whole, whole, swapped)
		defer func() { g.spare = g.spare[:n] }()
	}
	for k := range g.k {
		g.turn++
		t := g.spare[g.turn%len(g.spare)]
		switch {
		case g.l == own:
			VMOVUPS(m, t)
		case g.l == wide:
			lane := m
			lane.Disp += 4 * k
			VBROADCASTSS(lane, t)
		case g.l == quad:
			VPERMILPS(U8(k*0x55), m, t)
		case k < 4:
			VPERMILPS(U8(k*0x55), whole, t)
		default:
			VPERMILPS(U8((k-4)*0x55), swapped, t)
		}
		for v := q; v < g.sh.kw; v += g.sh.stride {
			VFMADD231PS(g.delay[v/g.sh.stride], t, g.acc(h, k, v))
		}
	}
}
