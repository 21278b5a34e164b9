package worker

import (
	"fmt"
	"runtime"
	"testing"

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
