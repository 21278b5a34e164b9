package kernels

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vectors is one safetensors file of testdata: inputs in float32, outputs and gradients in float64, made by PyTorch.
type vectors struct {
	meta map[string]string
	raw  map[string]tensorData
}

type tensorData struct {
	Dtype   string
	Shape   []int
	Offsets [2]int `json:"data_offsets"`
	data    []byte
}

// eachFile runs f as a subtest for every file that matches the pattern, and fails if there are fewer than want.
func eachFile(t *testing.T, pattern string, want int, f func(t *testing.T, v vectors)) {
	t.Helper()
	files, err := filepath.Glob("testdata/" + pattern)
	if err != nil || len(files) < want {
		t.Fatalf("%s matches %d files, want %d (%v)", pattern, len(files), want, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".safetensors")
		t.Run(name, func(t *testing.T) { f(t, readVectors(t, file)) })
	}
}

func readVectors(t *testing.T, file string) vectors {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 8 + int(binary.LittleEndian.Uint64(b))
	var header map[string]json.RawMessage
	if err := json.Unmarshal(b[8:n], &header); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	v := vectors{raw: map[string]tensorData{}}
	for name, text := range header {
		if name == "__metadata__" {
			err = json.Unmarshal(text, &v.meta)
		} else {
			var one tensorData
			err = json.Unmarshal(text, &one)
			one.data = b[n+one.Offsets[0] : n+one.Offsets[1]]
			v.raw[name] = one
		}
		if err != nil {
			t.Fatalf("%s: %s: %v", file, name, err)
		}
	}
	return v
}

func (v vectors) shape(name string) []int { return v.raw[name].Shape }

// f32 is an input, nil if the file has none of that name.
func (v vectors) f32(name string) []float32 {
	one, ok := v.raw[name]
	if !ok {
		return nil
	}
	if one.Dtype != "F32" {
		panic(name + " is " + one.Dtype)
	}
	x := make([]float32, len(one.data)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(one.data[4*i:]))
	}
	return x
}

// f64 is an expected output.
func (v vectors) f64(t *testing.T, name string) []float64 {
	t.Helper()
	one, ok := v.raw[name]
	if !ok || one.Dtype != "F64" {
		t.Fatalf("no float64 values called %s", name)
	}
	x := make([]float64, len(one.data)/8)
	for i := range x {
		x[i] = math.Float64frombits(binary.LittleEndian.Uint64(one.data[8*i:]))
	}
	return x
}

// decode reads a metadata value, which is JSON text.
func (v vectors) decode(t *testing.T, name string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(v.meta[name]), to); err != nil {
		t.Fatalf("metadata %s %q: %v", name, v.meta[name], err)
	}
}
