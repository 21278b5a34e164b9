package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tapSumsFamily writes convolutions whose vectors run along the pixels of one channel, so that groups of any width fill them.
func tapSumsFamily(s simd) {
	tiles := [][2]int{{8, 3}, {4, 6}, {2, 6}}
	if s.bytes == 32 {
		tiles = [][2]int{{4, 3}, {2, 6}}
	}
	for _, t := range tiles {
		tapSums(s, t[0], t[1])
	}
}

func tapSums(s simd, rows, cols int) {
	floats := cols * s.lanes()
	function(fmt.Sprintf("tapSums%dx%d%s", rows, cols, s.suffix),
		"func(n, channels, taps int, x *float32, ldx int, table *int, w, bias, y *float32, ldy int)",
		fmt.Sprintf("\tfor i < %d and l < n*%d {", rows, floats),
		"\t\ty[i*ldy+l] = bias[i]",
		"\t\tfor k < channels and t < taps {",
		fmt.Sprintf("\t\t\ty[i*ldy+l] += w[(k*taps+t)*%d+i] * x[k*ldx+table[t]+l]", rows),
		"\t\t}", "\t}", "",
		"with ldx, ldy and table in bytes.")
	n, x, ldx, table, w, y, ldy := RAX, RBX, RCX, RDX, RSI, RDI, R8
	channel, k, t, seen, tmp, bias := R9, R10, R11, R12, R13, R14
	load([]string{"n", "x", "ldx", "table", "bias", "y", "ldy"}, n, x, ldx, table, bias, y, ldy)
	acc := func(i, j int) VecPhysical { return s.reg[i*cols+j] }
	held, streamed := s.reg[rows*cols:][:min(rows, cols)], s.reg[rows*cols+min(rows, cols):]
	Label("tile")
	for i := range rows {
		VBROADCASTSS(at(bias, 4*i), acc(i, 0))
		for j := 1; j < cols; j++ {
			VMOVAPS(acc(i, 0), acc(i, j))
		}
	}
	MOVQ(x, channel)
	Load(Param("w"), w)
	Load(Param("channels"), k)
	Label("channel")
	XORQ(t, t)
	Label("tap")
	MOVQ(Mem{Base: table, Index: t, Scale: 8}, seen)
	ADDQ(channel, seen)
	pixels := func(j int, v VecPhysical) { VMOVUPS(at(seen, j*s.bytes), v) }
	weight := func(i int, v VecPhysical) { VBROADCASTSS(at(w, 4*i), v) }
	if rows < cols {
		for i, v := range held {
			weight(i, v)
		}
		for j := range cols {
			v := streamed[j%len(streamed)]
			pixels(j, v)
			for i := range rows {
				VFMADD231PS(held[i], v, acc(i, j))
			}
		}
	} else {
		for j, v := range held {
			pixels(j, v)
		}
		for i := range rows {
			v := streamed[i%len(streamed)]
			weight(i, v)
			for j := range cols {
				VFMADD231PS(held[j], v, acc(i, j))
			}
		}
	}
	ADDQ(U8(4*rows), w)
	INCQ(t)
	CMPQ(t, argument("taps"))
	JNE(LabelRef("tap"))
	ADDQ(ldx, channel)
	DECQ(k)
	JNZ(LabelRef("channel"))
	MOVQ(y, tmp)
	for i := range rows {
		for j := range cols {
			VMOVUPS(acc(i, j), at(tmp, j*s.bytes))
		}
		if i < rows-1 {
			ADDQ(ldy, tmp)
		}
	}
	ADDQ(U32(4*floats), x)
	ADDQ(U32(4*floats), y)
	DECQ(n)
	JNZ(LabelRef("tile"))
	finish()
}
