package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/nn"
)

var tiny = nn.ResNeXtSpec{In: 1, Classes: 3, Stem: 8, StemKernel: 3, Blocks: []int{1}, Widths: []int{16}, Cardinality: 2, BaseWidth: 4}

func TestOurSideAnswersAsThePeersDo(t *testing.T) {
	for _, w := range []workload{
		{Name: "forward", Spec: tiny, Batch: 1, Size: 8},
		{Name: "train", Spec: tiny, Batch: 2, Size: 8, Train: true},
	} {
		t.Run(w.Name, func(t *testing.T) {
			var out strings.Builder
			in := fmt.Sprintf("prepare %s\ntime 0\nsing\n", w)
			if err := serve(1, strings.NewReader(in), &out); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if len(lines) != 4 || !strings.HasPrefix(lines[0], "groupnb ") || lines[1] != "ok" || lines[3] != "error unknown sing" {
				t.Fatalf("answers are %q", lines)
			}
			var seconds float64
			var bytes, objects int
			if _, err := fmt.Sscanf(lines[2], "ok %g %d %d", &seconds, &bytes, &objects); err != nil || seconds <= 0 {
				t.Errorf("time answers %q: %v", lines[2], err)
			}
		})
	}
}

func TestWorkloadsHaveTheSizesThatTheirNamesPromise(t *testing.T) {
	params := map[string]int{"fashion": 70_570, "resnext50": 25_028_904, "resnext29": 3_172_426}
	for _, w := range workloads {
		m, err := w.Spec.Build(1)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range m.Params() {
			n += p.Len()
		}
		kind, _, _ := strings.Cut(w.Name, "-")
		if n != params[kind] {
			t.Errorf("%s has %d parameters, want %d", w.Name, n, params[kind])
		}
	}
}
