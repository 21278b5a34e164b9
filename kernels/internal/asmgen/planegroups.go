package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The part of planeConv that groups of four and eight channels have of their own. The loop over their channels is unrolled, because
// permutations within 128 bits take the channel as a constant and then cost nothing beside multiply-adds.

// addGroups adds the products of the plane, a row of taps at a time.
func (p *planeConv) addGroups(xt GPPhysical) {
	pixels, rows := p.between()
	MOVQ(xt, p.row)
	load([]string{"w", "kh"}, p.w, p.hLeft)
	Label("h")
	if p.rows == 1 { // the whole row of taps is skipped, or nothing
		p.skipPadding(argument("top"), "skip")
		p.skipPadding(p.last, "skip")
	}
	for i := range p.channels() {
		p.fetch(p.ahead, p.rows*rows*pixels, i)
		p.fetch(p.outAhead, p.rows*p.cols, i)
		k := i
		if p.l == perm { // near and far channels by turns: only the far ones' permutations take time from multiply-adds
			k = i%2*4 + i/2
		}
		p.taps(k)
	}
	if p.rows == 1 {
		Label("skip")
	}
	ADDQ(p.xrow, p.row)
	ADDQ(argument("wrow"), p.w)
	DECQ(p.hLeft)
	JNZ(LabelRef("h"))
}

// aheadOfGroups begins what a row of tiles fetches.
func (p *planeConv) aheadOfGroups(xt GPPhysical) {
	MOVQ(xt, p.ahead)
	ADDQ(argument("ahead"), p.ahead)
}

// outAheadOfGroups begins what a tile fetches of the next one's output, so that it arrives before it is stored.
func (p *planeConv) outAheadOfGroups(xt, yt GPPhysical) {
	LEAQ(at(yt, p.rows*p.cols*pixel), p.outAhead)
	CMPQ(argument("past"), U8(0))
	CMOVQNE(xt, p.outAhead) // is in cache
}

// fetch brings what falls to step i of a row of taps, of n lines for the whole tile.
func (p *planeConv) fetch(from GPPhysical, n, i int) {
	taps := 3
	if p.sh.stride == half { // one or two
		taps = 2
	}
	n = (n + taps - 1) / taps
	for line := n * i / p.channels(); line < n*(i+1)/p.channels(); line++ {
		PREFETCHT0(at(from, line*pixel))
	}
	if i == p.channels()-1 {
		ADDQ(U32(n*pixel), from)
	}
}

// lookUp makes, from the channels of a pixel, what every lane sees as the k-th channel. Of groups of eight these are the four within 128
// bits first, then those of the 128 bits beside them.
func (p *planeConv) lookUp(m Mem, v VecPhysical, k int) {
	const swap = 0x4e // 128 bits with their neighbours
	switch {
	case p.l == wide:
		VBROADCASTSS(m, v)
	case k < 4:
		VPERMILPS(U8(k*0x55), m, v)
	default:
		VPERMPD(U8(swap), m, v)
		VPERMILPS(U8((k-4)*0x55), v, v)
	}
}
