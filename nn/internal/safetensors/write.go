package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"unsafe"
)

// An Entry is a tensor to write: Float32 numbers, or Int64 if that is not nil.
type Entry struct {
	Name    string
	Shape   []int
	Float32 []float32
	Int64   []int64
}

// Write writes entries in the given order with metadata, which may be nil.
func Write(w io.Writer, entries []Entry, metadata map[string]string) error {
	head, err := header(entries, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, e := range entries {
		if err := e.write(w); err != nil {
			return fmt.Errorf("tensor %q: %w", e.Name, err)
		}
	}
	return nil
}

// header is the length and the JSON, padded with spaces so that the data starts at a multiple of 8.
func header(entries []Entry, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	if metadata != nil {
		if err := field(&b, "__metadata__", metadata); err != nil {
			return nil, err
		}
	}
	at := 0
	for _, e := range entries {
		dtype, bytes := "F32", 4*len(e.Float32)
		if e.Int64 != nil {
			dtype, bytes = "I64", 8*len(e.Int64)
		}
		shape := e.Shape
		if shape == nil {
			shape = []int{}
		}
		info := map[string]any{"dtype": dtype, "shape": shape, "data_offsets": []int{at, at + bytes}}
		if err := field(&b, e.Name, info); err != nil {
			return nil, err
		}
		at += bytes
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// field appends one member of the header's object.
func field(b *bytes.Buffer, name string, v any) error {
	if b.Bytes()[b.Len()-1] != '{' {
		b.WriteByte(',')
	}
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	value, err := json.Marshal(v)
	if err != nil {
		return err
	}
	b.Write(key)
	b.WriteByte(':')
	b.Write(value)
	return nil
}

func (e Entry) write(w io.Writer) error {
	switch {
	case e.Int64 != nil:
		return binary.Write(w, binary.LittleEndian, e.Int64)
	case len(e.Float32) == 0:
		return nil
	case littleEndian:
		_, err := w.Write(unsafe.Slice((*byte)(unsafe.Pointer(&e.Float32[0])), 4*len(e.Float32)))
		return err
	}
	return binary.Write(w, binary.LittleEndian, e.Float32)
}
