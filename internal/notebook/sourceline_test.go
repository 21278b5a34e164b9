package notebook

import (
	"strings"
	"testing"
)

func TestSourceLine(t *testing.T) {
	nb := New()
	nb.Add(Markdown, "# Title")
	nb.Add(Code, "a()\nb()")
	nb.Add(Code, "a()\nb()")
	for _, file := range []struct {
		path string
		data []byte
	}{{"x.ipynb", nb.Encode()}, {"x.md", nb.Markdown()}} {
		lines := strings.Split(string(file.data), "\n")
		for cell := 1; cell <= 2; cell++ {
			n := SourceLine(file.path, file.data, cell, 2)
			if n == 0 || !strings.Contains(lines[n-1], "b()") {
				t.Errorf("%s, cell %d: line %d", file.path, cell, n)
			}
		}
		first, second := SourceLine(file.path, file.data, 1, 1), SourceLine(file.path, file.data, 2, 1)
		if first >= second {
			t.Errorf("%s: cells at lines %d and %d", file.path, first, second)
		}
		if n := SourceLine(file.path, file.data, 9, 1); n != 0 {
			t.Errorf("%s: a cell that isn't there is at line %d", file.path, n)
		}
	}
	flat := []byte("{\"metadata\": {\"cells\": 1},\n\"cells\": [\n{\"source\": \"a\\nb\"}]}")
	if n := SourceLine("x.ipynb", flat, 0, 2); n != 3 {
		t.Errorf("a source in one string is at line %d, want 3", n)
	}
}

func FuzzSourceLine(f *testing.F) {
	f.Add([]byte(`{"cells": [{"source": ["a"]}]}`), 0, 1)
	f.Fuzz(func(t *testing.T, data []byte, cell, line int) {
		cell, line = cell&7, line&7
		if n := SourceLine("x.ipynb", data, cell, line); n < 0 || n > 1+strings.Count(string(data), "\n") {
			t.Errorf("line %d", n)
		}
	})
}
