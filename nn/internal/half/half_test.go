package half

import (
	"math"
	"testing"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		bits uint16
		want float64
	}{
		{0x3c00, 1}, {0xc000, -2}, {0x7bff, 65504}, {0x0001, math.Ldexp(1, -24)}, {0x3555, 0.333251953125},
		{0x7c00, math.Inf(1)}, {0xfc00, math.Inf(-1)}, {0, 0},
	} {
		if got := Float16(c.bits); got != c.want {
			t.Errorf("Float16(%#04x) = %v, want %v", c.bits, got, c.want)
		}
	}
	if !math.IsNaN(Float16(0x7e00)) || BFloat16(0x3f80) != 1 || BFloat16(0xc040) != -3 {
		t.Error("NaN or bfloat16")
	}
}
