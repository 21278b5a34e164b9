package worker

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"reflect"

	"github.com/traefik/yaegi/interp"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// override replaces the few compiled functions that must know the cell: printing, so that standard output and standard
// error keep their order and late output its cell; reading standard input; and sleeping.
func (w *worker) override(values interp.Exports) {
	out, errs := stream{w.out, wire.Stdout}, stream{w.out, wire.Stderr}
	stdout, stderr, stdin := os.Stdout, os.Stderr, os.Stdin
	// ordered finds the way of a writer. A cell may have put another file in os.Stdout; then that is where it goes.
	ordered := func(to io.Writer) io.Writer {
		if f, ok := to.(*os.File); ok && f == stdout {
			return out
		} else if ok && f == stderr {
			return errs
		}
		return to
	}
	// fprint is fmt.Fprint. Text alone needs no copy, which costs more than all else if it is long.
	fprint := func(to io.Writer, a ...any) (int, error) {
		to = ordered(to)
		if s, ok := to.(stream); ok && len(a) == 1 {
			if text, ok := a[0].(string); ok {
				return s.WriteString(text)
			}
		}
		return fmt.Fprint(to, a...)
	}
	asking := func(from io.Reader) io.Reader {
		if f, ok := from.(*os.File); ok && f == stdin {
			return w.input
		}
		return from
	}
	log.SetOutput(errs)
	replace(values["fmt/fmt"], map[string]any{
		"Print":    func(a ...any) (int, error) { return fprint(os.Stdout, a...) },
		"Printf":   func(f string, a ...any) (int, error) { return fmt.Fprintf(ordered(os.Stdout), f, a...) },
		"Println":  func(a ...any) (int, error) { return fmt.Fprintln(ordered(os.Stdout), a...) },
		"Fprint":   fprint,
		"Fprintf":  func(to io.Writer, f string, a ...any) (int, error) { return fmt.Fprintf(ordered(to), f, a...) },
		"Fprintln": func(to io.Writer, a ...any) (int, error) { return fmt.Fprintln(ordered(to), a...) },
		"Scan":     func(a ...any) (int, error) { return fmt.Fscan(asking(os.Stdin), a...) },
		"Scanf":    func(f string, a ...any) (int, error) { return fmt.Fscanf(asking(os.Stdin), f, a...) },
		"Scanln":   func(a ...any) (int, error) { return fmt.Fscanln(asking(os.Stdin), a...) },
		"Fscan":    func(r io.Reader, a ...any) (int, error) { return fmt.Fscan(asking(r), a...) },
		"Fscanf":   func(r io.Reader, f string, a ...any) (int, error) { return fmt.Fscanf(asking(r), f, a...) },
		"Fscanln":  func(r io.Reader, a ...any) (int, error) { return fmt.Fscanln(asking(r), a...) },
	})
	replace(values["io/io"], map[string]any{
		"ReadAll":     func(r io.Reader) ([]byte, error) { return io.ReadAll(asking(r)) },
		"WriteString": func(to io.Writer, s string) (int, error) { return io.WriteString(ordered(to), s) },
		"Copy":        func(to io.Writer, r io.Reader) (int64, error) { return io.Copy(ordered(to), asking(r)) },
	})
	replace(values["bufio/bufio"], map[string]any{
		"NewReader":  func(r io.Reader) *bufio.Reader { return bufio.NewReader(asking(r)) },
		"NewScanner": func(r io.Reader) *bufio.Scanner { return bufio.NewScanner(asking(r)) },
		"NewWriter":  func(to io.Writer) *bufio.Writer { return bufio.NewWriter(ordered(to)) },
	})
	replace(values["time/time"], map[string]any{"Sleep": w.sleep})
}

// replace puts functions in the place of others of the same type.
func replace(table map[string]reflect.Value, functions map[string]any) {
	for name, f := range functions {
		v := reflect.ValueOf(f)
		if old := table[name]; old.Type() != v.Type() {
			panic(fmt.Sprintf("worker: %s is %v, not %v", name, old.Type(), v.Type()))
		}
		table[name] = v
	}
}
