package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// headroom is how many bytes of a compressed entry are unpacked to read its header.
const headroom = maxHeader + 12

// A File is an open .npz archive.
type File struct{ entries map[string]*entry }

type entry struct {
	zip *zip.File
	header
	skip int // bytes of the header
}

// Parse reads the headers of an archive's arrays.
func Parse(at io.ReaderAt, size int64) (*File, error) {
	z, err := zip.NewReader(at, size)
	if err != nil {
		return nil, err
	}
	f := &File{entries: map[string]*entry{}}
	for _, zf := range z.File {
		name, ok := strings.CutSuffix(zf.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("%q is not an array", zf.Name)
		}
		e, err := open(zf)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		if f.entries[name] != nil {
			return nil, fmt.Errorf("two arrays are called %q", name)
		}
		f.entries[name] = e
	}
	return f, nil
}

func open(zf *zip.File) (*entry, error) {
	r, err := zf.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head, err := io.ReadAll(io.LimitReader(r, headroom))
	if err != nil {
		return nil, err
	}
	h, rest, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	e := &entry{zip: zf, header: h, skip: len(head) - len(rest)}
	if want := uint64(e.skip) + uint64(h.count)*uint64(h.width); zf.UncompressedSize64 != want {
		return nil, fmt.Errorf("%d bytes, shape %v takes %d", zf.UncompressedSize64, h.shape, want)
	}
	return e, nil
}

// Names lists the arrays, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.entries)) }

// Shape returns the shape of an array.
func (f *File) Shape(name string) ([]int, bool) {
	e, ok := f.entries[name]
	if !ok {
		return nil, false
	}
	return e.shape, true
}

// Read fills dst with the numbers of an array, which must be as many.
func (f *File) Read(name string, dst []float32) error {
	e, ok := f.entries[name]
	if !ok {
		return fmt.Errorf("no array %q", name)
	}
	if e.count != len(dst) {
		return fmt.Errorf("array %q holds %d numbers, not %d", name, e.count, len(dst))
	}
	r, err := e.zip.Open()
	if err != nil {
		return fmt.Errorf("array %q: %w", name, err)
	}
	defer r.Close()
	body, err := readAll(r, e.skip+e.count*e.width) // the caller has as much room
	if err != nil {
		return fmt.Errorf("array %q: %w", name, err)
	}
	body = body[e.skip:]
	if e.kind == 'f' && e.width == 4 && !e.fortran { // as nearly always
		for i := range dst {
			dst[i] = math.Float32frombits(e.order.Uint32(body[4*i:]))
		}
		return nil
	}
	e.decode(body, func(i int, v float64) { dst[i] = float32(v) })
	return nil
}

// readAll reads exactly n bytes.
func readAll(r io.Reader, n int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(n + bytes.MinRead)
	switch got, err := io.Copy(&b, io.LimitReader(r, int64(n)+1)); {
	case err != nil:
		return nil, err
	case got != int64(n):
		return nil, fmt.Errorf("%d bytes, want %d", got, n)
	}
	return b.Bytes(), nil
}

// A Writer writes an archive of float32 arrays, uncompressed.
type Writer struct{ zip *zip.Writer }

// NewWriter starts an archive.
func NewWriter(w io.Writer) *Writer { return &Writer{zip.NewWriter(w)} }

// Write adds an array.
func (w *Writer) Write(name string, shape []int, data []float32) error {
	out, err := w.zip.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
	if err != nil {
		return err
	}
	if _, err := out.Write(head(shape)); err != nil {
		return err
	}
	raw := make([]byte, 4*len(data))
	for i, v := range data {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	_, err = out.Write(raw)
	return err
}

// Close ends the archive.
func (w *Writer) Close() error { return w.zip.Close() }

// head is the header of a float32 array, padded to a multiple of 64 as NumPy does.
func head(shape []int) []byte {
	dims := ""
	for _, d := range shape {
		dims += fmt.Sprintf("%d,", d)
	}
	text := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", dims)
	pad := 64 - (10+len(text)+1)%64
	b := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	b = append(b, text+strings.Repeat(" ", pad)+"\n"...)
	binary.LittleEndian.PutUint16(b[8:], uint16(len(b)-10))
	return b
}
