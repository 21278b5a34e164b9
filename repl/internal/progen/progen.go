// Package progen writes small random Go programs whose output is determined: well typed, without races, with panics
// only where they are recovered and printed, and never with two effects whose order the language leaves open.
//
// The programs of a session carry numbers in all their names, so that many can be built as one package.
package progen

import (
	"fmt"
	"strings"
)

// An Entropy makes the choices: IntN returns a number below n.
type Entropy interface{ IntN(n int) int }

// Bytes are choices read from a string of bytes; when it is used up, the first choice is always taken.
type Bytes []byte

// IntN returns the next byte, below n.
func (b *Bytes) IntN(n int) int {
	if len(*b) == 0 {
		return 0
	}
	x := int((*b)[0])
	*b = (*b)[1:]
	return x % n
}

// A Program is a list of declarations, each using only those before it, and the function to call.
type Program struct {
	Decls []string
	Main  string
}

// Source is the program without package clause and imports; Main is not called.
func (p Program) Source() string { return strings.Join(p.Decls, "\n") }

// Prelude is what all programs use. It comes before them.
const Prelude = `func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Printf("%s: %v\n", name, r)
		}
	}()
	f()
}
func same[T any](x T) T { return x }
func short(s string) string { return s[:min(len(s), 40)] }
func pick[T any](first bool, x, y T) T {
	if first {
		return x
	}
	return y
}
func clamp[T ~float32 | ~float64](x T) T {
	if x > 0 && x < 120 {
		return x
	}
	return 0
}
func at[S ~[]T, T any](s S, i int) (x T) {
	if len(s) == 0 {
		return
	}
	return s[uint(i)%uint(len(s))]
}
func each[S ~[]T, T any](s S) func(yield func(int, T) bool) {
	return func(yield func(int, T) bool) {
		for i, x := range s {
			if !yield(i, x) {
				return
			}
		}
	}
}
func count[T ~int | ~int8 | ~uint8 | ~int64](n T) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		for i := T(0); i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}
func fold[T, A any](xs []T, a A, f func(A, T) A) A {
	for _, x := range xs {
		a = f(a, x)
	}
	return a
}
type pair[K comparable, V any] struct {
	key K
	val V
}
func (p pair[K, V]) String() string { return fmt.Sprintf("<%v|%v>", p.key, p.val) }
func (p *pair[K, V]) set(v V) { p.val = v }
func pairOf[K comparable, V any](k K, v V) pair[K, V] { return pair[K, V]{k, v} }
`

// New writes program number id.
func New(e Entropy, id int) Program {
	g := &generator{e: e, id: id}
	g.declareTypes()
	for range 2 + g.n(3) {
		g.declareFunc()
	}
	g.declareMain()
	return Program{Decls: g.decls, Main: fmt.Sprintf("main_%d", id)}
}

type generator struct {
	e      Entropy
	id     int
	serial int
	decls  []string
	types  []*typ // declared
	ifaces []*typ // declared interfaces
	funcs  []function
	out    strings.Builder // of the declaration being written
	vars   []variable      // in scope
	loops  int             // around
	labels []string        // of loops around, within the function
	inFunc int             // literals around
	budget int             // of statements
	result *typ            // of the function being written
}

type function struct {
	name   string
	params []*typ
	result *typ
	recv   *typ // nil for functions
}

type variable struct {
	name     string
	t        *typ
	readonly bool
}

func (g *generator) n(k int) int { return g.e.IntN(k) }

func (g *generator) fresh(prefix string) string {
	g.serial++
	return fmt.Sprintf("%s%d", prefix, g.serial)
}

// global makes a name at package level.
func (g *generator) global(prefix string) string {
	g.serial++
	return fmt.Sprintf("%s%d_%d", prefix, g.serial, g.id)
}

func (g *generator) emit(format string, args ...any) { fmt.Fprintf(&g.out, format+"\n", args...) }

// flush ends a declaration.
func (g *generator) flush() {
	g.decls = append(g.decls, g.out.String())
	g.out.Reset()
}
