package repl

import (
	"strings"
	"testing"
	"time"
)

// Whatever a cell does is its own error, the next cell works, and what could be kept was.
func TestSurvival(t *testing.T) {
	for _, c := range []struct {
		name, imports, decls, body string
		limit                      int64
		kind, msg                  string
		lost                       bool
	}{
		{name: "panic", body: `panic("no")`, kind: Panic, msg: "no"},
		{name: "panic with an error", imports: "errors", body: `panic(errors.New("broken"))`, kind: Panic, msg: "broken"},
		{name: "nil map", decls: "var m map[string]int", body: `m["a"] = 1`, kind: Panic, msg: "assignment to entry in nil map"},
		{name: "index", decls: "var l []int", body: "_gnb.Result(l[5])", kind: Panic, msg: "index out of range"},
		{name: "divide by zero", decls: "var zero int", body: "_gnb.Result(1/zero)", kind: Panic, msg: "divide"},
		{name: "nil pointer", decls: "var p *int", body: "*p = 1", kind: Panic, msg: "Value"},
		{name: "os.Exit", imports: "os", body: "os.Exit(3)", kind: Exit, msg: "exit status 3", lost: true},
		{name: "log.Fatal", imports: "log", body: `log.Fatal("bye")`, kind: Exit, msg: "exit status 1", lost: true},
		{name: "runtime.Goexit", imports: "runtime", body: "runtime.Goexit()", kind: Exit, msg: "Goexit"},
		{name: "stack overflow", decls: "func f(n int) int { return f(n+1) + 1 }", body: "f(0)", kind: Fatal, msg: "stack overflow", lost: true},
		{name: "concurrent map writes", imports: "sync", decls: "var shared = map[int]int{}\nvar wg sync.WaitGroup", body: `
			for i := 0; i < 8; i++ {
				wg.Add(1)
				go func() { for n := 0; n < 1000000; n++ { shared[n%10] = n } }()
			}
			wg.Wait()`, kind: Fatal, msg: "concurrent map writes", lost: true},
		{name: "unlock of unlocked mutex", imports: "sync", decls: "var mu sync.Mutex", body: "mu.Unlock()", kind: Fatal, msg: "unlock of unlocked mutex", lost: true},
		{name: "closing os.Stdout", imports: "os", body: "os.Stdout.Close()"},
		{name: "8 GB under a limit of 1 GB", limit: 1 << 30, decls: "var big []byte", body: `
			big = make([]byte, 8<<30)
			for i := 0; i < len(big); i += 4096 { big[i] = 1 }`, kind: Fatal, msg: "out of memory", lost: true},
		{name: "killed", imports: "os syscall", body: "syscall.Kill(os.Getpid(), syscall.SIGKILL)\nselect {}", kind: Killed, msg: "signal: killed", lost: true},
		{name: "segmentation fault", imports: "os syscall", body: "syscall.Kill(os.Getpid(), syscall.SIGABRT)\nselect {}", kind: Fatal, msg: "SIGABRT", lost: true},
	} {
		if underRace && (c.limit > 0 || c.name == "concurrent map writes") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Options{MemoryLimit: c.limit})
			if o := run(t, s, "fmt", "var x int", "x = 41"); o.err != nil {
				t.Fatal(o.err)
			}
			began := time.Now()
			o := run(t, s, c.imports, c.decls, "println(\"before\")\n"+c.body)
			took := time.Since(began)
			if o.stderr != "before\n" && c.name != "log.Fatal" {
				t.Errorf("stderr %q", o.stderr)
			}
			if c.kind == "" {
				if o.err != nil {
					t.Errorf("error %v", o.err)
				}
			} else if e := o.cellError(t); e.Name != c.kind || !strings.Contains(e.Msg, c.msg) || e.Lost != c.lost {
				t.Errorf("%+v", e)
			}
			t.Logf("%v: %v", took.Round(time.Millisecond), o.err)
			if !c.lost {
				if o := run(t, s, "", "", "_gnb.Result(x + 1)"); o.value != "42" || o.err != nil {
					t.Errorf("x + 1 gives %+v", o)
				}
			}
			if o := run(t, s, "fmt", "", "fmt.Println(6 * 7)\n_gnb.Result(1 + 1)"); o.value != "2" || o.stdout != "42\n" || o.err != nil {
				t.Errorf("1 + 1 gives %+v", o)
			}
		})
	}
}
