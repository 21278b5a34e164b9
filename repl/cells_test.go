package repl

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The corpora of notebook cells, the first four written to measure interpreters before this one existed. Each cell has what it is
// expected to print or show: nothing, a text, ERR for an error, or ? where anything goes that leaves the session alive.
// A line beginning with #= is a decision: why an expectation differs from the one first written down.
func TestCellCorpora(t *testing.T) {
	files, err := filepath.Glob("testdata/cells/*.cells")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".cells"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Grace: 300 * time.Millisecond}
			if strings.HasSuffix(file, "c_danger.cells") {
				o.Env = []string{racesOnPurpose}
			}
			s := start(t, o)
			for _, c := range strings.Split(string(text), "\n#@ ")[1:] {
				if strings.HasPrefix(c, "RESTART") {
					if err := s.Restart(t.Context()); err != nil {
						t.Fatal(err)
					}
					continue
				}
				corpusCell(t, s, c)
			}
		})
	}
}

// blocking are the cells that never end by themselves.
const blocking = " os-stdin deadlock-chan deadlock-mutex2 select-empty for-empty for-inc for-func sleep-long wgf2 compiled-callback-loop "

func corpusCell(t *testing.T, s *Session, text string) {
	head, src, _ := strings.Cut(text, "\n")
	name, want, _ := strings.Cut(head, " |")
	want = strings.TrimSpace(want)
	if strings.HasPrefix(src, "#= ") {
		_, src, _ = strings.Cut(src, "\n")
	}
	if want == "SKIP" {
		return
	}
	limit := time.Minute
	if strings.Contains(blocking, " "+name+" ") {
		limit = 200 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	lines := 3
	o := executeIn(ctx, s, Cell{Source: src, Stdin: func(string, bool) (string, error) {
		if lines--; lines < 0 {
			return "", io.EOF
		}
		return "42 hello", nil
	}})
	got := strings.Join(strings.Fields(o.stdout+" "+o.value), " ")
	switch {
	case want == "?":
	case want == "ERR":
		if o.err == nil {
			t.Errorf("%s: no error, printed %q", name, got)
		}
	case o.err != nil:
		t.Errorf("%s: %v, want %q", name, o.err, want)
	case name == "err-redecl-2" && strings.Contains(got, want):
	case got != want:
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}
