package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// streamFamily writes the passes over whole tensors: batch normalisation, elementwise operations, optimiser steps. They go through
// their operands in units of 16 floats; per-channel arguments are 16 floats too.
func streamFamily(s simd) {
	if s.bytes == 32 {
		GLOBL("bitOf", attr.RODATA|attr.NOPTR)
		for lane := range 8 {
			DATA(4*lane, U32(1<<lane))
		}
	}
	moments(s)
	gradSums(s, false)
	gradSums(s, true)
	for _, nt := range []bool{false, true} {
		for _, residual := range []bool{false, true} {
			normApply(s, residual, noReLU, nt)
			normApply(s, residual, plainReLU, nt)
			normApply(s, residual, notedReLU, nt)
			gradApply(s, false, residual, nt)
			gradApply(s, true, residual, nt)
		}
	}
	elementwise(s)
	sgdStep(s)
}

// stream is a loop over units of 16 floats of several operands.
type stream struct {
	s        simd
	next     int
	pointers []GPPhysical
	bits     GPPhysical // of a bit for each float, if any
	nt       bool       // stores bypass the caches
}

var streamRegisters = []GPPhysical{RBX, RCX, RDX, RSI, RDI, R8, R9, R10}

// parts is the number of vectors of a unit.
func (s simd) parts() int { return pixel / s.bytes }

// operand loads the pointer called name; each unit moves it on.
func (t *stream) operand(name string) GPPhysical {
	r := t.fixed(name)
	t.pointers = append(t.pointers, r)
	return r
}

// noted loads the pointer to bits called name; each unit moves it on.
func (t *stream) noted(name string) GPPhysical {
	t.bits = t.fixed(name)
	return t.bits
}

// fixed loads the pointer called name, which stays.
func (t *stream) fixed(name string) GPPhysical {
	r := streamRegisters[t.next]
	t.next++
	Load(Param(name), r)
	return r
}

// constants loads 16 floats into registers from first on.
func (t *stream) constants(name string, first int) []VecPhysical {
	r := t.fixed(name)
	regs := t.s.reg[first:][:t.s.parts()]
	for i, v := range regs {
		VMOVUPS(at(r, i*t.s.bytes), v)
	}
	return regs
}

// loop runs body for part 0.. of every unit of n.
func (t *stream) loop(body func(part, disp int)) {
	Load(Param("n"), RAX)
	Label("unit")
	t.units(1, func(_, part, disp int) { body(part, disp) })
	t.advance(1)
	DECQ(RAX)
	JNZ(LabelRef("unit"))
}

// loop4 is loop by four units at a time and then by single ones; after follows each time.
func (t *stream) loop4(body func(unit, part, disp int), after func(units int)) {
	Load(Param("n"), RAX)
	SUBQ(U8(4), RAX)
	JLT(LabelRef("rest"))
	Label("four")
	t.units(4, body)
	after(4)
	t.advance(4)
	SUBQ(U8(4), RAX)
	JGE(LabelRef("four"))
	Label("rest")
	ADDQ(U8(4), RAX)
	JZ(LabelRef("done"))
	Label("unit")
	t.units(1, body)
	after(1)
	t.advance(1)
	DECQ(RAX)
	JNZ(LabelRef("unit"))
	Label("done")
}

func (t *stream) units(n int, body func(unit, part, disp int)) {
	for u := range n {
		for p := range t.s.parts() {
			body(u, p, u*pixel+p*t.s.bytes)
		}
	}
}

// advance moves the operands on by so many units.
func (t *stream) advance(units int) {
	for _, r := range t.pointers {
		ADDQ(U32(units*pixel), r)
	}
	if t.bits != nil {
		ADDQ(U8(2*units), t.bits)
	}
}

func (t *stream) store(v VecPhysical, to Mem) {
	if t.nt {
		VMOVNTPS(v, to)
	} else {
		VMOVUPS(v, to)
	}
}

func (t *stream) end() {
	if t.nt {
		SFENCE()
	}
	finish()
}

// relu zeroes v where y is 0 or less.
func relu(s simd, v, y, zeros, mask VecPhysical) {
	const lessOrEqual = U8(2)
	if s.bytes == 64 {
		VCMPPS(lessOrEqual, zeros, y, K1)
		VMOVAPS(zeros, mask)
		VMOVAPS(mask, K1, v)
		return
	}
	VCMPPS(lessOrEqual, zeros, y, mask)
	VANDNPS(v, mask, v)
}

func moments(s simd) {
	function("moments"+s.suffix, "func(n int, x, shift, sums *float32)",
		"\tfor i := range 16*n {", "\t\td := x[i] - shift[i%16]", "\t\tsums[i%16] += d", "\t\tsums[16+i%16] += d * d", "\t}")
	t := &stream{s: s}
	x := t.operand("x")
	shift := t.constants("shift", 0)
	sums := t.fixed("sums")
	n := s.parts()
	zero(s.reg[n : 3*n]...)
	spare := s.reg[3*n:]
	t.loop(func(p, disp int) {
		PREFETCHT0(at(x, disp+1024))
		VMOVUPS(at(x, disp), spare[p])
		VSUBPS(shift[p], spare[p], spare[p])
		VADDPS(spare[p], s.reg[n+p], s.reg[n+p])
		VFMADD231PS(spare[p], spare[p], s.reg[2*n+p])
	})
	addSums(s, sums, s.reg[n:3*n])
	t.end()
}

// addSums adds registers to consecutive floats.
func addSums(s simd, to Register, regs []VecPhysical) {
	for i, r := range regs {
		VADDPS(at(to, i*s.bytes), r, r)
		VMOVUPS(r, at(to, i*s.bytes))
	}
}

// note finds out which values of a part of y are not 0 or less, one bit each; noted writes the bits of so many units. They are written four
// units at a time, because small stores between those of y would leave room for half as many of these on their way to memory.
func note(s simd, unit, part int, y, zeros, mask VecPhysical) {
	const notLessOrEqual = U8(6)
	if s.bytes == 64 {
		VCMPPS(notLessOrEqual, zeros, y, noteMasks[unit])
		return
	}
	VCMPPS(notLessOrEqual, zeros, y, mask)
	if unit+part == 0 {
		VMOVMSKPS(mask, R15L)
		return
	}
	VMOVMSKPS(mask, R14L)
	SHLQ(U8(16*unit+8*part), R14)
	ORQ(R14, R15)
}

var noteMasks = []OpmaskPhysical{K1, K2, K3, K4}

func noted(s simd, units int, bits GPPhysical) {
	switch {
	case s.bytes == 64 && units == 1:
		KMOVW(K1, at(bits, 0))
	case s.bytes == 64:
		KUNPCKWD(K1, K2, K1)
		KUNPCKWD(K3, K4, K3)
		KUNPCKDQ(K1, K3, K1)
		KMOVQ(K1, at(bits, 0))
	case units == 1:
		MOVW(R15W, at(bits, 0))
	default:
		MOVQ(R15, at(bits, 0))
	}
}

// loadPassed loads part p of what was noted to have passed, 0 elsewhere. AVX2 has bitOf, which bit tells of a lane, in a register.
func loadPassed(s simd, p int, from Mem, v, bitOf, mask VecPhysical, bits GPPhysical) {
	if s.bytes == 64 {
		KMOVW(at(bits, 0), K1)
		VMOVUPS_Z(from, K1, v)
		return
	}
	VPBROADCASTB(at(bits, p), mask)
	VPAND(bitOf, mask, mask)
	VPCMPEQD(bitOf, mask, mask)
	VANDPS(from, mask, v)
}

// newBitOf loads bitOf for loadPassed.
func newBitOf(s simd, v VecPhysical) VecPhysical {
	if s.bytes == 32 {
		VMOVUPS(NewDataAddr(NewStaticSymbol("bitOf"), 0), v)
	}
	return v
}

func gradSums(s simd, masked bool) {
	name, g := "gradSums", "dy[i]"
	if masked {
		name, g = "gradSumsReLU", "dy[i], or 0 where bit i of passed is not set"
	}
	function(name+s.suffix, "func(n int, dy, x, mean, sums *float32, passed *uint16)", "\tfor i := range 16*n {", "\t\tg := "+g, "\t\tsums[i%16] += g", "\t\tsums[16+i%16] += g * (x[i] - mean[i%16])", "\t}")
	t := &stream{s: s}
	dy, x := t.operand("dy"), t.operand("x")
	mean := t.constants("mean", 0)
	sums := t.fixed("sums")
	n := s.parts()
	zero(s.reg[n : 3*n]...)
	spare := s.reg[3*n:]
	var bits GPPhysical
	var bitOf VecPhysical
	if masked {
		bits, bitOf = t.noted("passed"), newBitOf(s, spare[5])
	}
	t.loop(func(p, disp int) {
		g, d := spare[2*p], spare[2*p+1]
		PREFETCHT0(at(dy, disp+1024))
		PREFETCHT0(at(x, disp+1024))
		if masked {
			loadPassed(s, p, at(dy, disp), g, bitOf, spare[4], bits)
		} else {
			VMOVUPS(at(dy, disp), g)
		}
		VMOVUPS(at(x, disp), d)
		VSUBPS(mean[p], d, d)
		VADDPS(g, s.reg[n+p], s.reg[n+p])
		VFMADD231PS(g, d, s.reg[2*n+p])
	})
	addSums(s, sums, s.reg[n:3*n])
	t.end()
}

func suffix(parts ...any) (name string) {
	for i := 0; i < len(parts); i += 2 {
		if parts[i].(bool) {
			name += parts[i+1].(string)
		}
	}
	return name
}

// activation is what follows a normalisation: nothing, ReLU, or ReLU that notes for the way back what it let through.
type activation int

const (
	noReLU activation = iota
	plainReLU
	notedReLU
)

func normApply(s simd, residual bool, act activation, nt bool) {
	doc := "\t\tv := x[i]*scale[i%16] + shift[i%16]"
	if residual {
		doc += " + r[i]"
	}
	lines := []string{"\tfor i := range 16*n {", doc}
	if act != noReLU {
		lines = append(lines, "\t\tif v < 0 {", "\t\t\tv = 0", "\t\t}")
	}
	if act == notedReLU {
		lines = append(lines, "\t\tbit i of passed = !(v <= 0)")
	}
	name := "normApply" + suffix(residual, "Add", act != noReLU, "ReLU", act == notedReLU, "Noted", nt, "NT") + s.suffix
	function(name, "func(n int, y, x, scale, shift, r *float32, passed *uint16)", append(lines, "\t\ty[i] = v", "\t}")...)
	t := &stream{s: s, nt: nt}
	y, x := t.operand("y"), t.operand("x")
	n := s.parts()
	scale, shift := t.constants("scale", 0), t.constants("shift", n)
	var r, bits GPPhysical
	if residual {
		r = t.operand("r")
	}
	if act == notedReLU {
		bits = t.noted("passed")
	}
	zeros := s.reg[2*n]
	zero(zeros)
	spare := s.reg[2*n+1:]
	body := func(unit, p, disp int) {
		v := spare[2*p]
		PREFETCHT0(at(x, disp+1024))
		VMOVUPS(at(x, disp), v)
		VFMADD213PS(shift[p], scale[p], v)
		if residual {
			PREFETCHT0(at(r, disp+1024))
			VADDPS(at(r, disp), v, v)
		}
		if act != noReLU {
			VMAXPS(v, zeros, v) // the second operand, v, wins if it is NaN
		}
		if act == notedReLU {
			note(s, unit, p, v, zeros, spare[4])
		}
		t.store(v, at(y, disp))
	}
	if act == notedReLU {
		t.loop4(body, func(units int) { noted(s, units, bits) })
	} else {
		t.loop(func(p, disp int) { body(0, p, disp) })
	}
	t.end()
}

func gradApply(s simd, masked, residual, nt bool) {
	g := "dy[i]"
	if masked {
		g = "dy[i], or 0 where bit i of passed is not set"
	}
	lines := []string{"\tfor i := range 16*n {", "\t\tg := " + g, "\t\tdx[i] = g*a[i%16] + x[i]*b[i%16] + c[i%16]"}
	if residual {
		lines = append(lines, "\t\tdr[i] = g")
	}
	name := "gradApply" + suffix(residual, "Residual", masked, "ReLU", nt, "NT") + s.suffix
	function(name, "func(n int, dx, dy, x, a, b, c, dr *float32, passed *uint16)", append(lines, "\t}")...)
	t := &stream{s: s, nt: nt}
	dx, dy, x := t.operand("dx"), t.operand("dy"), t.operand("x")
	n := s.parts()
	a := t.constants("a", 0)
	t.next--
	b := t.constants("b", n)
	t.next--
	c := t.constants("c", 2*n)
	t.next--
	spare := s.reg[3*n:]
	var bits, dr GPPhysical
	var bitOf VecPhysical
	if masked {
		bits, bitOf = t.noted("passed"), newBitOf(s, spare[5])
	}
	if residual {
		dr = t.operand("dr")
	}
	t.loop(func(p, disp int) {
		g, v := spare[2*p], spare[2*p+1]
		PREFETCHT0(at(dy, disp+1024))
		PREFETCHT0(at(x, disp+1024))
		if masked {
			loadPassed(s, p, at(dy, disp), g, bitOf, spare[4], bits)
		} else {
			VMOVUPS(at(dy, disp), g)
		}
		if residual {
			t.store(g, at(dr, disp))
		}
		VMOVUPS(at(x, disp), v)
		VFMADD213PS(c[p], b[p], v)
		VFMADD231PS(g, a[p], v)
		t.store(v, at(dx, disp))
	})
	t.end()
}

// elementwise writes add, add with relu, relu and its gradient.
func elementwise(s simd) {
	unary := func(name, args string, doc string, operands []string, body func(t *stream, o []GPPhysical, p, disp int)) {
		function(name+s.suffix, args, "\tfor i := range 16*n {", "\t\t"+doc, "\t}")
		t := &stream{s: s}
		var o []GPPhysical
		for _, name := range operands {
			o = append(o, t.operand(name))
		}
		zero(s.reg[0])
		t.loop(func(p, disp int) { body(t, o, p, disp) })
		t.end()
	}
	v := func(p int) VecPhysical { return s.reg[1+2*p] }
	w := func(p int) VecPhysical { return s.reg[2+2*p] }
	unary("add", "func(n int, y, a, b *float32)", "y[i] = a[i] + b[i]", []string{"y", "a", "b"}, func(t *stream, o []GPPhysical, p, disp int) {
		VMOVUPS(at(o[1], disp), v(p))
		VADDPS(at(o[2], disp), v(p), v(p))
		t.store(v(p), at(o[0], disp))
	})
	unary("relu", "func(n int, y, x *float32)", "y[i] = x[i], or 0 where x[i] < 0", []string{"y", "x"}, func(t *stream, o []GPPhysical, p, disp int) {
		VMOVUPS(at(o[1], disp), v(p))
		VMAXPS(v(p), s.reg[0], v(p))
		t.store(v(p), at(o[0], disp))
	})
	unary("reluBackward", "func(n int, dx, dy, y *float32)", "dx[i] = dy[i], or 0 where y[i] <= 0", []string{"dx", "dy", "y"}, func(t *stream, o []GPPhysical, p, disp int) {
		VMOVUPS(at(o[1], disp), v(p))
		VMOVUPS(at(o[2], disp), w(p))
		relu(s, v(p), w(p), s.reg[0], s.reg[6])
		t.store(v(p), at(o[0], disp))
	})
}

// sgdStep writes a step with momentum.
func sgdStep(s simd) {
	function("sgdMomentum"+s.suffix, "func(n int, w, v, grad, constants *float32)",
		"\t// constants: weight decay, keep, fresh, and rates u and d, 16 times each",
		"\tfor i := range 16*n {",
		"\t\td := grad[i] + decay*w[i]",
		"\t\tv[i] = keep*v[i] + fresh*d",
		"\t\tw[i] -= rateV*v[i] + rateD*d",
		"\t}")
	t := &stream{s: s}
	w, v, g := t.operand("w"), t.operand("v"), t.operand("grad")
	k := t.fixed("constants")
	var c [5]VecPhysical
	for i := range c {
		c[i] = s.reg[i]
		VMOVUPS(at(k, 64*i), c[i])
	}
	spare := s.reg[5:]
	t.loop(func(p, disp int) {
		x, u, d := spare[3*p], spare[3*p+1], spare[3*p+2]
		VMOVUPS(at(w, disp), x)
		VMOVUPS(at(g, disp), d)
		VFMADD231PS(x, c[0], d)
		VMULPS(at(v, disp), c[1], u)
		VFMADD231PS(d, c[2], u)
		VMOVUPS(u, at(v, disp))
		VFNMADD231PS(u, c[3], x)
		VFNMADD231PS(d, c[4], x)
		VMOVUPS(x, at(w, disp))
	})
	t.end()
}
