#include "textflag.h"

// Each entry is the code of one method of a type made at run time: it loads the function value of its slot as closure
// context and jumps to that function's code, leaving all argument registers as they are.
#define S1(o) PCALIGN $16; MOVD ·slots+o(SB), R26; MOVD (R26), R27; JMP (R27)
#define S4(o) S1(o); S1(o+8); S1(o+16); S1(o+24)
#define S16(o) S4(o); S4(o+32); S4(o+64); S4(o+96)
#define S64(o) S16(o); S16(o+128); S16(o+256); S16(o+384)
#define S256(o) S64(o); S64(o+512); S64(o+1024); S64(o+1536)
#define S1024(o) S256(o); S256(o+2048); S256(o+4096); S256(o+6144)
#define S4096(o) S1024(o); S1024(o+8192); S1024(o+16384); S1024(o+24576)

// func stubs()
TEXT ·stubs(SB), NOSPLIT|NOFRAME, $0-0
	S4096(0)
	S4096(32768)
	RET

// func stubBase() uintptr
TEXT ·stubBase(SB), NOSPLIT, $0-8
	MOVD $·stubs(SB), R0
	MOVD R0, ret+0(FP)
	RET
