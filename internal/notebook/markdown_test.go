package notebook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twin returns what of a notebook its Markdown form holds.
func twin(nb *Notebook) []Cell {
	cells := []Cell{}
	for _, c := range nb.Cells {
		cells = append(cells, Cell{Type: c.Type, Source: c.Source, Metadata: c.Metadata})
	}
	return cells
}

func TestMarkdownTwin(t *testing.T) {
	for _, c := range []struct {
		name string
		nb   func(nb *Notebook)
		want string
	}{
		{"prose and code", func(nb *Notebook) {
			nb.Add(Markdown, "# Title\n\nText.")
			nb.Add(Code, "x := 1\nx")
			nb.Add(Markdown, "More.")
		}, "# Title\n\nText.\n\n```go\nx := 1\nx\n```\n\nMore.\n"},
		{"two Markdown cells", func(nb *Notebook) {
			nb.Add(Markdown, "One.")
			nb.Add(Markdown, "Two.")
		}, "One.\n\n\nTwo.\n"},
		{"tags", func(nb *Notebook) {
			nb.Add(Code, "lr := 0.1").Metadata["tags"] = []any{"parameters"}
			nb.Add(Markdown, "x").Metadata["k"] = "v"
		}, "```go tags=[\"parameters\"]\nlr := 0.1\n```\n\n<!-- #region k=\"v\" -->\nx\n<!-- #endregion -->\n"},
		{"fences inside", func(nb *Notebook) {
			nb.Add(Code, "s := `\n```\n`")
			nb.Add(Markdown, "```sh\n\n\n```go\n```")
			nb.Add(Markdown, "```go\nexample()\n```")
		}, "````go\ns := `\n```\n`\n````\n\n```sh\n\n\n```go\n```\n\n<!-- #region -->\n```go\nexample()\n```\n<!-- #endregion -->\n"},
		{"empty cells and raw", func(nb *Notebook) {
			nb.Add(Code, "")
			nb.Add(Markdown, "")
			nb.Add(Raw, "<x>")
		}, "```go\n```\n\n<!-- #region -->\n<!-- #endregion -->\n\n<!-- #raw -->\n<x>\n<!-- #endraw -->\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nb := &Notebook{Minor: 5}
			c.nb(nb)
			got := nb.Markdown()
			if d := cmp.Diff(c.want, string(got)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			read, err := ParseMarkdown(got)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(twin(nb), twin(read)); d != "" {
				t.Errorf("read back: -want +got\n%s", d)
			}
		})
	}
}

func TestMarkdownHeader(t *testing.T) {
	nb := New()
	nb.Add(Code, "1")
	nb.Metadata["authors"] = []any{map[string]any{"name": "A: B"}}
	nb.Metadata["title"] = "true"
	read, err := ParseMarkdown(nb.Markdown())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(nb.Metadata, read.Metadata); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestMarkdownOfOthersIsRead(t *testing.T) {
	text := "---\ntitle: x\njupyter:\n  jupytext:\n    formats: ipynb,md\n  kernelspec:\n    name: 'groupnb'\n---\n\nText\n```{go}\n1\n```\n"
	nb, err := ParseMarkdown([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Cell{{Type: Markdown, Source: "Text", Metadata: map[string]any{}}, {Type: Code, Source: "1", Metadata: map[string]any{}}}
	if d := cmp.Diff(want, twin(nb)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if name := nb.Metadata["kernelspec"].(map[string]any)["name"]; name != "groupnb" {
		t.Errorf("kernelspec name %v", name)
	}
}

func TestMarkdownErrorsNameTheLine(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"---\nx: 1", "line 1: the header has no end: a line ---"},
		{"text\n\n```go\n1", "line 3: the code cell that begins here has no end"},
		{"```go tags\n```", `line 1: cell metadata: want key=value with a value in JSON, got "tags"`},
	} {
		if _, err := ParseMarkdown([]byte(c.in)); err == nil || err.Error() != c.want {
			t.Errorf("%q: got %v, want %s", c.in, err, c.want)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n\n```go tags=[1]\nx\n```\n\n\nb", "```go")
	f.Add("<!-- #region -->\n<!-- #endregion -->", "\n\n\n")
	f.Fuzz(func(t *testing.T, text, source string) {
		nb, err := ParseMarkdown([]byte(text))
		if err != nil {
			return
		}
		nb.Add(Markdown, source)
		nb.Add(Markdown, source)
		again, err := ParseMarkdown(nb.Markdown())
		if err != nil {
			t.Fatalf("can't read what was written: %v\n%q", err, nb.Markdown())
		}
		if d := cmp.Diff(twin(nb), twin(again)); d != "" {
			t.Errorf("%q\n-want +got\n%s", nb.Markdown(), d)
		}
	})
}
