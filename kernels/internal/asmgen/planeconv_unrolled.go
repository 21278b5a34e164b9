package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Except in gradients with a stride all nine taps are written out, so that nothing but the padding above and below is asked about, once
// for a channel: comparisons and jumps take the multiply-adds' execution ports. An edged kernel is for tiles as wide as the output with
// padding at both ends, which it leaves out; others mask it.

func (p *planeConv) unrolled() bool { return p.sh.stride != half }

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

// beginUnrolled computes the distance of rows of taps.
func (p *planeConv) beginUnrolled() {
	LEAQ(Mem{Base: p.wcol, Index: p.wcol, Scale: 2}, p.hLeft)
}

// allTaps adds the products of a channel.
func (p *planeConv) allTaps() {
	middle, wcol3 := p.w, p.hLeft
	LEAQ(Mem{Base: p.wk, Index: wcol3, Scale: 1}, middle)
	weights := [9]Mem{{Base: p.wk}, {Base: p.wk, Index: p.wcol, Scale: 1}, {Base: p.wk, Index: p.wcol, Scale: 2},
		{Base: middle}, {Base: middle, Index: p.wcol, Scale: 1}, {Base: middle, Index: p.wcol, Scale: 2},
		{Base: middle, Index: wcol3, Scale: 1}, {Base: middle, Index: p.wcol, Scale: 4}, {Base: p.wk, Index: p.wcol, Scale: 8}}
	input := p.rowsOfInput()
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
			p.pixels(input[r*p.sh.stride+h], r)
			if skip != "" {
				Label(skip)
			}
		}
	}
}

// rowsOfInput is where the rows of input of a tile are at this channel.
func (p *planeConv) rowsOfInput() []Mem {
	second, seventh := p.row, p.ptr
	LEAQ(Mem{Base: p.x, Index: p.xrow, Scale: 1}, second)
	if p.sh.stride*(p.rows-1)+3 > 6 {
		LEAQ(Mem{Base: p.x, Index: p.xrow, Scale: 2}, seventh)
		LEAQ(Mem{Base: seventh, Index: p.xrow, Scale: 4}, seventh)
	}
	return []Mem{{Base: p.x}, {Base: second}, {Base: p.x, Index: p.xrow, Scale: 2}, {Base: second, Index: p.xrow, Scale: 2},
		{Base: p.x, Index: p.xrow, Scale: 4}, {Base: second, Index: p.xrow, Scale: 4},
		{Base: seventh}, {Base: seventh, Index: p.xrow, Scale: 1}, {Base: p.x, Index: p.xrow, Scale: 8}}
}
