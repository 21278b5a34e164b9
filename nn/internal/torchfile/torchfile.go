// Package torchfile reads and writes PyTorch's state_dicts (.pt, .pth) as torch.save has written them since version 1.6:
// a zip archive with a pickle and the tensors' bytes.
//
//	f, err := torchfile.Parse(file, size)
//	shape, ok := f.Shape("conv1.weight")
//	err = f.Read("conv1.weight", weights)
//
// A pickle is a program. This one is interpreted by a small machine that can build dictionaries and tensors and refuses
// everything else, so that reading a file executes nothing. Sizes and strides are checked against the bytes that are
// there before anything large is allocated; compressed numbers, which could stand for any amount of memory, are refused.
package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/nn/internal/half"
)

// maxPickle is the largest pickle that is read; that of a network with thousands of tensors has a few hundred kilobytes.
const maxPickle = 16 << 20

// storageWidth is the size of an element of a storage class, 0 for anything else.
func storageWidth(g global) int {
	switch g {
	case "torch DoubleStorage", "torch LongStorage":
		return 8
	case "torch FloatStorage", "torch IntStorage":
		return 4
	case "torch HalfStorage", "torch BFloat16Storage", "torch ShortStorage":
		return 2
	case "torch ByteStorage", "torch CharStorage", "torch BoolStorage":
		return 1
	}
	return 0
}

// A File is an open state_dict.
type File struct {
	tensors map[string]tensor
	data    map[string]*zip.File
}

// Parse reads the structure of a file. A dictionary that holds the state_dict under "state_dict" or "model" is unwrapped.
func Parse(at io.ReaderAt, size int64) (*File, error) {
	z, err := zip.NewReader(at, size)
	if err != nil {
		return nil, fmt.Errorf("%w (files from before PyTorch 1.6 are not supported)", err)
	}
	f := &File{tensors: map[string]tensor{}, data: map[string]*zip.File{}}
	var program *zip.File
	for _, e := range z.File {
		_, name, _ := strings.Cut(e.Name, "/")
		if name == "data.pkl" {
			program = e
		}
		if key, ok := strings.CutPrefix(name, "data/"); ok {
			f.data[key] = e
		}
	}
	if program == nil {
		return nil, errors.New("no data.pkl in the archive")
	}
	raw, err := readEntry(program, maxPickle, 0)
	if err != nil {
		return nil, err
	}
	v, err := unpickle(raw)
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	return f, f.collect(v)
}

func (f *File) collect(v any) error {
	d, err := asDict(v)
	if err != nil {
		return err
	}
	for _, p := range d {
		if name, ok := p.key.(string); ok && (name == "state_dict" || name == "model") {
			if inner, err := asDict(p.value); err == nil {
				d = inner
				break
			}
		}
	}
	for _, p := range d {
		name, ok := p.key.(string)
		if !ok {
			return fmt.Errorf("a key is a %T, not a string", p.key)
		}
		t, ok := p.value.(tensor)
		if !ok {
			continue // a version or another setting
		}
		if err := f.check(t); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		f.tensors[name] = t
	}
	return nil
}

func asDict(v any) (dict, error) {
	switch v := v.(type) {
	case *dict:
		return *v, nil
	case object:
		return *v.state, nil
	}
	return nil, fmt.Errorf("the file holds a %T, not a dictionary of tensors", v)
}

// check makes sure that a tensor lies inside its storage and the storage inside the archive.
func (f *File) check(t tensor) error {
	e := f.data[t.storage.key]
	width := storageWidth(global(t.storage.dtype))
	switch {
	case e == nil:
		return fmt.Errorf("the archive has no data/%s", t.storage.key)
	case e.Method != zip.Store:
		return fmt.Errorf("data/%s is compressed, which torch.save never does", t.storage.key)
	case t.storage.count > math.MaxInt/width || e.UncompressedSize64 != uint64(t.storage.count*width):
		return fmt.Errorf("data/%s has %d bytes, want %d numbers of %d", t.storage.key, e.UncompressedSize64, t.storage.count, width)
	}
	last, count := t.offset, 1
	for i, n := range t.shape {
		if n == 0 {
			return nil
		}
		if n-1 > 0 && t.stride[i] > (t.storage.count-last)/(n-1) || count > t.storage.count/n && t.stride[i] != 0 {
			return fmt.Errorf("shape %v with strides %v does not fit into %d numbers", t.shape, t.stride, t.storage.count)
		}
		last += (n - 1) * t.stride[i]
		count *= n
	}
	if last >= t.storage.count || count > t.storage.count {
		return fmt.Errorf("shape %v from %d does not fit into %d numbers", t.shape, t.offset, t.storage.count)
	}
	return nil
}

// Names lists the tensors, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Shape returns the shape of a tensor.
func (f *File) Shape(name string) ([]int, bool) {
	t, ok := f.tensors[name]
	return t.shape, ok
}

// Read fills dst with the numbers of a tensor, which must be as many.
func (f *File) Read(name string, dst []float32) error {
	t, ok := f.tensors[name]
	if !ok {
		return fmt.Errorf("no tensor %q", name)
	}
	count := 1
	for _, n := range t.shape {
		count *= n
	}
	if count != len(dst) {
		return fmt.Errorf("tensor %q holds %d numbers, not %d", name, count, len(dst))
	}
	if count == 0 { // wherever it may begin
		return nil
	}
	width := storageWidth(global(t.storage.dtype))
	raw, err := readEntry(f.data[t.storage.key], t.storage.count*width, width*len(dst))
	if err != nil {
		return fmt.Errorf("tensor %q: %w", name, err)
	}
	if t.storage.dtype == "torch FloatStorage" && t.inOrder() { // as nearly always
		raw = raw[4*t.offset:][:4*len(dst)]
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		return nil
	}
	decode := decoders[t.storage.dtype]
	for i := range dst {
		dst[i] = float32(decode(raw[t.place(i)*width:]))
	}
	return nil
}

// inOrder says that elements lie in the storage one after another in row-major order.
func (t tensor) inOrder() bool {
	step := 1
	for d := len(t.shape) - 1; d >= 0; d-- {
		if t.shape[d] != 1 && t.stride[d] != step {
			return false
		}
		step *= t.shape[d]
	}
	return true
}

// place is where element i, in row-major order, lies in the storage.
func (t tensor) place(i int) int {
	at := t.offset
	for d := len(t.shape) - 1; d >= 0; d-- {
		at += i % t.shape[d] * t.stride[d]
		i /= t.shape[d]
	}
	return at
}

var decoders = map[string]func([]byte) float64{
	"torch DoubleStorage":   func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
	"torch FloatStorage":    func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
	"torch BFloat16Storage": func(b []byte) float64 { return half.BFloat16(binary.LittleEndian.Uint16(b)) },
	"torch HalfStorage":     func(b []byte) float64 { return half.Float16(binary.LittleEndian.Uint16(b)) },
	"torch LongStorage":     func(b []byte) float64 { return float64(int64(binary.LittleEndian.Uint64(b))) },
	"torch IntStorage":      func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) },
	"torch ShortStorage":    func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) },
	"torch CharStorage":     func(b []byte) float64 { return float64(int8(b[0])) },
	"torch ByteStorage":     func(b []byte) float64 { return float64(b[0]) },
	"torch BoolStorage":     func(b []byte) float64 { return float64(b[0]) },
}

// readEntry unpacks an entry of at most limit bytes, for which there is room at first. Beyond that memory grows with what arrives, not with
// what a header promises.
func readEntry(e *zip.File, limit, room int) ([]byte, error) {
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b bytes.Buffer
	b.Grow(min(limit, room) + bytes.MinRead)
	n, err := io.Copy(&b, io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if n > int64(limit) || uint64(n) != e.UncompressedSize64 {
		return nil, fmt.Errorf("%s has %d bytes or more, want %d", e.Name, n, min(e.UncompressedSize64, uint64(limit)))
	}
	return b.Bytes(), nil
}
