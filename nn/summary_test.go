package nn

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// golden compares got with a file, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
		t.Error(diff)
	}
}

func TestSummary(t *testing.T) {
	s := Sequential(
		Conv2D(1, 8, 3, Padding(1), NoBias()), BatchNorm2D(8), ReLU(),
		ResNeXtBlock(8, 16, Cardinality(4), BaseWidth(2), Down()),
		GlobalAvgPool2D(), Linear(16, 10)).Summary(1, 28, 28)
	golden(t, "testdata/summary.txt", s.String())
	page := s.HTML()
	if strings.Count(page, "<tr>") != 19 || !strings.Contains(page, `<td style="text-align:right">185,184</td>`) {
		t.Errorf("HTML: %s", page)
	}
}
