package repl

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// report gives the median and the 99th percentile of durations.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs/p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs/p99")
}

func measure(b *testing.B, f func()) {
	var took []time.Duration
	for b.Loop() {
		t0 := time.Now()
		f()
		took = append(took, time.Since(t0))
	}
	report(b, took)
}

func must(b testing.TB, s *Session, src, value string) {
	if o := executeIn(b.Context(), s, Cell{Source: src}); o.err != nil || o.value != value {
		b.Fatalf("%q gives %+v", src, o)
	}
}

// From nothing to the first result.
func BenchmarkStart(b *testing.B) {
	measure(b, func() {
		s, err := Start(b.Context(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		must(b, s, "1+1", "2")
		b.StopTimer()
		s.Close()
		b.StartTimer()
	})
}

func BenchmarkOnePlusOne(b *testing.B) {
	s := start(b, Options{})
	must(b, s, "1+1", "2")
	measure(b, func() { must(b, s, "1+1", "2") })
}

func BenchmarkRestart(b *testing.B) {
	s := start(b, Options{})
	measure(b, func() {
		if err := s.Restart(b.Context()); err != nil {
			b.Fatal(err)
		}
	})
}

// From the death of a worker, as seen by the session, to the next result.
func BenchmarkNextResultAfterACrash(b *testing.B) {
	s := start(b, Options{})
	var took []time.Duration
	for b.Loop() {
		run(b, s, "os", "", "os.Exit(1)")
		t0 := time.Now()
		must(b, s, "1+1", "2")
		took = append(took, time.Since(t0))
	}
	report(b, took)
}

func BenchmarkInterrupt(b *testing.B) {
	for _, c := range []struct{ name, src string }{
		{"loop", "for {}"}, {"channel", "<-make(chan int)"}, {"sleep", "time.Sleep(time.Hour)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := start(b, Options{})
			var took []time.Duration
			for b.Loop() {
				ctx, cancel := context.WithCancel(b.Context())
				var began time.Time
				o := executeTo(ctx, s, Cell{Source: "fmt.Println(1)\n" + c.src}, func(e Event) {
					if _, printed := e.(Stream); printed {
						began = time.Now()
						cancel()
					}
				})
				took = append(took, time.Since(began))
				if e := o.cellError(b); e.Name != Interrupted {
					b.Fatal(e)
				}
			}
			report(b, took)
		})
	}
}

func BenchmarkHundredThousandLines(b *testing.B) {
	s := start(b, Options{})
	events := 0
	measure(b, func() {
		o := execute(b, s, `for i := range 100000 { fmt.Println("line", i) }`)
		if strings.Count(o.stdout, "\n") != 100000 {
			b.Fatal("lines are missing")
		}
		events = len(o.events)
	})
	b.ReportMetric(float64(events), "events")
}

// resident returns the memory that a process occupies, in bytes.
func resident(t testing.TB, pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Skip("needs /proc")
	}
	pages, err := strconv.Atoi(string(bytes.Fields(data)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func workerPID(t testing.TB, s *Session) int {
	conn, err := s.worker.wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn.cmd.Process.Pid
}

func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		s := start(b, Options{})
		must(b, s, "1+1", "2")
		b.ReportMetric(float64(resident(b, workerPID(b, s)))/1e6, "MB/worker")
		b.ReportMetric(float64(resident(b, os.Getpid()))/1e6, "MB/session")
		s.Close()
	}
}

// What a cell leaves behind, in the worker and in the session, over 10,000 cells.
func BenchmarkLeak(b *testing.B) {
	s := start(b, Options{})
	cells := func(n int) {
		for range n {
			must(b, s, "1+1", "2")
		}
	}
	settle := func() (worker, session int) {
		run(b, s, "runtime/debug", "", "debug.FreeOSMemory()")
		return resident(b, workerPID(b, s)), resident(b, os.Getpid())
	}
	for b.Loop() {
		cells(1000)
		w0, s0 := settle()
		cells(10000)
		w1, s1 := settle()
		b.ReportMetric(float64(w1-w0)/10000, "B/cell-worker")
		b.ReportMetric(float64(s1-s0)/10000, "B/cell-session")
	}
}
