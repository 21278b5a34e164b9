package nn

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// Loading weights takes little more than reading their file, here one of 100 MB that is in the page cache. The two take turns, each
// after a collection, and the metric is the ratio of the medians:
//
//	go test -run - -bench LoadSafetensors -benchtime 20x ./nn
func BenchmarkLoadSafetensors(b *testing.B) {
	path := filepath.Join(b.TempDir(), "resnext50.safetensors")
	if err := ResNeXt(50, 32, 4).Save(path); err != nil {
		b.Fatal(err)
	}
	var loads, reads []time.Duration
	for b.Loop() {
		reads = append(reads, timed(b, func() error { _, err := os.ReadFile(path); return err }))
		m := ResNeXt(50, 32, 4)
		loads = append(loads, timed(b, func() error { return m.Load(path) }))
	}
	slices.Sort(loads)
	slices.Sort(reads)
	load, read := loads[len(loads)/2], reads[len(reads)/2]
	b.ReportMetric(load.Seconds()*1e3, "ms-load")
	b.ReportMetric(read.Seconds()*1e3, "ms-read")
	b.ReportMetric(load.Seconds()/read.Seconds(), "load/read")
}

func timed(b *testing.B, f func() error) time.Duration {
	runtime.GC()
	start := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
