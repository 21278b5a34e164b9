package worker

import (
	"fmt"
	"go/parser"
	"reflect"
	"runtime"
	"testing"

	"github.com/traefik/yaegi/interp"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// What the interpreter takes of a trivial cell.
func BenchmarkTrivialCell(b *testing.B) {
	w := &worker{cells: newCells()}
	w.out = &output{cells: w.cells}
	w.input = &input{lines: make(chan wire.Request, 1)}
	in := newInterpreter(w)
	i := 0
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		i++
		p, fault := in.install("", fmt.Sprintf("package main\nimport _gnb \"gnb/rt\"\nfunc c%d() {\n/*line In[3]/_.go:1:1*/_gnb.Result(1+1)\n}", i), fmt.Sprintf("c%d", i))
		if fault == nil {
			fault = in.call(newRunning(uint64(i)), p)
		}
		if fault != nil {
			b.Fatal(fault)
		}
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc-before.HeapAlloc)/float64(b.N), "B-kept/op")
	runtime.KeepAlive(in)
}

// What the amended nodes take: a sum over indices, with a panic prepared at each, and calls.
func BenchmarkNodes(b *testing.B) {
	const src = `package main
func add(x float64, n int) float64 { return x + 1 }
func call(n int) (s float64) { for i := 0; i < n; i++ { s = add(s, i) }; return s }
func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
func sum(n int) (s int) { l := make([]int, n); for i := 0; i < n; i++ { s += l[i] }; return s }
func cut(n int) (s int) { l := make([]int, n); for i := 0; i < n; i++ { s += len(l[i:]) }; return s }`
	for _, amended := range []bool{false, true} {
		in := interp.New(interp.Options{})
		file, err := parser.ParseFile(in.FileSet(), "_.go", src, 0)
		if err != nil {
			b.Fatal(err)
		}
		p, err := in.CompileAST(file)
		if err != nil {
			b.Fatal(err)
		}
		if amended {
			amend(p, nil)
		}
		if _, err := in.Execute(p); err != nil {
			b.Fatal(err)
		}
		for _, name := range []string{"call", "sum", "cut", "fib"} {
			v, err := in.Eval(name)
			if err != nil {
				b.Fatal(err)
			}
			n := 1000
			if name == "fib" {
				n = 15
			}
			args := []reflect.Value{reflect.ValueOf(n)}
			b.Run(fmt.Sprintf("%s/amended=%t", name, amended), func(b *testing.B) {
				for b.Loop() {
					v.Call(args)
				}
			})
		}
	}
}
