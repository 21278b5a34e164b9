// Package safetensors reads and writes the safetensors format: eight bytes with the length of a JSON header, the header,
// and the tensors' bytes, little-endian, in C order.
//
//	f, err := safetensors.Open("model.safetensors")
//	t, ok := f.Tensor("conv1.weight")
//	err = f.ReadFloat32(t, weights)
//
// Headers are not trusted: a length beyond the file, an offset outside it, tensors that overlap, or a size that does not
// match the shape is an error, found before anything large is allocated.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// maxHeader is the largest header that is read; the reference implementation has the same limit.
const maxHeader = 100_000_000

// widths gives the bytes of an element of each type.
var widths = map[string]int64{
	"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "U16": 2, "U32": 4, "U64": 8, "BOOL": 1,
}

// A Tensor says where a tensor lies in the file.
type Tensor struct {
	Name  string
	DType string
	Shape []int
	lo    int64 // offsets behind the header
	hi    int64
}

// Len is the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// A File is an open safetensors file.
type File struct {
	Tensors  []Tensor // sorted by name
	Metadata map[string]string

	at   io.ReaderAt
	base int64
}

// Parse reads the header of a file of size bytes.
func Parse(at io.ReaderAt, size int64) (*File, error) {
	var head [8]byte
	if _, err := at.ReadAt(head[:], 0); err != nil {
		return nil, fmt.Errorf("no room for the header's length in %d bytes", size)
	}
	n := binary.LittleEndian.Uint64(head[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("the header should have %d bytes but the file has %d", n, size)
	}
	raw := make([]byte, n)
	if _, err := at.ReadAt(raw, 8); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	f := &File{at: at, base: 8 + int64(n)}
	if err := f.header(raw, size-f.base); err != nil {
		return nil, err
	}
	return f, nil
}

// ParseBytes is Parse for a file in memory.
func ParseBytes(raw []byte) (*File, error) { return Parse(bytes.NewReader(raw), int64(len(raw))) }

func (f *File) header(raw []byte, room int64) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("header: it does not begin with an object (%v)", err)
	}
	for d.More() {
		if err := f.entry(d, room); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if rest := bytes.TrimSpace(raw[d.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("header: %d bytes behind its end", len(rest))
	}
	slices.SortFunc(f.Tensors, func(a, b Tensor) int { return cmp.Compare(a.lo, b.lo) })
	var end int64
	for _, t := range f.Tensors {
		if t.lo < end {
			return fmt.Errorf("tensor %q overlaps the one before it", t.Name)
		}
		end = t.hi
	}
	slices.SortFunc(f.Tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	for i := range f.Tensors[min(1, len(f.Tensors)):] {
		if f.Tensors[i].Name == f.Tensors[i+1].Name {
			return fmt.Errorf("two tensors are called %q", f.Tensors[i].Name)
		}
	}
	return nil
}

// entry reads the next name of the header and what belongs to it. Entries are checked one by one, so that a long header
// takes no memory beyond that of its tensors.
func (f *File) entry(d *json.Decoder, room int64) error {
	key, err := d.Token()
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	name, _ := key.(string)
	if name == "__metadata__" {
		if err := d.Decode(&f.Metadata); err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
		return nil
	}
	t, err := parseEntry(name, d, room)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", name, err)
	}
	f.Tensors = append(f.Tensors, t)
	return nil
}

func parseEntry(name string, d *json.Decoder, room int64) (Tensor, error) {
	var e struct {
		DType   string  `json:"dtype"`
		Shape   []int64 `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := d.Decode(&e); err != nil {
		return Tensor{}, err
	}
	width, ok := widths[e.DType]
	if !ok {
		return Tensor{}, fmt.Errorf("unknown type %q", e.DType)
	}
	if len(e.Offsets) != 2 || e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > room {
		return Tensor{}, fmt.Errorf("offsets %v are not inside the %d bytes of data", e.Offsets, room)
	}
	t := Tensor{Name: name, DType: e.DType, lo: e.Offsets[0], hi: e.Offsets[1]}
	n := width
	for _, d := range e.Shape {
		if d < 0 || d > 0 && n > math.MaxInt64/d {
			return Tensor{}, fmt.Errorf("impossible shape %v", e.Shape)
		}
		n *= d
		t.Shape = append(t.Shape, int(d))
	}
	if n != t.hi-t.lo {
		return Tensor{}, fmt.Errorf("shape %v of %s takes %d bytes, not %d", e.Shape, e.DType, n, t.hi-t.lo)
	}
	return t, nil
}

// Tensor finds a tensor by name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := slices.BinarySearchFunc(f.Tensors, name, func(t Tensor, name string) int { return cmp.Compare(t.Name, name) })
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

// Names lists the tensors, sorted.
func (f *File) Names() []string {
	names := make([]string, len(f.Tensors))
	for i, t := range f.Tensors {
		names[i] = t.Name
	}
	return names
}

// Shape returns the shape of a tensor.
func (f *File) Shape(name string) ([]int, bool) {
	t, ok := f.Tensor(name)
	return t.Shape, ok
}

// Read fills dst with the numbers of a tensor, which must be as many.
func (f *File) Read(name string, dst []float32) error {
	t, ok := f.Tensor(name)
	if !ok {
		return fmt.Errorf("no tensor %q", name)
	}
	return f.ReadFloat32(t, dst)
}

// bytes reads the raw content of a tensor.
func (f *File) bytes(t Tensor) ([]byte, error) {
	raw := make([]byte, t.hi-t.lo)
	if _, err := f.at.ReadAt(raw, f.base+t.lo); err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return raw, nil
}
