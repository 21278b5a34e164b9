package repl

import (
	"context"
	"strings"
	"testing"
	"time"
)

// interrupted runs a cell, interrupts it as soon as it has printed something, and tells how long it took from there.
func interrupted(t *testing.T, s *Session, imports, decls, body string) (o outcome, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p := lowered("fmt "+imports, decls, "fmt.Println(\"go\")\n"+body)
	var began time.Time
	o = programTo(ctx, t, s, p, func(Event) {
		if began.IsZero() {
			began = time.Now()
			cancel()
		}
	})
	if began.IsZero() {
		t.Fatalf("nothing was printed: %+v", o)
	}
	return o, time.Since(began)
}

func TestInterrupt(t *testing.T) {
	for _, c := range []struct{ name, imports, decls, body string }{
		{name: "endless loop", body: "for {}"},
		{name: "counting loop", decls: "var n int", body: "for { n++ }"},
		{name: "loop that recovers", decls: "func f() { defer func() { recover() }(); panic(1) }", body: "for { f() }"},
		{name: "blocked channel", body: "<-make(chan int)"},
		{name: "blocked select", body: "a, b := make(chan int), make(chan int)\nselect { case <-a: case b <- 1: }"},
		{name: "range over a channel", body: "for range make(chan int) {}"},
		{name: "Sleep", imports: "time", body: "time.Sleep(time.Hour)"},
		{name: "sleeping loop", imports: "time", body: "for { time.Sleep(time.Millisecond) }"},
		{name: "compiled call that polls", imports: "github.com/groupnb/groupnb/repl/display", body: "<-display.Context().Done()"},
		{name: "interpreted callback of compiled code", imports: "sort", body: "sort.Search(1<<60, func(int) bool { for {} })"},
		{name: "print flood", body: "for { fmt.Println(\"more and more\") }"},
		{name: "waiting for input", decls: "var line string", body: "fmt.Scanln(&line)\nselect {}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Options{Grace: 10 * time.Second})
			// A closure and a goroutine of an earlier cell, which must outlive the interrupts.
			before := run(t, s, "time", `
				func counter() func() int { n := 0; return func() int { n++; return n } }
				var next func() int
				var ticks = make(chan int)
				var asked = make(chan int)`, `
				next = counter()
				go func() { n := 0; for range asked { n++; ticks <- n } }()
				_gnb.Result(next())`)
			if before.err != nil || before.value != "1" {
				t.Fatalf("%+v", before)
			}
			for twice := range 2 {
				decls := c.decls
				if twice > 0 {
					decls = ""
				}
				o, took := interrupted(t, s, c.imports, decls, c.body)
				if e := o.cellError(t); e.Name != Interrupted || e.Lost {
					t.Fatalf("%+v", e)
				}
				if !strings.HasPrefix(o.stdout, "go\n") {
					t.Errorf("stdout %.100q", o.stdout)
				}
				t.Logf("interrupt to idle %v", took)
			}
			after := run(t, s, "", "", "asked <- 1\n_gnb.Result(next(), <-ticks)")
			if after.value != "2 1" {
				t.Errorf("closure and goroutine give %q, error %v, want 2 1", after.value, after.err)
			}
		})
	}
}

// What does not stop is ended after the grace time; the error says what it was doing, and the session goes on.
func TestInterruptOfWhatCannotStop(t *testing.T) {
	s := start(t, Options{Grace: 100 * time.Millisecond})
	o, took := interrupted(t, s, "sync", "var mu sync.Mutex", "mu.Lock()\nmu.Lock()")
	e := o.cellError(t)
	if e.Name != Killed || !e.Lost || !strings.Contains(e.Msg, "sync.Mutex.Lock") {
		t.Errorf("%+v", e)
	}
	if took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if o := run(t, s, "", "", "_gnb.Result(1 + 1)"); o.value != "2" {
		t.Errorf("%+v", o)
	}
}

func TestInterruptOfNothing(t *testing.T) {
	s := start(t, Options{})
	s.Interrupt()
	if o := run(t, s, "", "", "_gnb.Result(1 + 1)"); o.value != "2" {
		t.Errorf("%+v", o)
	}
}
