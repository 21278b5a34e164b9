package notebooks

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "take the README's pictures from the notebooks")

// A notebook, as far as these tests look at it.
type notebook struct {
	Cells []struct {
		Type    string   `json:"cell_type"`
		Count   *int     `json:"execution_count"`
		Source  []string `json:"source"`
		Outputs []struct {
			Type string                     `json:"output_type"`
			Data map[string]json.RawMessage `json:"data"`
		} `json:"outputs"`
	} `json:"cells"`
	Metadata map[string]json.RawMessage `json:"metadata"`
}

func read(t *testing.T, name string) notebook {
	t.Helper()
	data, err := Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var nb notebook
	if err := json.Unmarshal(data, &nb); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return nb
}

func names(t *testing.T) []string {
	t.Helper()
	list, err := fs.Glob(Files, "*.ipynb")
	if err != nil || len(list) == 0 {
		t.Fatalf("no notebooks: %v", err)
	}
	return list
}

func TestNotebooksAreCommittedAsExecuted(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			want := 1
			for i, c := range read(t, name).Cells {
				if c.Type != "code" {
					continue
				}
				if c.Count == nil || *c.Count != want {
					t.Errorf("cell %d is not number %d of one run from top to bottom", i+1, want)
				}
				want++
				for _, o := range c.Outputs {
					if o.Type == "error" {
						t.Errorf("cell %d ended with an error", i+1)
					}
					if o.Data != nil && o.Data["text/plain"] == nil {
						t.Errorf("cell %d has an output without text/plain", i+1)
					}
				}
			}
		})
	}
}

// GitHub and Jupyter show a notebook without running it only if it stays within these bounds.
func TestNotebooksRenderAnywhere(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			data, _ := Files.ReadFile(name)
			if len(data) > 1<<20 {
				t.Errorf("%d bytes; GitHub renders up to 1 MB well", len(data))
			}
			nb := read(t, name)
			if nb.Metadata["widgets"] != nil {
				t.Error("metadata.widgets makes GitHub call a notebook invalid")
			}
			if !bytes.Contains(nb.Metadata["language_info"], []byte(`"pygments_lexer": "go"`)) {
				t.Error("without language_info.pygments_lexer the cells have no colours")
			}
			for i, c := range nb.Cells {
				for _, line := range strings.Split(strings.Join(c.Source, ""), "\n") {
					if c.Type == "code" && len(line) > 96 {
						t.Errorf("cell %d: a line of %d characters is cut off on paper and on the web", i+1, len(line))
					}
				}
			}
		})
	}
}

// pictures maps the README's pictures to the cells of the quickstart that they come from, by what the cell's source has.
var pictures = map[string]string{
	"quickstart-loss.png":   "plots.LiveCurve(",
	"quickstart-groups.png": "plots.Correlation(trained,",
}

func TestReadmeShowsTheQuickstart(t *testing.T) {
	nb := read(t, "quickstart.ipynb")
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for file, source := range pictures {
		want, err := picture(nb, source)
		if err != nil {
			t.Error(err)
			continue
		}
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not the picture in the notebook; run go test ./notebooks -update", file)
		}
		if !bytes.Contains(readme, []byte("notebooks/"+file)) {
			t.Errorf("the README does not show %s", file)
		}
	}
}

// picture returns the PNG among the outputs of the cell whose source has a text.
func picture(nb notebook, source string) ([]byte, error) {
	for _, c := range nb.Cells {
		if !strings.Contains(strings.Join(c.Source, ""), source) {
			continue
		}
		for _, o := range c.Outputs {
			if raw := o.Data["image/png"]; raw != nil {
				var text any
				if err := json.Unmarshal(raw, &text); err != nil {
					return nil, err
				}
				return base64.StdEncoding.DecodeString(joined(text))
			}
		}
	}
	return nil, fmt.Errorf("no cell with %q has a picture", source)
}

// joined undoes nbformat's habit of splitting text into lines.
func joined(v any) string {
	var b strings.Builder
	switch v := v.(type) {
	case string:
		b.WriteString(v)
	case []any:
		for _, s := range v {
			fmt.Fprint(&b, s)
		}
	}
	return strings.NewReplacer("\n", "", "\r", "").Replace(b.String())
}
