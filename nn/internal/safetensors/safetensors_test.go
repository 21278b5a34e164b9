package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// file puts a length before a header and bytes behind it.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestWriteThenRead(t *testing.T) {
	var b bytes.Buffer
	err := Write(&b, []Entry{
		{Name: "conv.weight", Shape: []int{2, 1, 2}, Float32: []float32{1, -2, float32(math.Inf(1)), 0.25}},
		{Name: "steps", Int64: []int64{7}},
		{Name: "empty", Shape: []int{0, 3}},
	}, map[string]string{"format": "pt"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	w, _ := f.Tensor("conv.weight")
	got := make([]float32, w.Len())
	if err := f.ReadFloat32(w, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{1, -2, float32(math.Inf(1)), 0.25}, got); diff != "" {
		t.Error(diff)
	}
	steps, _ := f.Tensor("steps")
	if v, err := f.ReadFloat64(steps); err != nil || v[0] != 7 || len(v) != 1 {
		t.Errorf("steps %v, %v", v, err)
	}
	if empty, ok := f.Tensor("empty"); !ok || empty.Len() != 0 {
		t.Errorf("empty %v", empty)
	}
	if f.Metadata["format"] != "pt" {
		t.Errorf("metadata %v", f.Metadata)
	}
	if (b.Len()-4*4-8)%8 != 0 {
		t.Errorf("the data does not start at a multiple of 8")
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"empty", nil, "no room for the header's length in 0 bytes"},
		{"header longer than the file", binary.LittleEndian.AppendUint64(nil, 1<<40), "the header should have 1099511627776 bytes but the file has 8"},
		{"length that is negative as a signed number", binary.LittleEndian.AppendUint64(nil, 1<<63), "but the file has 8"},
		{"not JSON", file("{]", 0), "header: invalid character"},
		{"an array", file("[]", 0), "header: it does not begin with an object"},
		{"cut off", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`, 4), "header: EOF"},
		{"more behind the header", file(`{}{}`, 0), "header: 2 bytes behind its end"},
		{"nested without end", file(`{"a":`+strings.Repeat("[", 1<<20), 0), "exceeded max depth"},
		{"nested metadata", file(`{"__metadata__":`+strings.Repeat(`{"a":`, 1<<20), 0), "exceeded max depth"},
		{"one name twice", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `two tensors are called "a"`},
		{"unknown type", file(`{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}`, 1), `tensor "a": unknown type "F8"`},
		{"truncated data", file(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, 12), "offsets [0 16] are not inside the 12 bytes"},
		{"offset before the data", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4), "offsets [-4 0]"},
		{"one offset", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`, 4), "offsets [0]"},
		{"shape and bytes disagree", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "shape [2] of F32 takes 8 bytes, not 4"},
		{"shape overflows", file(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, 0), "impossible shape"},
		{"negative size", file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}`, 0), "impossible shape [-1]"},
		{"overlap", file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6), "overlaps"},
		{"metadata of numbers", file(`{"__metadata__":{"a":1}}`, 0), "metadata:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ParseBytes(c.raw); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"k":"v"}}`, 4))
	f.Add(file(`{"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}`, 2))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParseBytes(raw)
		if err != nil {
			return
		}
		for _, x := range p.Tensors {
			if _, err := p.ReadFloat64(x); err != nil {
				t.Errorf("a tensor of an accepted file can't be read: %v", err)
			}
			if err := p.ReadFloat32(x, make([]float32, x.Len())); err != nil {
				t.Error(err)
			}
		}
	})
}
