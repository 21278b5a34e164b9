package notebook

import (
	"bytes"
	"encoding/base64"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files anew")

// rich is a notebook with everything nbformat 4.5 names and some fields that it doesn't.
func rich() *Notebook {
	nb := New()
	nb.Extra = map[string]any{"zz_tool": map[string]any{"kept": true}}
	intro := nb.Add(Markdown, "# A < B & C\n\nline \u2028 separator")
	intro.Attachments = map[string]any{"a.png": map[string]any{"image/png": base64.StdEncoding.EncodeToString([]byte{0x89, 'P'})}}
	c := nb.Add(Code, "x := 1\nx")
	c.Count = 3
	c.Metadata["tags"] = []any{"slow"}
	c.Extra = map[string]any{"unknown": "field"}
	c.Outputs = []*Output{
		{Type: Stream, Name: "stdout", Text: "é\tone\ntwo\x1b[0m"},
		{Type: Display, Data: map[string]any{"text/html": "<b>1 & 2</b>", "image/png": "iVBORw0KGgo=", "application/json": map[string]any{"a": []any{}}}},
		{Type: Result, Count: 3, Data: map[string]any{"text/plain": "1"}},
		{Type: Error, EName: "panic", EValue: "boom", Traceback: []string{"a", "b"}},
	}
	nb.Add(Raw, "")
	return nb
}

func TestEncodeGolden(t *testing.T) {
	got := rich().Encode()
	golden := filepath.Join("testdata", "rich.ipynb")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestReadingAndWritingChangesNothing(t *testing.T) {
	want := rich().Encode()
	nb, err := Decode(want)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(nb.Encode())); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if c := nb.Cells[1]; c.Count != 3 || !c.HasTag("slow") || len(c.Outputs) != 4 || c.Outputs[3].EValue != "boom" {
		t.Errorf("cell 2 read as %+v", c)
	}
}

// TestJupyterWritesTheSameBytes has nbformat read and write our file.
func TestJupyterWritesTheSameBytes(t *testing.T) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import nbformat").Run() != nil {
		t.Skip("needs python3-nbformat")
	}
	in := filepath.Join("testdata", "rich.ipynb")
	out := filepath.Join(t.TempDir(), "out.ipynb")
	const program = `
import sys, nbformat
nb = nbformat.read(sys.argv[1], 4)
nbformat.validate(nb, relax_add_props=True)
nbformat.write(nb, sys.argv[2])`
	if msg, err := exec.Command(python, "-c", program, in, out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	want, _ := os.ReadFile(in)
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("-ours +nbformat's\n%s", d)
	}
}

func TestOlderMinorsBecome45(t *testing.T) {
	nb, err := Decode([]byte(`{"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [
		{"cell_type": "code", "source": ["a\n", "b"], "metadata": {}, "outputs": [], "execution_count": null},
		{"cell_type": "markdown", "source": "text", "metadata": {}, "id": "cell-1"},
		{"cell_type": "markdown", "source": "text", "metadata": {}, "id": "cell-1"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range nb.Cells {
		ids = append(ids, c.ID)
	}
	if d := cmp.Diff([]string{"cell-1-2", "cell-1", "cell-3"}, ids); d != "" || nb.Minor != 5 {
		t.Errorf("minor %d, ids -want +got\n%s", nb.Minor, d)
	}
	if nb.Cells[0].Source != "a\nb" {
		t.Errorf("source %q", nb.Cells[0].Source)
	}
}

func TestDecodeErrorsNameThePlace(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", " \n", "the file is empty"},
		{"cut off", `{"cells": [`, "cut off"},
		{"syntax", "{\n \"cells\": [}\n}", "line 2, column 12: invalid character '}'"},
		{"merge conflict", "{\n<<<<<<< HEAD\n}", "line 2: a merge conflict is left in the file"},
		{"trailing text", `{"nbformat": 4} x`, "line 1, column 1"},
		{"a list", `[]`, "not a notebook"},
		{"no version", `{}`, "nbformat 0 is not supported"},
		{"old version", `{"nbformat": 3}`, "nbformat 3 is not supported: convert it"},
		{"cells", `{"nbformat": 4, "cells": 1}`, "cells is not a list"},
		{"cell", `{"nbformat": 4, "cells": [1]}`, "cell 1: not an object"},
		{"cell type", `{"nbformat": 4, "cells": [{}]}`, "cell 1: cell_type is missing"},
		{"source", `{"nbformat": 4, "cells": [{"cell_type": "raw", "source": [1]}]}`, "cell 1: source is not a string or a list of strings"},
		{"output", `{"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [{"output_type": "error", "traceback": [2]}]}]}`,
			"cell 1: output 1: traceback is not a list of strings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode([]byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(rich().Encode())
	f.Add([]byte(`{"nbformat": 4, "nbformat_minor": 2, "cells": [{"cell_type": "code", "source": "\ud800", "outputs": [{"output_type": "x"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		nb, err := Decode(data)
		if err != nil {
			return
		}
		once := nb.Encode()
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("can't read what was written: %v\n%s", err, once)
		}
		if !bytes.Equal(once, again.Encode()) {
			t.Errorf("written twice:\n%s\n%s", once, again.Encode())
		}
	})
}
