package npz

import (
	"archive/zip"
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const vectors = "../../testdata/interop/"

func TestReadWhatNumPyWrote(t *testing.T) {
	for file, want := range map[string]struct {
		shape []int
		first []float64
		sum   float64
	}{
		"f64_fortran.npy": {[]int{3, 4}, []float64{0, 1, 2, 3}, 66},
		"i64.npy":         {[]int{6}, []float64{0, 1, 2, 3}, 15},
		"u8_img.npy":      {[]int{4, 8, 8}, []float64{0, 0, 75, 195}, 18270},
	} {
		raw, err := os.ReadFile(vectors + file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := ParseNPY(raw)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var sum float64
		for _, v := range a.Data {
			sum += v
		}
		if !cmp.Equal(a.Shape, want.shape) || !cmp.Equal(a.Data[:4], want.first) || sum != want.sum {
			t.Errorf("%s: shape %v, first %v, sum %v", file, a.Shape, a.Data[:4], sum)
		}
	}
}

// npy builds a file from a header's text and bytes.
func npy(text string, body ...byte) []byte {
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(text)), byte(len(text)>>8))
	return append(append(b, text...), body...)
}

func TestOrdersAndTypes(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
		want *Array
	}{
		{"row by row", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", 1, 2, 3, 4, 5, 6), &Array{[]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}}},
		{"column by column", npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", 1, 4, 2, 5, 3, 6), &Array{[]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}}},
		{"big-endian", npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", 1, 0, 255, 255), &Array{[]int{2}, []float64{256, -1}}},
		{"half precision", npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", 0, 0xc0), &Array{[]int{1}, []float64{-2}}},
		{"a single number", npy("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", 1), &Array{nil, []float64{1}}},
		{"no numbers", npy("{'descr': '<f8', 'fortran_order': True, 'shape': (0, 4), }"), &Array{[]int{0, 4}, []float64{}}},
	} {
		got, err := ParseNPY(c.raw)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestDamagedArraysAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"empty", nil, "not a .npy file"},
		{"header longer than the file", npy("x")[:10], "should have 1 bytes but 0 are left"},
		{"objects, which would run code", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), "only plain numbers are supported"},
		{"strings", npy("{'descr': '<U3', 'fortran_order': False, 'shape': (1,), }"), "type U3 are not supported"},
		{"too few bytes", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 0, 0, 0, 0), "4 bytes of numbers, shape [2] of 4-byte numbers takes 8"},
		{"more dimensions than NumPy has", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (" + strings.Repeat("1,", 65) + "), }"), "impossible shape"},
		{"a header longer than NumPy reads", npy(strings.Repeat(" ", 10001)), "should have 10001 bytes"},
		{"a shape that overflows", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }"), "impossible shape"},
	} {
		if _, err := ParseNPY(c.raw); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestWriteThenRead(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	data := []float32{1, -2, 3.5, 4, 5, 6}
	if err := w.Write("a.weight", []int{2, 3}, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Write("scalar", nil, []float32{7}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := Parse(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 6)
	if err := f.Read("a.weight", got); err != nil || !cmp.Equal(got, data) {
		t.Errorf("%v, %v", got, err)
	}
	if s, ok := f.Shape("a.weight"); !ok || !cmp.Equal(s, []int{2, 3}) {
		t.Errorf("shape %v", s)
	}
	if err := f.Read("a.weight", got[:5]); err == nil || err.Error() != `array "a.weight" holds 6 numbers, not 5` {
		t.Errorf("%v", err)
	}
	if len(head([]int{2, 3}))%64 != 0 {
		t.Error("the header is not padded to a multiple of 64")
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range []string{"tiny_init.npz", "tiny_init_deflate.npz"} {
		if raw, err := os.ReadFile(vectors + file); err == nil {
			f.Add(raw[:min(len(raw), 4096)])
		}
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	e, _ := z.Create("x.npy")
	e.Write(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2), }", 1, 2, 3, 4))
	z.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		ParseNPY(raw)
		a, err := Parse(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return
		}
		for _, n := range a.Names() {
			if e := a.entries[n]; e.count < 1<<20 {
				a.Read(n, make([]float32, e.count))
			}
		}
	})
}
