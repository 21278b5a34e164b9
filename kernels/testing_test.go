package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// eachLevel runs f as a subtest at every instruction set that this machine and build have.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	was := active
	defer func() { active = was }()
	for l := generic; l <= machineLevel(); l++ {
		active = l
		t.Run(l.String(), f)
	}
}

func newRand(seed ...any) *rand.Rand {
	var h uint64 = 14695981039346656037
	for _, b := range []byte(fmt.Sprint(seed...)) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(h, 1))
}

// guardWords is how many NaNs of a peculiar kind lie on both sides of every buffer under test.
const guardWords = 32

var guardBits uint32 = 0x7fc5a5a5

// guarded is a buffer whose surroundings show whether a kernel wrote outside it.
type guarded struct {
	name string
	all  []float32
}

// guard returns n uninitialised (NaN) floats between guard words. The odd offset makes vectors unaligned.
func guard(name string, n int) guarded {
	g := guarded{name, make([]float32, n+2*guardWords+1)}
	for i := range g.all {
		g.all[i] = math.Float32frombits(guardBits)
	}
	return g
}

func guardedCopy(name string, x []float32) guarded {
	g := guard(name, len(x))
	copy(g.s(), x)
	return g
}

// s is the buffer without its guards.
func (g guarded) s() []float32 {
	end := len(g.all) - guardWords
	return g.all[guardWords+1 : end : end]
}

// check fails the test if a guard word changed.
func (g guarded) check(t *testing.T) {
	t.Helper()
	for i, v := range g.all {
		inside := i > guardWords && i < len(g.all)-guardWords
		if !inside && math.Float32bits(v) != guardBits {
			t.Fatalf("guard of %s violated at %d of %d", g.name, i-guardWords-1, len(g.s()))
		}
	}
}

// uniform returns n values in [-1, 1).
func uniform(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

// compare fails the test at the first difference above tol, or a NaN that only one side has.
func compare(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d values, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		g := float64(got[i])
		if g == w || g != g && w != w {
			continue
		}
		if d := math.Abs(g - w); !(d <= tol*max(1, math.Abs(w))) {
			t.Fatalf("%s[%d] = %v, want %v (difference %.3g, tolerance %.3g)", what, i, g, w, d, tol)
		}
	}
}

// sumTolerance is how far a float32 sum of so many products of values in [-1, 1) may be from the exact one: partial sums grow like the
// root of the number of terms, and so does the number of their rounding errors that do not cancel.
func sumTolerance(terms int) float64 {
	return 1e-6 + 4e-7*math.Sqrt(float64(terms)) + 6e-8*float64(terms)
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if math.Float32bits(got[i]) != math.Float32bits(w) {
			t.Fatalf("%s[%d] = %v, want exactly %v", what, i, got[i], w)
		}
	}
}

// wantShapeError fails the test unless f panics with a ShapeError.
func wantShapeError(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if _, ok := recover().(ShapeError); !ok {
			t.Errorf("%s: no ShapeError", what)
		}
	}()
	f()
}
