// Package half decodes the 16-bit floating-point numbers that files of weights may hold.
package half

import "math"

// Float16 decodes IEEE binary16.
func Float16(b uint16) float64 {
	sign, exp, frac := 1-2*float64(b>>15), int(b>>10&31), float64(b&1023)
	switch {
	case exp == 31 && frac != 0:
		return math.NaN()
	case exp == 31:
		return math.Inf(int(sign))
	case exp == 0:
		return sign * math.Ldexp(frac, -24)
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

// BFloat16 decodes the upper half of a float32.
func BFloat16(b uint16) float64 { return float64(math.Float32frombits(uint32(b) << 16)) }
