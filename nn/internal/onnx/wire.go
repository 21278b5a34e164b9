package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Kinds of fields in Protocol Buffers.
const (
	varint  = 0
	fixed64 = 1
	bytes   = 2
	fixed32 = 5
)

var errTruncated = errors.New("truncated")

// field is one field of a message: a number, or bytes.
type field struct {
	id   int
	kind int
	n    uint64
	raw  []byte
}

// visit calls f for every field of a message, one after the other: a message of a million tiny fields takes no memory.
func visit(raw []byte, f func(field) error) error {
	for len(raw) > 0 {
		x, n, err := first(raw)
		if err != nil {
			return err
		}
		if err := f(x); err != nil {
			return err
		}
		raw = raw[n:]
	}
	return nil
}

// first decodes the field at the beginning of a message and says how many bytes it takes.
func first(raw []byte) (f field, size int, err error) {
	key, at := binary.Uvarint(raw)
	if at <= 0 {
		return f, 0, errTruncated
	}
	f.id, f.kind = int(key>>3), int(key&7)
	rest, n := raw[at:], 0
	switch f.kind {
	case varint:
		f.n, n = binary.Uvarint(rest)
	case fixed32:
		if n = 4; len(rest) >= n {
			f.n = uint64(binary.LittleEndian.Uint32(rest))
		}
	case fixed64:
		if n = 8; len(rest) >= n {
			f.n = binary.LittleEndian.Uint64(rest)
		}
	case bytes:
		size, k := binary.Uvarint(rest)
		if k <= 0 || size > uint64(len(rest)-k) {
			return f, 0, errTruncated
		}
		n = k + int(size)
		f.raw = rest[k:n]
	default:
		return f, 0, fmt.Errorf("a field of unknown kind %d", f.kind)
	}
	if n <= 0 || n > len(rest) {
		return f, 0, errTruncated
	}
	return f, at + n, nil
}

// ints appends a repeated integer, packed or not.
func (f field) ints(all []int64) ([]int64, error) {
	if f.kind == varint {
		return append(all, int64(f.n)), nil
	}
	for raw := f.raw; len(raw) > 0; {
		v, n := binary.Uvarint(raw)
		if n <= 0 {
			return nil, errTruncated
		}
		all, raw = append(all, int64(v)), raw[n:]
	}
	return all, nil
}

// floats appends a repeated float32, packed or not.
func (f field) floats(all []float32) ([]float32, error) {
	if f.kind == fixed32 {
		return append(all, math.Float32frombits(uint32(f.n))), nil
	}
	if len(f.raw)%4 != 0 {
		return nil, errTruncated
	}
	for raw := f.raw; len(raw) > 0; raw = raw[4:] {
		all = append(all, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return all, nil
}

// message is one under construction.
type message []byte

func (m *message) key(id, kind int) { *m = binary.AppendUvarint(*m, uint64(id<<3|kind)) }

func (m *message) int(id int, v int64) {
	m.key(id, varint)
	*m = binary.AppendUvarint(*m, uint64(v))
}

func (m *message) float(id int, v float32) {
	m.key(id, fixed32)
	*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(v))
}

func (m *message) bytes(id int, v []byte) {
	m.key(id, bytes)
	*m = binary.AppendUvarint(*m, uint64(len(v)))
	*m = append(*m, v...)
}

func (m *message) text(id int, v string) { m.bytes(id, []byte(v)) }

func (m *message) packed(id int, v []int64) {
	var p message
	for _, n := range v {
		p = binary.AppendUvarint(p, uint64(n))
	}
	m.bytes(id, p)
}
