package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// depthplaneFamily writes 3x3 depthwise convolutions of planes as they lie, padded by a pixel: an input row or column outside the plane is
// left out, or is a row of zeros. The weights stay in registers. Output is input over stride.
func depthplaneFamily(s simd) {
	for _, stride := range []int{1, 2} {
		for _, cols := range []int{16, 14, 8, 7} {
			depthPlane(s, stride, cols)
		}
		depthGrad(s, stride)
	}
	depthBack(s)
}

// threeRows keeps pointers to the three input rows of an output row.
type threeRows struct {
	rows, x, xrow, zeros Register // rows left, the middle one, distance of rows
	ptr                  [3]Register
}

// prefetch fetches what the next output row sees for the first time, below these columns.
func (t threeRows) prefetch(stride, cols int) {
	for r := range stride {
		for q := range stride * cols {
			PREFETCHT0(Mem{Base: t.ptr[2], Index: t.xrow, Scale: uint8(r + 1), Disp: q * pixel})
		}
	}
}

// begin points to the rows of the next output row. Of the first one the row above is zeros if above is 1, of the last one the row below.
func (t threeRows) begin(above, below string) {
	LEAQ(Mem{Base: t.x, Index: t.xrow, Scale: 1}, t.ptr[2])
	MOVQ(t.x, t.ptr[0])
	SUBQ(t.xrow, t.ptr[0])
	MOVQ(t.x, t.ptr[1])
	CMPQ(argument(above), U8(0))
	CMOVQNE(t.zeros, t.ptr[0])
	MOVQ(U32(0), argument(above))
	CMPQ(t.rows, U8(1))
	JNE(LabelRef("inside"))
	CMPQ(argument(below), U8(0))
	CMOVQNE(t.zeros, t.ptr[2])
	Label("inside")
}

func depthPlane(s simd, stride, cols int) {
	function(fmt.Sprintf("depthPlane3s%d_%d%s", stride, cols, s.suffix),
		"func(rows, width int, x *float32, xrow int, zeros, w, bias, y *float32, above, below int)",
		"\tfor row < rows, col < width and lane {",
		"\t\ty[row*width+col][lane] = bias[lane]",
		"\t\tfor h < 3 and v < 3 {",
		fmt.Sprintf("\t\t\ty[row*width+col][lane] += w[h][v][lane] * x[row*%d+h-1][col*%d+v-1][lane], where that is inside", stride, stride),
		"\t\t}", "\t}", "",
		fmt.Sprintf("with xrow in bytes, for width of at least %d; rows of x are %d times as wide. Row -1 is outside if above is 1, the last one if", cols, stride),
		"below is; zeros stands for them. Some pixels of a row may be computed twice.")
	rows, width, x, xrow, zeros, y, left, back := RAX, RBX, RCX, RDX, RSI, R8, R12, R13
	load([]string{"rows", "width", "x", "xrow", "zeros"}, rows, width, x, xrow, zeros)
	Load(Param("w"), RDI)
	Load(Param("y"), y)
	t := threeRows{rows, x, xrow, zeros, [3]Register{R9, R10, R11}}
	for i := range 9 {
		VMOVUPS(at(RDI, i*s.bytes), s.reg[i])
	}
	Load(Param("bias"), RDI)
	bias := s.reg[9]
	VMOVUPS(at(RDI, 0), bias)
	acc, spare := s.reg[10:][:cols], s.reg[10+cols:]
	turn := 0
	tile := func(atLeft, atRight bool) {
		for c := range cols {
			VMOVAPS(bias, acc[c])
			PREFETCHT0(at(y, (c+cols)*pixel))
		}
		t.prefetch(stride, cols)
		last := stride*(cols-1) + 2
		for h := range 3 {
			for q := range last + 1 { // pixel q-1
				if atLeft && q == 0 || atRight && q == last {
					continue
				}
				turn++
				v := spare[turn%len(spare)]
				VMOVUPS(at(t.ptr[h], (q-1)*pixel), v)
				for tap := range 3 {
					if col := (q - tap) / stride; q >= tap && (q-tap)%stride == 0 && col < cols {
						VFMADD231PS(s.reg[3*h+tap], v, acc[col])
					}
				}
			}
		}
		for c := range cols {
			VMOVUPS(acc[c], at(y, c*pixel))
		}
		for _, p := range t.ptr {
			ADDQ(U32(cols*stride*pixel), p)
		}
		ADDQ(U32(cols*pixel), y)
		SUBQ(U8(cols), left)
	}
	Label("row")
	t.begin("above", "below")
	MOVQ(width, left)
	if stride == 1 {
		CMPQ(left, U8(cols))
		JEQ(LabelRef("single"))
	}
	tile(true, false)
	Label("middle")
	TESTQ(left, left)
	JZ(LabelRef("next"))
	CMPQ(left, U8(cols))
	JGT(LabelRef("whole"))
	backToLastTile(cols, stride, left, back, y, t.ptr)
	MOVQ(U32(cols), left)
	if stride == 1 {
		tile(false, true)
		JMP(LabelRef("next"))
	}
	Label("whole")
	tile(false, false)
	JMP(LabelRef("middle"))
	if stride == 1 {
		Label("single")
		tile(true, true)
	}
	Label("next")
	for range stride {
		ADDQ(xrow, x)
	}
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}

// depthGrad writes the gradient of the weights: nine sums.
func depthGrad(s simd, stride int) {
	function(fmt.Sprintf("depthGrad3s%d%s", stride, s.suffix),
		"func(rows, width int, x *float32, xrow int, zeros, dy, dw *float32, above, below int)",
		"\tfor row < rows, col < width, h < 3, v < 3 and lane {",
		fmt.Sprintf("\t\tdw[h][v][lane] += dy[row*width+col][lane] * x[row*%d+h-1][col*%d+v-1][lane], where that is inside", stride, stride),
		"\t}", "",
		fmt.Sprintf("with xrow in bytes; rows of x are %d times as wide. Row -1 is outside if above is 1, the last one if below is; zeros stands", stride),
		"for them.")
	rows, width, x, xrow, zeros, dy, left := RAX, RBX, RCX, RDX, RSI, R8, R12
	load([]string{"rows", "width", "x", "xrow", "zeros"}, rows, width, x, xrow, zeros)
	Load(Param("dy"), dy)
	t := threeRows{rows, x, xrow, zeros, [3]Register{R9, R10, R11}}
	acc := func(h, v int) VecPhysical { return s.reg[3*h+v] }
	zero(s.reg[:9]...)
	Label("row")
	t.begin("above", "below")
	MOVQ(width, left)
	forward := func(n int) {
		for _, p := range t.ptr {
			ADDQ(U8(n*pixel), p)
		}
		ADDQ(U8(pixel), dy)
	}
	if stride == 1 { // pixel q of a row of x meets dy q+1, q and q-1
		prev, cur, next := s.reg[9], s.reg[10], s.reg[11]
		zero(prev)
		VMOVUPS(at(dy, 0), cur)
		products := func(last bool) {
			for h := range 3 {
				v := s.reg[12+h]
				VMOVUPS(at(t.ptr[h], 0), v)
				if !last {
					VFMADD231PS(next, v, acc(h, 0))
				}
				VFMADD231PS(cur, v, acc(h, 1))
				VFMADD231PS(prev, v, acc(h, 2))
			}
		}
		DECQ(left)
		JZ(LabelRef("last"))
		Label("pixel")
		t.prefetch(stride, 1)
		VMOVUPS(at(dy, pixel), next)
		products(false)
		VMOVAPS(cur, prev)
		VMOVAPS(next, cur)
		forward(1)
		DECQ(left)
		JNZ(LabelRef("pixel"))
		Label("last")
		products(true)
		ADDQ(U8(pixel), dy)
	} else {
		before := s.reg[9:12] // the pixel before those of this column, of each row
		zero(before...)
		Label("pixel")
		t.prefetch(stride, 1)
		cur := s.reg[15]
		VMOVUPS(at(dy, 0), cur)
		for h := range 3 {
			VFMADD231PS(before[h], cur, acc(h, 0))
			VMOVUPS(at(t.ptr[h], 0), s.reg[12+h])
			VFMADD231PS(s.reg[12+h], cur, acc(h, 1))
			VMOVUPS(at(t.ptr[h], pixel), before[h])
			VFMADD231PS(before[h], cur, acc(h, 2))
		}
		for _, p := range t.ptr {
			ADDQ(U32(2*pixel), p)
		}
		ADDQ(U8(pixel), dy)
		DECQ(left)
		JNZ(LabelRef("pixel"))
	}
	for range stride {
		ADDQ(xrow, x)
	}
	DECQ(rows)
	JNZ(LabelRef("row"))
	dw := R9
	Load(Param("dw"), dw)
	for i := range 9 {
		VADDPS(at(dw, i*s.bytes), s.reg[i], s.reg[i])
		VMOVUPS(s.reg[i], at(dw, i*s.bytes))
	}
	finish()
}

// depthBack writes the gradient of the input with stride 2: a pixel of dy, with its neighbours at the right and below, makes four of dx.
func depthBack(s simd) {
	function("depthBack3s2"+s.suffix, "func(rows, width int, dy *float32, zeros, w, dx *float32, below int)",
		"\tfor row < rows, col < width, and lane {",
		"\t\ta, b, c, d := dy at row and col, col+1, and at row+1 and col, col+1, where that is inside",
		"\t\tdx[2*row][2*col][lane] = w[1][1][lane]*a",
		"\t\tdx[2*row][2*col+1][lane] = w[1][2][lane]*a + w[1][0][lane]*b",
		"\t\tdx[2*row+1][2*col][lane] = w[2][1][lane]*a + w[0][1][lane]*c",
		"\t\tdx[2*row+1][2*col+1][lane] = w[2][2][lane]*a + w[2][0][lane]*b + w[0][2][lane]*c + w[0][0][lane]*d",
		"\t}", "", "where row+1 of the last row is outside if below is 1; zeros stands for it.")
	rows, width, dy, zeros, dx, pitch, lower, left, other := RAX, RBX, RCX, RSI, R8, R9, R10, R11, R12
	load([]string{"rows", "width", "dy", "zeros", "dx"}, rows, width, dy, zeros, dx)
	Load(Param("w"), RDI)
	for i := range 9 {
		VMOVUPS(at(RDI, i*s.bytes), s.reg[i])
	}
	w := func(h, v int) VecPhysical { return s.reg[3*h+v] }
	a, b, c, d, out := s.reg[9], s.reg[10], s.reg[11], s.reg[12], s.reg[16:20]
	MOVQ(width, pitch)
	SHLQ(U8(7), pitch) // of dx
	four := func(last bool) {
		VMULPS(w(1, 1), a, out[0])
		VMULPS(w(1, 2), a, out[1])
		VMULPS(w(2, 1), a, out[2])
		VMULPS(w(2, 2), a, out[3])
		VFMADD231PS(w(0, 1), c, out[2])
		VFMADD231PS(w(0, 2), c, out[3])
		if !last {
			VFMADD231PS(w(1, 0), b, out[1])
			VFMADD231PS(w(2, 0), b, out[3])
			VFMADD231PS(w(0, 0), d, out[3])
		}
		VMOVUPS(out[0], at(dx, 0))
		VMOVUPS(out[1], at(dx, pixel))
		VMOVUPS(out[2], at(other, 0))
		VMOVUPS(out[3], at(other, pixel))
		ADDQ(U32(2*pixel), dx)
		ADDQ(U32(2*pixel), other)
		ADDQ(U8(pixel), dy)
		ADDQ(U8(pixel), lower)
	}
	Label("row")
	MOVQ(width, lower)
	SHLQ(U8(6), lower)
	ADDQ(dy, lower)
	CMPQ(rows, U8(1))
	JNE(LabelRef("inside"))
	CMPQ(argument("below"), U8(0))
	CMOVQNE(zeros, lower)
	Label("inside")
	LEAQ(Mem{Base: dx, Index: pitch, Scale: 1}, other)
	VMOVUPS(at(dy, 0), a)
	VMOVUPS(at(lower, 0), c)
	MOVQ(width, left)
	DECQ(left)
	JZ(LabelRef("last"))
	Label("pixel")
	for i := range 2 {
		PREFETCHT0(Mem{Base: dx, Index: pitch, Scale: 2, Disp: i * pixel})
		PREFETCHT0(Mem{Base: other, Index: pitch, Scale: 2, Disp: i * pixel})
	}
	VMOVUPS(at(dy, pixel), b)
	VMOVUPS(at(lower, pixel), d)
	four(false)
	VMOVAPS(b, a)
	VMOVAPS(d, c)
	DECQ(left)
	JNZ(LabelRef("pixel"))
	Label("last")
	four(true)
	ADDQ(pitch, dx)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}
