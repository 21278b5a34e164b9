package cell

import (
	"fmt"
	"testing"

	"github.com/groupnb/groupnb/internal/symbols"
)

func session(t testing.TB) *FrontEnd { return New(symbols.Importer(), symbols.Packages()) }

// run compiles and commits a cell.
func run(t testing.TB, f *FrontEnd, name, src string) *Program {
	t.Helper()
	p, err := f.Compile(name, src)
	if err != nil {
		t.Fatal(err)
	}
	f.Commit(p)
	return p
}

// An ordinary cell: a few statements and a small function.
func BenchmarkOrdinaryCell(b *testing.B) {
	f := session(b)
	run(b, f, "In[0]", "import \"fmt\"\nfmt.Println()")
	for i := 0; b.Loop(); i++ {
		run(b, f, fmt.Sprintf("In[%d]", i+1), `
func scale(xs []float64, k float64) []float64 {
	r := make([]float64, len(xs))
	for i, x := range xs {
		r[i] = k * x
	}
	return r
}
data := []float64{1, 2, 3}
total := 0.0
for _, x := range scale(data, 2) {
	total += x
}
fmt.Println("total", total)
total / float64(len(data))`)
	}
}

// A heavy cell: a type with a method, two functions and two variables.
func heavy(i int) string {
	return fmt.Sprintf(`
type T%[1]d struct {
	name string
	vals []float64
	next *T%[1]d
}
func (t *T%[1]d) Sum() (s float64) {
	for _, v := range t.vals {
		s += v
	}
	return s
}
func make%[1]d(n int) *T%[1]d {
	t := &T%[1]d{name: fmt.Sprint("t", n)}
	for i := range n {
		t.vals = append(t.vals, float64(i))
	}
	return t
}
func use%[1]d(ts ...*T%[1]d) map[string]float64 {
	m := map[string]float64{}
	for _, t := range ts {
		m[t.name] = t.Sum()
	}
	return m
}
a%[1]d := make%[1]d(%[1]d)
b%[1]d := use%[1]d(a%[1]d, make%[1]d(3))
b%[1]d`, i)
}

// The 300th of 300 heavy cells.
func BenchmarkCell300(b *testing.B) {
	f := session(b)
	run(b, f, "In[0]", "import \"fmt\"")
	for i := range 299 {
		run(b, f, fmt.Sprintf("In[%d]", i+1), heavy(i))
	}
	for b.Loop() {
		if _, err := f.Compile("In[300]", heavy(300)); err != nil {
			b.Fatal(err)
		}
	}
}

// A function again that 1,000 methods of as many types use, which are lowered and bound anew.
func BenchmarkRedeclaration(b *testing.B) {
	f := session(b)
	src := "func base(x int) int { return x }\n"
	for i := range 1000 {
		src += fmt.Sprintf("type T%[1]d struct{}\nfunc (T%[1]d) Value(x int) int { return base(x) + %[1]d }\n", i)
	}
	run(b, f, "In[1]", src)
	for b.Loop() {
		if _, err := f.Compile("In[2]", "func base(x int) int { return x + 1 }"); err != nil {
			b.Fatal(err)
		}
	}
}
