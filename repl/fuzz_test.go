package repl

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/repl/internal/progen"
)

// Random programs do as cells what they do under go run: as one cell, and with each declaration in a cell of its own.
// GROUPNB_PROGRAMS=first-last chooses the programs by their seeds.
func TestRandomPrograms(t *testing.T) {
	first, last := 1, 24
	if text := os.Getenv("GROUPNB_PROGRAMS"); text != "" {
		if _, err := fmt.Sscanf(text, "%d-%d", &first, &last); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		last = 4
	}
	const batch = 100
	for ; first <= last; first += batch {
		var programs []progen.Program
		for seed := first; seed <= last && seed < first+batch; seed++ {
			programs = append(programs, progen.New(rand.New(rand.NewPCG(uint64(seed), 0)), seed))
		}
		compare(t, programs)
	}
}

// Floating-point numbers that don't fit become what this machine's compiled code makes of them.
func TestNumbersThatDoNotFit(t *testing.T) {
	compare(t, []progen.Program{{Main: "main_0", Decls: []string{
		"type narrow int8",
		`func convert(x float64) {
			f := float32(x)
			fmt.Println(x, int(x), int8(x), int16(x), int32(x), int64(x), uint(x), uint8(x), uint16(x), uint32(x), uint64(x), narrow(x), uintptr(x))
			fmt.Println(f, int(f), int8(f), int16(f), int32(f), int64(f), uint(f), uint8(f), uint16(f), uint32(f), uint64(f), narrow(f))
		}`,
		`func main_0() {
			zero := 0.0
			for _, x := range []float64{-1.9, 127.5, 128, -129, 256, 300.7, 65536, -32769, 1 << 31, -1<<31 - 1, 1 << 32, 1e10, -1e10, 9.3e18, -9.3e18, 1.9e19, 1e30, -1e30, 0 / zero, 1 / zero, -1 / zero} {
				convert(x)
			}
		}`,
	}}})
}

// FuzzAgainstGoRun is the same for programs written from the fuzzer's bytes.
func FuzzAgainstGoRun(f *testing.F) {
	for seed := range 3 {
		b := make([]byte, 500)
		for i, r := 0, rand.New(rand.NewPCG(uint64(seed), 1)); i < len(b); i++ {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, []progen.Program{progen.New((*progen.Bytes)(&data), 0)})
	})
}

// compare runs programs under the go command, built together, and as cells.
func compare(t *testing.T, programs []progen.Program) {
	t.Helper()
	outputs := goRun(t, programs)
	whole, split := start(t, Options{}), start(t, Options{})
	cellsOutput(t, whole, progen.Prelude)
	cellsOutput(t, split, progen.Prelude)
	for i, p := range programs {
		for how, run := range map[string]func() string{
			"one cell": func() string { return cellsOutput(t, whole, p.Source()+"\n"+call(p)) },
			"many cells": func() string {
				return cellsOutput(t, split, append(p.Decls[:len(p.Decls):len(p.Decls)], call(p))...)
			},
		} {
			if got := run(); got != outputs[i] {
				t.Errorf("%s, %s (-go run +cells):\n%s", p.Main, how, cmp.Diff(outputs[i], got))
				if dir := os.Getenv("GROUPNB_PROGRAMS_KEEP"); dir != "" {
					os.WriteFile(filepath.Join(dir, p.Main+".go"), []byte(p.Source()), 0o666)
				}
			}
		}
	}
}

// call runs a program so that a panic that it doesn't recover ends neither the others nor the cell.
func call(p progen.Program) string { return fmt.Sprintf("try(%q, %s)", p.Main, p.Main) }

// cellsOutput executes cells and returns what they print, and how they fail.
func cellsOutput(t *testing.T, s *Session, cells ...string) (out string) {
	for _, src := range cells {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		o := executeIn(ctx, s, Cell{Source: src})
		cancel()
		out += o.stdout
		if o.err != nil {
			return out + "error: " + o.err.Error() + "\n"
		}
	}
	return out
}

// goRun builds programs as one and returns what each prints.
func goRun(t *testing.T, programs []progen.Program) []string {
	t.Helper()
	const between = "\x00 next \x00"
	dir := t.TempDir()
	text := "package main\nimport (\"fmt\"; \"strings\")\nvar _ = strings.ToUpper\n" + progen.Prelude
	main := "func main() {\n"
	for i, p := range programs {
		text += p.Source() + "\n"
		if i > 0 {
			main += "fmt.Print(" + strconv.Quote(between) + ")\n"
		}
		main += call(p) + "\n"
	}
	for name, content := range map[string]string{"go.mod": "module random\n\ngo 1.26\n", "main.go": text + main + "}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-o", "random", ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var stderr strings.Builder
	program := exec.CommandContext(t.Context(), filepath.Join(dir, "random"))
	program.Stderr = &stderr
	out, err := program.Output()
	if err != nil {
		t.Fatalf("go run: %v\n%s", err, stderr.String())
	}
	return strings.Split(string([]rune(string(out))), between) // streams are valid UTF-8
}
