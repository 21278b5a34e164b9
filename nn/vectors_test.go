package nn

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/nn/internal/safetensors"
)

// vectors is a file of reference numbers: float32 inputs and float64 truth, computed by PyTorch in float64.
type vectors struct {
	t    *testing.T
	name string
	file *safetensors.File
}

// shared is where package kernels keeps the vectors that both packages test against.
const shared = "../kernels/testdata/"

func readVectors(t *testing.T, path string) *vectors {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	f, err := safetensors.ParseBytes(raw)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return &vectors{t, filepath.Base(path), f}
}

func (v *vectors) has(name string) bool {
	_, ok := v.file.Tensor(name)
	return ok
}

// float64s returns a tensor's numbers.
func (v *vectors) float64s(name string) []float64 {
	v.t.Helper()
	s, ok := v.file.Tensor(name)
	if !ok {
		v.t.Fatalf("%s has no %s", v.name, name)
	}
	x, err := v.file.ReadFloat64(s)
	if err != nil {
		v.t.Fatal(err)
	}
	return x
}

// tensor returns a tensor in single precision.
func (v *vectors) tensor(name string) *Tensor {
	v.t.Helper()
	x := v.float64s(name)
	s, _ := v.file.Tensor(name)
	t := NewTensor(s.Shape...)
	for i, f := range x {
		t.Data[i] = float32(f)
	}
	return t
}

func (v *vectors) ints(name string) []int {
	v.t.Helper()
	var y []int
	for _, f := range v.float64s(name) {
		y = append(y, int(f))
	}
	return y
}

// meta decodes a metadata entry, which is JSON, into p.
func (v *vectors) meta(name string, p any) {
	v.t.Helper()
	if err := json.Unmarshal([]byte(v.file.Metadata[name]), p); err != nil {
		v.t.Fatalf("%s: metadata %s = %q: %v", v.name, name, v.file.Metadata[name], err)
	}
}

func (v *vectors) metaInt(name string) int {
	var n int
	v.meta(name, &n)
	return n
}

// near fails unless every number of got is within tol of the truth stored under name.
func (v *vectors) near(name string, got []float32, tol float64) {
	v.t.Helper()
	near(v.t, name, got, v.float64s(name), tol)
}

func near(t *testing.T, name string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	worst, at := 0.0, 0
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); d > worst || d != d {
			worst, at = d, i
		}
	}
	if !(worst <= tol) {
		t.Errorf("%s[%d] = %g, want %g: off by %.3g, allowed %.3g", name, at, got[at], want[at], worst, tol)
	}
}

func glob(t *testing.T, patterns ...string) []string {
	t.Helper()
	var all []string
	for _, p := range patterns {
		files, err := filepath.Glob(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	if len(all) == 0 {
		t.Fatalf("no files match %v", patterns)
	}
	return all
}
