package repl

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// soakTime bounds the test in ordinary runs; GROUPNB_SOAK=1h makes it the long one.
func soakTime(t *testing.T) time.Duration {
	if text := os.Getenv("GROUPNB_SOAK"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if testing.Short() {
		return time.Second
	}
	return 3 * time.Second
}

// Random cells, harmless and deadly, leave no goroutine, descriptor or process behind.
func TestSoak(t *testing.T) {
	if !isLinux() {
		t.Skip("needs /proc")
	}
	s := start(t, Options{Grace: 50 * time.Millisecond})
	warm := func() { run(t, s, "", "", "_gnb.Result(1 + 1)") }
	warm()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	actions := []func(r *rand.Rand){
		func(*rand.Rand) { run(t, s, "fmt", "", `fmt.Println("hello")`) },
		func(*rand.Rand) { run(t, s, "", "", `panic("no")`) },
		func(*rand.Rand) { run(t, s, "os", "", "os.Exit(1)") },
		func(*rand.Rand) { run(t, s, "os/exec", "", `exec.Command("sleep", "1000").Start()`) },
		func(*rand.Rand) { run(t, s, "time", "", "go func() { time.Sleep(time.Hour) }()") },
		func(*rand.Rand) { s.Restart(t.Context()) },
		func(r *rand.Rand) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(20))*time.Millisecond)
			defer cancel()
			program(ctx, t, s, lowered("", "", "for {}"))
		},
		func(*rand.Rand) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			program(ctx, t, s, lowered("sync", "", "var mu sync.Mutex\nmu.Lock()\nmu.Lock()"))
		},
		func(*rand.Rand) { s.Execute(t.Context(), Cell{Source: "this is no Go"}, func(Event) {}) },
	}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	n := 0
	for end := time.Now().Add(soakTime(t)); time.Now().Before(end); n++ {
		actions[r.IntN(len(actions))](r)
		if n%50 == 0 {
			run(t, s, "", "", "_gnb.Result(1 + 1)") // may tell that the worker is gone
			if o := run(t, s, "", "", "_gnb.Result(1 + 1)"); o.value != "2" {
				t.Fatalf("seed %d, after %d cells 1 + 1 gives %+v", seed, n, o)
			}
		}
	}
	s.Restart(t.Context())
	warm()
	settled := func(what string, now func() int, before, slack int) {
		deadline := time.Now().Add(5 * time.Second)
		for now() > before+slack {
			if time.Now().After(deadline) {
				t.Errorf("seed %d, %d cells: %d %s, %d before", seed, n, now(), what, before)
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	settled("goroutines", runtime.NumGoroutine, goroutines, 3)
	settled("descriptors", func() int { return openFiles(t) }, files, 1)
	settled("child processes", func() int { return children(t) }, 1, 0)
	t.Logf("%d cells", n)
}

func openFiles(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// children counts the processes that this one started and that still are.
func children(t *testing.T) (n int) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		var state string
		var parent int
		if fmt.Sscan(rest, &state, &parent); parent == os.Getpid() {
			n++
		}
	}
	return n
}
