package repl

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Whatever a cell does is its own error, the next cell works, and what could be kept was.
func TestSurvival(t *testing.T) {
	for _, c := range []struct {
		name, src string
		limit     int64
		kind, msg string
		lost      bool
	}{
		{name: "panic", src: `panic("no")`, kind: Panic, msg: "no"},
		{name: "panic with an error", src: `panic(errors.New("broken"))`, kind: Panic, msg: "broken"},
		{name: "panic in a function", src: "func f() { panic(1) }\nf()", kind: Panic, msg: "1"},
		{name: "nil map", src: "var m map[string]int\nm[\"a\"] = 1", kind: Panic, msg: "assignment to entry in nil map"},
		{name: "index", src: "l := []int{1}\nl[5]", kind: Panic, msg: "runtime error: index out of range [5] with length 1"},
		{name: "divide by zero", src: "zero := 0\n1 / zero", kind: Panic, msg: "divide"},
		{name: "nil pointer", src: "var p *int\n*p = 1", kind: Panic, msg: "invalid memory address or nil pointer dereference"},
		{name: "closed channel", src: "c := make(chan int)\nclose(c)\nclose(c)", kind: Panic, msg: "close of closed channel"},
		{name: "goroutine panic", src: "go func() { panic(\"boom\") }()\nselect {}", kind: Panic, msg: "boom"},
		{name: "os.Exit", src: "os.Exit(3)", kind: Exit, msg: "exit status 3", lost: true},
		{name: "log.Fatal", src: `log.Fatal("bye")`, kind: Exit, msg: "exit status 1", lost: true},
		{name: "runtime.Goexit", src: "runtime.Goexit()", kind: Exit, msg: "Goexit"},
		{name: "stack overflow", src: "func f(n int) int { return f(n+1) + 1 }\nf(0)", kind: Fatal, msg: "stack overflow", lost: true},
		{name: "concurrent map writes", src: `
			m := map[int]int{}
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() { for n := range 1000000 { m[n%10] = n } })
			}
			wg.Wait()`, kind: Fatal, msg: "concurrent map writes", lost: true},
		{name: "unlock of unlocked mutex", src: "var mu sync.Mutex\nmu.Unlock()", kind: Fatal, msg: "unlock of unlocked mutex", lost: true},
		{name: "closing os.Stdout", src: "os.Stdout.Close()"},
		{name: "closing os.Stderr", src: "os.Stderr.Close()"},
		{name: "8 GB under a limit of 1 GB", limit: 1 << 30, src: `
			big := make([]byte, 8<<30)
			for i := 0; i < len(big); i += 4096 { big[i] = 1 }`, kind: Fatal, msg: "out of memory", lost: true},
		{name: "growing under a limit of 1 GB", limit: 1 << 30, src: `
			var all [][]byte
			for { all = append(all, bytes.Repeat([]byte{1}, 64<<20)) }`, kind: Fatal, msg: "out of memory", lost: true},
		{name: "killed", src: "syscall.Kill(os.Getpid(), syscall.SIGKILL)\nselect {}", kind: Killed, msg: "signal: killed", lost: true},
		{name: "aborted", src: "syscall.Kill(os.Getpid(), syscall.SIGABRT)\nselect {}", kind: Fatal, msg: "SIGABRT", lost: true},
	} {
		if underRace && (c.limit > 0 || c.name == "concurrent map writes") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Options{MemoryLimit: c.limit})
			if o := execute(t, s, "x := 41\nfunc next() int { return x + 1 }"); o.err != nil {
				t.Fatal(o.err)
			}
			began := time.Now()
			o := execute(t, s, "println(\"before\")\n"+c.src)
			t.Logf("%v: %v", time.Since(began).Round(time.Millisecond), o.err)
			if !strings.HasPrefix(o.stderr, "before\n") {
				t.Errorf("stderr %q", o.stderr)
			}
			if c.kind == "" {
				if o.err != nil {
					t.Errorf("error %v", o.err)
				}
			} else if e := o.cellError(t); e.Name != c.kind || !strings.Contains(e.Msg, c.msg) || e.Lost != c.lost ||
				c.lost != strings.Contains(fmt.Sprint(e.LostVars), "x") {
				t.Errorf("%+v", e)
			}
			want := "42"
			if c.lost { // declarations come back, values do not
				want = "1"
			}
			if o := execute(t, s, "next()"); o.value != want || o.err != nil {
				t.Errorf("next() gives %+v, want %s", o, want)
			}
			if o := execute(t, s, "fmt.Println(6 * 7)\n1 + 1"); o.value != "2" || o.stdout != "42\n" || o.err != nil {
				t.Errorf("1 + 1 gives %+v", o)
			}
		})
	}
}
