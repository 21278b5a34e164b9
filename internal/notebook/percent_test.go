package notebook

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGoFile(t *testing.T) {
	nb := New()
	nb.Add(Markdown, "# Title\n\nText.")
	nb.Add(Code, "x := 1\nx").Metadata["tags"] = []any{"slow"}
	nb.Add(Code, "")
	want := "//go:build ignore\n\n// %% [markdown]\n// # Title\n//\n// Text.\n\n// %% tags=[\"slow\"]\nx := 1\nx\n\n// %%\n"
	got := nb.GoFile()
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	read, err := ParseGoFile(got)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(twin(nb), twin(read)); d != "" {
		t.Errorf("read back: -want +got\n%s", d)
	}
}

func TestParseGoFile(t *testing.T) {
	nb, err := ParseGoFile([]byte("// ---\n// jupyter: x\n// ---\n\nimport \"fmt\"\n//%% a title\nfmt.Println(1)\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Cell{
		{Type: Code, Source: "import \"fmt\"", Metadata: map[string]any{}},
		{Type: Code, Source: "fmt.Println(1)", Metadata: map[string]any{}},
	}
	if d := cmp.Diff(want, twin(nb)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func FuzzGoFile(f *testing.F) {
	f.Add("// %%\nx\n// %% [markdown]\n// a\n")
	f.Fuzz(func(t *testing.T, text string) {
		nb, err := ParseGoFile([]byte(text))
		if err != nil {
			return
		}
		if _, err := ParseGoFile(nb.GoFile()); err != nil {
			t.Errorf("can't read what was written: %v\n%s", err, nb.GoFile())
		}
	})
}
