package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// peakFamily writes loops of independent multiply-adds, which show what the machine can do at most.
func peakFamily(s simd) {
	function("peak"+s.suffix, "func(n int)", "\tfor range n {", "\t\tindependent multiply-adds on three quarters of the registers", "\t}")
	n := RAX
	Load(Param("n"), n)
	zero(s.reg...)
	accs := len(s.reg) * 3 / 4
	Label("loop")
	for i := range accs {
		VFMADD231PS(s.reg[accs], s.reg[accs+1], s.reg[i])
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	finish()
}
