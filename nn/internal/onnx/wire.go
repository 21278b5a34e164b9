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

// fields splits a message.
func fields(raw []byte) ([]field, error) {
	var all []field
	for len(raw) > 0 {
		key, n := binary.Uvarint(raw)
		if n <= 0 {
			return nil, errTruncated
		}
		raw = raw[n:]
		f := field{id: int(key >> 3), kind: int(key & 7)}
		switch f.kind {
		case varint:
			if f.n, n = binary.Uvarint(raw); n <= 0 {
				return nil, errTruncated
			}
		case fixed32:
			if n = 4; len(raw) < n {
				return nil, errTruncated
			}
			f.n = uint64(binary.LittleEndian.Uint32(raw))
		case fixed64:
			if n = 8; len(raw) < n {
				return nil, errTruncated
			}
			f.n = binary.LittleEndian.Uint64(raw)
		case bytes:
			size, k := binary.Uvarint(raw)
			if k <= 0 || size > uint64(len(raw)-k) {
				return nil, errTruncated
			}
			n = k + int(size)
			f.raw = raw[k:n]
		default:
			return nil, fmt.Errorf("a field of unknown kind %d", f.kind)
		}
		raw = raw[n:]
		all = append(all, f)
	}
	return all, nil
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
