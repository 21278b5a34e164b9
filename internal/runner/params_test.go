package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/internal/notebook"
)

const declared = `lr := 0.1 // learning rate
epochs, name := 3, "a b"
var augment bool = true
var sizes = []int{1, 2}
const fixed = 1`

func withParameters() *notebook.Notebook {
	nb := notebook.New()
	nb.Add(notebook.Markdown, "# Train")
	nb.Add(notebook.Code, declared).Metadata["tags"] = []any{"parameters"}
	nb.Add(notebook.Code, "train()")
	return nb
}

func TestParameters(t *testing.T) {
	got, err := Parameters(withParameters())
	if err != nil {
		t.Fatal(err)
	}
	want := []Parameter{
		{"lr", "float64", "0.1", "learning rate"},
		{"epochs", "int", "3", ""},
		{"name", "string", `"a b"`, ""},
		{"augment", "bool", "true", ""},
		{"sizes", "", "[]int{1, 2}", ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestSet(t *testing.T) {
	nb := withParameters()
	for _, lr := range []string{"0.5", "1e-3"} { // the second time replaces the cell of the first
		if err := Set(nb, map[string]string{"lr": lr, "name": `say "x"`, "sizes": "[]int{3}"}); err != nil {
			t.Fatal(err)
		}
	}
	var sources []string
	for _, c := range nb.Cells {
		sources = append(sources, c.Source)
	}
	want := []string{"# Train", declared, "lr = 1e-3\nname = \"say \\\"x\\\"\"\nsizes = []int{3}", "train()"}
	if d := cmp.Diff(want, sources); d != "" || !nb.Cells[2].HasTag("injected-parameters") {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestSetRefuses(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"epochs", "2.5", `parameter epochs: "2.5" is no int`},
		{"lr", "fast", `parameter lr: "fast" is no float64`},
		{"augment", "maybe", `parameter augment: "maybe" is no bool`},
		{"sizes", "[]int{", `parameter sizes: "[]int{" is no Go expression`},
		{"epoch", "1", "no parameter is called epoch; did you mean epochs?"},
		{"LR", "1", "no parameter is called LR; did you mean lr?"},
		{"fixed", "2", "no parameter is called fixed; there are lr, epochs, name, augment, sizes"},
	} {
		nb := withParameters()
		err := Set(nb, map[string]string{c.name: c.value})
		if err == nil || err.Error() != c.want || len(nb.Cells) != 3 {
			t.Errorf("%s=%s: got %v and %d cells, want %s", c.name, c.value, err, len(nb.Cells), c.want)
		}
	}
	if err := Set(notebook.New(), map[string]string{"x": "1"}); err == nil {
		t.Error("set something in a notebook without parameters")
	}
}
