package repl

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// interrupted runs a cell that begins by printing, interrupts it as soon as it has printed something, and tells how long
// it took from there.
func interrupted(t *testing.T, s *Session, src string) (o outcome, took time.Duration) {
	t.Helper()
	return interruptedOncePrinted(t, s, "fmt.Println(\"go\")\n"+src)
}

func interruptedOncePrinted(t *testing.T, s *Session, src string) (o outcome, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var began time.Time
	o = executeTo(ctx, s, Cell{Source: src}, func(e Event) {
		if s, ok := e.(Stream); ok && s.Name == "stdout" && began.IsZero() {
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
	for _, c := range []struct{ name, src string }{
		{"endless loop", "for {}"},
		{"counting loop", "n := 0\nfor { n++ }"},
		{"range over int", "for range 1 << 60 {}"},
		{"loop that recovers", "func f() { defer func() { recover() }(); panic(1) }\nfor { f() }"},
		{"deferred loop", "func f() { defer func() { for {} }() }\nf()"},
		{"blocked receive", "<-make(chan int)"},
		{"blocked send", "make(chan int) <- 1"},
		{"blocked receive with ok", "v, ok := <-make(chan int)\nfmt.Println(v, ok)"},
		{"blocked select", "a, b := make(chan int), make(chan int)\nselect {\ncase <-a:\ncase b <- 1:\n}"},
		{"empty select", "select {}"},
		{"range over a channel", "for range make(chan int) {}"},
		{"Sleep", "time.Sleep(time.Hour)"},
		{"sleeping loop", "for { time.Sleep(time.Millisecond) }"},
		{"compiled call that polls", "<-display.Context().Done()"},
		{"loop over compiled calls", "for { strings.Repeat(\"x\", 1000) }"},
		{"interpreted callback of compiled code", "sort.Search(1<<60, func(int) bool { for {} })"},
		{"method of a notebook type", "type T struct{ n int }\nfunc (t *T) run() { for { t.n++ } }\n(&T{}).run()"},
		{"String method called by fmt", "type S struct{}\nfunc (S) String() string { for {} }\nfmt.Println(S{})"},
		{"print flood", "for { fmt.Println(\"more and more\") }"},
		{"mutex locked twice", "var mu sync.Mutex\nmu.Lock()\nmu.Lock()"},
		{"mutex of a struct", "type safe struct { sync.RWMutex; n int }\nvar s safe\ns.RLock()\ns.Lock()"},
		{"lock as a method value", "var mu sync.Mutex\nlock := mu.Lock\nlock()\nlock()"},
		{"locker", "var mu sync.RWMutex\nvar l sync.Locker = &mu\nl.Lock()\nl.Lock()"},
		{"locker for reading", "var mu sync.RWMutex\nmu.Lock()\nmu.RLocker().Lock()"},
		{"locker of a notebook type", "type T struct{ mu sync.Mutex }\nfunc (t *T) Lock() { t.mu.Lock() }\nfunc (t *T) Unlock() { t.mu.Unlock() }\nvar l sync.Locker = &T{}\nl.Lock()\nl.Lock()"},
		{"read lock", "var mu sync.RWMutex\nmu.Lock()\nmu.RLock()"},
		{"wait group", "var wg sync.WaitGroup\nwg.Add(1)\nwg.Wait()"},
		{"deferred wait", "func f() { var wg sync.WaitGroup; wg.Add(1); defer wg.Wait() }\nf()"},
		{"condition", "var mu sync.Mutex\nc := sync.NewCond(&mu)\nfunc f() { mu.Lock(); defer mu.Unlock(); c.Wait() }\nf()"},
		{"once in itself", "var once sync.Once\nonce.Do(func() { once.Do(func() {}) })"},
		{"once of a goroutine", "var once sync.Once\nbegun := make(chan int)\ngo once.Do(func() { begun <- 1; select {} })\n<-begun\nonce.Do(func() {})"},
		{"loop in once", "var once sync.Once\nonce.Do(func() { for {} })"},
		{"once for a value", "var value func() int\nvalue = sync.OnceValue(func() int { return value() })\nvalue()"},
		{"training", `train, _, err := data.FashionMNISTSubset()
			if err != nil { panic(err) }
			m := nn.Sequential(nn.Conv2D(1, 4, 3), nn.GlobalAvgPool2D(), nn.Linear(4, 10))
			m.Fit(train.Batches(8), nn.SGD(0.01), nn.Epochs(1000000))`},
		{"waiting for input", "var line string\nfmt.Scanln(&line)\nselect {}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Options{Grace: 5 * time.Second})
			// A closure and a goroutine of an earlier cell, which must outlive the interrupts.
			before := execute(t, s, `
				func counter() func() int { n := 0; return func() int { n++; return n } }
				next := counter()
				asked, ticks := make(chan int), make(chan int)
				go func() { n := 0; for range asked { n++; ticks <- n } }()
				next()`)
			if before.err != nil || before.value != "1" {
				t.Fatalf("%+v", before)
			}
			for range 2 {
				o, took := interrupted(t, s, c.src)
				if e := o.cellError(t); e.Name != Interrupted || e.Lost {
					t.Fatalf("%+v", e)
				}
				if !strings.HasPrefix(o.stdout, "go\n") {
					t.Errorf("stdout %.100q, stderr %.2000s", o.stdout, o.stderr)
				}
				t.Logf("interrupt to idle %v", took)
			}
			after := execute(t, s, "asked <- 1\nfmt.Sprint(next(), <-ticks)")
			if after.value != "2 1" {
				t.Errorf("closure and goroutine give %q, error %v, want 2 1", after.value, after.err)
			}
		})
	}
}

// What does not stop is ended after the grace time; the error says what it was doing, and the session goes on.
func TestInterruptOfWhatCannotStop(t *testing.T) {
	s := start(t, Options{Grace: 100 * time.Millisecond})
	o, took := interrupted(t, s, "r, _ := io.Pipe()\nr.Read(nil)")
	e := o.cellError(t)
	if e.Name != Killed || !e.Lost || !strings.Contains(e.Msg, "(it was waiting: select)") {
		t.Errorf("%+v", e)
	}
	if took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if o := execute(t, s, "1 + 1"); o.value != "2" {
		t.Errorf("%+v", o)
	}
}

// A wait that an interrupt ended is no wait any more: it takes no wake-up from a variable declared again.
func TestWhatWasWaitedForCanBeDeclaredAgain(t *testing.T) {
	for _, c := range []struct{ name, waits, returns string }{
		{"wait group", "var wg sync.WaitGroup\nwg.Add(1)\nwg.Wait()",
			"var wg sync.WaitGroup\nwg.Add(1)\ngo func() { time.Sleep(20 * time.Millisecond); wg.Done() }()\nwg.Wait()\n1"},
		{"mutex", "var mu sync.Mutex\nmu.Lock()\nmu.Lock()",
			"var mu sync.Mutex\nmu.Lock()\ngo func() { time.Sleep(20 * time.Millisecond); mu.Unlock() }()\nmu.Lock()\n1"},
		{"in a struct", "type safe struct { n int; mu [2]sync.RWMutex }\nvar s safe\ns.mu[1].RLock()\ns.mu[1].Lock()",
			"var s safe\ns.mu[1].RLock()\ngo func() { time.Sleep(20 * time.Millisecond); s.mu[1].RUnlock() }()\ns.mu[1].Lock()\n1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Options{})
			for range 3 {
				if o, _ := interrupted(t, s, c.waits); o.cellError(t).Name != Interrupted {
					t.Fatalf("%+v", o)
				}
			}
			if o := execute(t, s, c.returns); o.value != "1" {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestInterruptOfNothing(t *testing.T) {
	s := start(t, Options{})
	s.Interrupt()
	if o := execute(t, s, "1 + 1"); o.value != "2" {
		t.Errorf("%+v", o)
	}
}

func TestInterruptBeforeTheCellRuns(t *testing.T) {
	s := start(t, Options{Grace: 5 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := executeTo(ctx, s, Cell{Source: "var started = true\nfunc f() int { return 1 }\nfor fmt.Print() ; ; {}"}, func(e Event) {
		if _, imported := e.(Notice); imported {
			cancel()
		}
	})
	if e := o.cellError(t); e.Name != Interrupted || e.Lost {
		t.Fatalf("%+v", e)
	}
	if o := execute(t, s, "f()"); o.value != "1" {
		t.Errorf("the declarations are not whole: %+v", o)
	}
}

// An interrupt runs deferred calls, so that locks are free and files closed, and disturbs no other goroutine.
func TestInterruptRunsDeferredCalls(t *testing.T) {
	s := start(t, Options{Grace: 5 * time.Second})
	if o := execute(t, s, `
		var mu sync.Mutex
		var busy atomic.Int64
		go func() { for { busy.Add(1) } }()
		forever := make(chan int)
		func work(more func()) {
			mu.Lock()
			defer func() {
				for i := range 3 { fmt.Print(i) }
				mu.Unlock()
			}()
			fmt.Println("go")
			more()
		}`); o.err != nil {
		t.Fatal(o.err)
	}
	for _, src := range []string{
		"for {}", "for { time.Sleep(time.Millisecond) }", "<-forever", "v, ok := <-forever; fmt.Print(v, ok)", "forever <- 1",
		"for range forever {}", "select { case <-forever: case forever <- 1: }", "mu.Lock()",
		"var wg sync.WaitGroup; wg.Add(1); wg.Wait()", "defer func() { <-forever }(); <-forever",
		"for {}",
	} {
		o, _ := interruptedOncePrinted(t, s, "work(func() { "+src+" })")
		if e := o.cellError(t); e.Name != Interrupted || o.stdout != "go\n012" {
			t.Fatalf("%s: %+v, stdout %q", src, e, o.stdout)
		}
		if o := execute(t, s, "mu.Lock(); mu.Unlock(); n := busy.Load(); for busy.Load() == n {}; 1"); o.value != "1" {
			t.Fatalf("the lock is held or the goroutine ended: %+v", o)
		}
	}
}

// An interrupt may overtake the cell that it is for.
func TestInterruptAsTheCellBegins(t *testing.T) {
	s := start(t, Options{})
	s.running.Lock()
	defer s.running.Unlock()
	conn, err := s.usable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 50 {
		conn.send(wire.Request{Op: wire.Interrupt, Cell: s.cells + 1})
		r := &cellRun{session: s, conn: conn, program: lowered("time", "", "time.Sleep(time.Hour)"), emit: func(Event) {}}
		_, err := r.toEnd(ctx)
		var e *CellError
		if !errors.As(err, &e) || e.Name != Interrupted {
			t.Fatalf("cell %d ends with %v", i, err)
		}
	}
}
