package kernels

import (
	"fmt"
	"strings"
)

// Entry is one way in which an operation is computed. Dispatch lists them.
type Entry struct {
	Name string // e.g. "conv.quad"
	For  string // the cases it takes, best first
	From level  // the lowest instruction set that has it
}

// String is a line of the table that `groupnb doctor` prints.
func (e Entry) String() string { return fmt.Sprintf("%-16s %-8s %s", e.Name, e.From, e.For) }

var entries = []Entry{
	{"conv.point", "1x1, one group, blocked layout: product without packing the pixels", avx2},
	{"conv.depth", "depthwise 3x3 with a pixel of padding, stride 1 and 2, blocked layout: rows as they lie", avx512},
	{"conv.own", "depthwise 3x3, 5x5 and 7x7, stride 1 and 2: tiles of pixels, or whole rows for 3x3 with AVX2", avx2},
	{"conv.sweep", "3x3 with 4 or 8 channels per group and a pixel of padding, stride 1 to 3, blocked layout: columns of a band of rows", avx512},
	{"conv.quad", "3x3 with 4 channels per group, stride 1 and 2: tiles of pixels", avx2},
	{"conv.perm", "3x3 with 8 channels per group, stride 1 to 3: tiles of pixels", avx512},
	{"conv.wide", "3x3 with 16n channels per group, one group, or 4 and more per group without a better way, stride 1 to 3; 4x4 and 5x5, stride 1 and 2; 7x7, stride 2: tiles of pixels", avx2},
	{"conv.winograd", "3x3, 16n channels per group or one group, blocked layout, most of a tile inside, many pixels to a weight: F(2x2, 3x3); with AVX-512 also stride 2, F(2, 2) for the rows and columns of two taps, and the weight gradient of stride 1, and that of groups of 8: F(3x3, 2x2)", avx2},
	{"conv.taps", "2-D with 4 or more channels per group, any kernel, stride, dilation and padding, blocked layout, where there is no better way, and the gradient of its input: runs of pixels with a table of taps", avx512},
	{"conv.lanes", "3x3 with 8 channels per group, a pixel of padding and stride 1, blocked layout, maps wide enough: F(2x2, 3x3) with tiles of a row as lanes", avx512},
	{"conv.stem", "up to 15 plain channels to the blocked layout, one group, stride 1 and 2, forward, and the weight gradient of 3 and 7 taps in a row: rows of pixels as they lie", avx2},
	{"conv.grad", "weight gradient of the tiles of pixels: sums in registers over planes, padded or as they lie", avx2},
	{"conv.planar", "2-D, any kernel, stride, dilation and padding, where there are no tiles or vectors of channels would be empty in part: runs of pixels, channel by channel", avx2},
	{"conv.packed", "any convolution: columns of pixels times packed weights", avx2},
	{"conv.scatter", "any gradient of the input with a stride: columns added back", avx2},
	{"conv.dots", "weight gradient, 3-D or 1x1 in groups: columns of pixels times rows of pixels", avx2},
	{"conv.portable", "any convolution, all directions: columns of pixels in plain Go", generic},
	{"gemm.packed", "matrix products: tiles of 6 rows by 64 (AVX-512) or 16 (AVX2) columns", avx2},
	{"gemm.portable", "matrix products in plain Go", generic},
	{"pool.max", "largest values of windows, blocked layout, 1-D and 2-D: 16 channels at once", avx2},
	{"stream", "batch norm, addition, ReLU, optimiser steps: vectors; plain Go at level generic", generic},
}

// Dispatch lists the ways that the instruction set in use has, for the user to see.
func Dispatch() []Entry {
	var have []Entry
	for _, e := range entries {
		if e.From <= active {
			have = append(have, e)
		}
	}
	return have
}

// DispatchTable is Dispatch as text, one line for each entry.
func DispatchTable() string {
	var b strings.Builder
	for _, e := range Dispatch() {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// Kernels names the entries that compute the three directions of c, on tensors in the blocked layout or on plain ones.
func (c Conv) Kernels(blocked bool) (forward, backwardData, backwardWeights string) {
	c = c.norm()
	s := assembly()
	if s == nil {
		return "conv.portable", "conv.portable", "conv.portable"
	}
	forward, backwardData, backwardWeights = "conv.packed", "conv.scatter", "conv.dots"
	if c.Stride == [3]int{1, 1, 1} {
		backwardData = "conv.packed"
	}
	switch {
	case c.path(s) == point && blocked:
		return "conv.point", "conv.point", "conv.point"
	case c.path(s) == depth && blocked:
		return "conv.depth", "conv.depth", "conv.depth"
	case c.direct(s):
		cs, _ := s.channelSets(c.Groups, c.InC/c.Groups, c.OutC/c.Groups)
		tile := "conv." + [...]string{"own", "quad", "perm", "wide"}[cs.lookup]
		name := func(p *directPass) string {
			switch {
			case blocked && cs.outC == 0 && s.takesWinograd(c.N, p), blocked && p.strided != nil && p.strided.takes(c.N):
				return "conv.winograd"
			case blocked && p.lanes.takes(c.N):
				return "conv.lanes"
			case blocked && p.sweep != nil:
				return "conv.sweep"
			}
			return tile
		}
		plan := c.plan(s)
		forward = name(&plan.forward[0])
		if plan.backward != nil {
			backwardData = name(&plan.backward[0])
		}
		if p := plan.grad; p != nil {
			backwardWeights = "conv.grad"
			if t := (tensor{plain: !blocked}); p.takesWinograd(s, c.N, t, t) {
				backwardWeights = "conv.winograd"
			}
		}
	}
	if c.takesPlanar(s) {
		backwardWeights = "conv.planar"
	}
	switch path := c.path(s); {
	case path == runs:
		forward, backwardData = "conv.planar", "conv.planar"
	case path == taps && blocked:
		forward, backwardData = "conv.taps", "conv.taps"
	}
	return forward, backwardData, backwardWeights
}
