package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// With a stride of 1 all nine taps are written out, so that nothing but the padding above and below is asked about, once for a channel:
// comparisons and jumps take the multiply-adds' execution ports. An edged kernel is for tiles as wide as the output with padding at both
// ends, which it leaves out; others see zeros there.

func (p *planeConv) unrolled() bool { return p.sh.stride == 1 }

// docUnrolled is what such kernels take for granted.
func (p *planeConv) docUnrolled() (doc string) {
	if p.unrolled() {
		doc = " kh is 3 and wrow 3*wcol"
		if p.edged {
			doc += ", tiles, left and right are 1"
		}
		doc += "."
	}
	return doc
}

// beginUnrolled makes K1 and K2 masks that leave nothing of the first and of the last pixel of a row if they are padding.
func (p *planeConv) beginUnrolled(tmp GPPhysical) {
	LEAQ(Mem{Base: p.wcol, Index: p.wcol, Scale: 2}, p.hLeft)
	if p.edged {
		return
	}
	for i, edge := range []Mem{p.left, p.right} {
		MOVQ(edge, tmp)
		DECQ(tmp)
		KMOVW(tmp.As32(), []OpmaskPhysical{K1, K2}[i])
	}
}

// allTaps adds the products of a channel.
func (p *planeConv) allTaps() {
	second, middle, wcol3 := p.row, p.w, p.hLeft
	LEAQ(Mem{Base: p.wk, Index: wcol3, Scale: 1}, middle)
	LEAQ(Mem{Base: p.x, Index: p.xrow, Scale: 1}, second)
	weights := [9]Mem{{Base: p.wk}, {Base: p.wk, Index: p.wcol, Scale: 1}, {Base: p.wk, Index: p.wcol, Scale: 2},
		{Base: middle}, {Base: middle, Index: p.wcol, Scale: 1}, {Base: middle, Index: p.wcol, Scale: 2},
		{Base: middle, Index: wcol3, Scale: 1}, {Base: middle, Index: p.wcol, Scale: 4}, {Base: p.wk, Index: p.wcol, Scale: 8}}
	input := [6]Mem{{Base: p.x}, {Base: second}, {Base: p.x, Index: p.xrow, Scale: 2}, {Base: second, Index: p.xrow, Scale: 2},
		{Base: p.x, Index: p.xrow, Scale: 4}, {Base: second, Index: p.xrow, Scale: 4}}
	for h := range 3 {
		for v := range 3 {
			VMOVUPS(weights[3*h+v], p.weights[v])
		}
		for r := range p.rows {
			skip := ""
			switch {
			case h == 0 && r == 0:
				skip = "top"
				CMPQ(argument("top"), U8(0))
			case h == 2 && r == p.rows-1:
				skip = "bottom"
				CMPQ(p.last, U8(0))
			}
			if skip != "" {
				JNE(LabelRef(skip))
			}
			p.unrolledPixels(input[r+h], r)
			if skip != "" {
				Label(skip)
			}
		}
	}
}

// unrolledPixels adds the products of a row of pixels and a row of taps for row r of the tile.
func (p *planeConv) unrolledPixels(row Mem, r int) {
	last := p.cols + 1
	for q := range last + 1 {
		edge := q == 0 || q == last
		if edge && p.edged {
			continue
		}
		v, m := p.scratch(len(p.spare)), row.Offset(q*pixel)
		switch {
		case edge:
			VBROADCASTSS_Z(m, []OpmaskPhysical{K1, K2}[b2i(q > 0)], v)
		default:
			VBROADCASTSS(m, v)
		}
		for tap := range 3 {
			if col := q - tap; col >= 0 && col < p.cols {
				VFMADD231PS(p.weights[tap], v, p.acc(r, col))
			}
		}
	}
}
