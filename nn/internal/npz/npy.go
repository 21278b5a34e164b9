// Package npz reads and writes NumPy's .npy arrays and .npz archives of them.
//
//	f, err := npz.Parse(file, size)
//	shape, ok := f.Shape("conv1.weight")
//	err = f.Read("conv1.weight", weights)
//
// Numbers of any size, either byte order and both memory orders are read and turned into float32; objects, strings and
// records are refused, so that nothing in a file is ever executed. Headers and archives are not trusted: sizes are
// checked against the bytes that are there before anything large is allocated.
package npz

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/groupnb/groupnb/nn/internal/half"
)

// maxHeader is the longest header of an array that is read, and maxDims the most dimensions; NumPy has the same limits.
const (
	maxHeader = 10000
	maxDims   = 64
)

// An Array is one .npy: Data in the order of Shape, row by row.
type Array struct {
	Shape []int
	Data  []float64
}

// header is what stands before an array's numbers.
type header struct {
	order   binary.ByteOrder
	kind    byte // f, i, u or b
	width   int
	fortran bool
	shape   []int
	count   int
}

// ParseNPY decodes a .npy file.
func ParseNPY(raw []byte) (*Array, error) {
	h, body, err := parseHeader(raw)
	if err != nil {
		return nil, err
	}
	if len(body) != h.count*h.width {
		return nil, fmt.Errorf("%d bytes of numbers, shape %v of %d-byte numbers takes %d", len(body), h.shape, h.width, h.count*h.width)
	}
	a := &Array{Shape: h.shape, Data: make([]float64, h.count)}
	h.decode(body, func(i int, v float64) { a.Data[i] = v })
	return a, nil
}

func parseHeader(raw []byte) (h header, body []byte, err error) {
	if len(raw) < 10 || string(raw[:6]) != "\x93NUMPY" {
		return h, nil, fmt.Errorf("not a .npy file")
	}
	n, at := int(binary.LittleEndian.Uint16(raw[8:])), 10
	if raw[6] >= 2 {
		if len(raw) < 12 {
			return h, nil, fmt.Errorf("truncated header")
		}
		n, at = int(binary.LittleEndian.Uint32(raw[8:])), 12
	}
	if n > maxHeader || n > len(raw)-at {
		return h, nil, fmt.Errorf("the header should have %d bytes but %d are left", n, len(raw)-at)
	}
	h, err = parseDescription(string(raw[at : at+n]))
	return h, raw[at+n:], err
}

var (
	descr   = regexp.MustCompile(`'descr':\s*'([<>|=])([a-zA-Z])(\d+)'`)
	fortran = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	shape   = regexp.MustCompile(`'shape':\s*\(([\d,\s]*)\)`)
)

// parseDescription reads the Python dictionary of a header, in the one form that NumPy writes.
func parseDescription(text string) (h header, err error) {
	d, f, s := descr.FindStringSubmatch(text), fortran.FindStringSubmatch(text), shape.FindStringSubmatch(text)
	if d == nil || f == nil || s == nil {
		return h, fmt.Errorf("can't read the header %q: only plain numbers are supported", text)
	}
	h.order = binary.LittleEndian
	if d[1] == ">" {
		h.order = binary.BigEndian
	}
	h.kind, h.fortran = d[2][0], f[1] == "True"
	if h.width, err = strconv.Atoi(d[3]); err != nil || decoders[kindOf(h.kind, h.width)] == nil {
		return h, fmt.Errorf("numbers of type %s%s are not supported", d[2], d[3])
	}
	h.count = 1
	for word := range strings.SplitSeq(s[1], ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil || n > 0 && h.count > math.MaxInt/8/n || len(h.shape) == maxDims {
			return h, fmt.Errorf("impossible shape (%.40s)", s[1])
		}
		h.count *= n
		h.shape = append(h.shape, n)
	}
	return h, nil
}

func kindOf(kind byte, width int) string { return string(kind) + strconv.Itoa(width) }

var decoders = map[string]func(binary.ByteOrder, []byte) float64{
	"f8": func(o binary.ByteOrder, b []byte) float64 { return math.Float64frombits(o.Uint64(b)) },
	"f4": func(o binary.ByteOrder, b []byte) float64 { return float64(math.Float32frombits(o.Uint32(b))) },
	"f2": func(o binary.ByteOrder, b []byte) float64 { return half.Float16(o.Uint16(b)) },
	"i8": func(o binary.ByteOrder, b []byte) float64 { return float64(int64(o.Uint64(b))) },
	"i4": func(o binary.ByteOrder, b []byte) float64 { return float64(int32(o.Uint32(b))) },
	"i2": func(o binary.ByteOrder, b []byte) float64 { return float64(int16(o.Uint16(b))) },
	"i1": func(_ binary.ByteOrder, b []byte) float64 { return float64(int8(b[0])) },
	"u8": func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint64(b)) },
	"u4": func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint32(b)) },
	"u2": func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint16(b)) },
	"u1": func(_ binary.ByteOrder, b []byte) float64 { return float64(b[0]) },
	"b1": func(_ binary.ByteOrder, b []byte) float64 { return float64(b[0]) },
}

// decode calls put with every number and its place in row-major order.
func (h header) decode(body []byte, put func(i int, v float64)) {
	read := decoders[kindOf(h.kind, h.width)]
	for i := range h.count {
		put(h.place(i), read(h.order, body[i*h.width:]))
	}
}

// place turns the place of a number in the file into that in row-major order.
func (h header) place(i int) int {
	if !h.fortran {
		return i
	}
	at, stride := 0, h.count
	for _, n := range h.shape { // the first index changes fastest
		stride /= n
		at += i % n * stride
		i /= n
	}
	return at
}
