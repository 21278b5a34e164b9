package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/groupnb/groupnb/nn/internal/half"
)

// littleEndian says that float32 in memory look as in the file.
var littleEndian = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// ReadFloat32 fills dst, which must hold t.Len() numbers, converting any type. F32 goes straight into dst.
func (f *File) ReadFloat32(t Tensor, dst []float32) error {
	if len(dst) != t.Len() {
		return fmt.Errorf("tensor %q holds %d numbers, not %d", t.Name, t.Len(), len(dst))
	}
	if len(dst) == 0 {
		return nil
	}
	if t.DType == "F32" && littleEndian {
		raw := unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), 4*len(dst))
		if _, err := f.at.ReadAt(raw, f.base+t.lo); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		return nil
	}
	raw, err := f.bytes(t)
	if err != nil {
		return err
	}
	each(t.DType, raw, func(i int, v float64) { dst[i] = float32(v) })
	return nil
}

// ReadFloat64 returns the numbers of a tensor of any type.
func (f *File) ReadFloat64(t Tensor) ([]float64, error) {
	raw, err := f.bytes(t)
	if err != nil {
		return nil, err
	}
	dst := make([]float64, t.Len())
	each(t.DType, raw, func(i int, v float64) { dst[i] = v })
	return dst, nil
}

// each decodes raw element by element.
func each(dtype string, raw []byte, put func(i int, v float64)) {
	width := int(widths[dtype])
	decode := decoders[dtype]
	for i := 0; i*width < len(raw); i++ {
		put(i, decode(raw[i*width:]))
	}
}

var decoders = map[string]func([]byte) float64{
	"F64":  func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
	"F32":  func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
	"F16":  func(b []byte) float64 { return half.Float16(binary.LittleEndian.Uint16(b)) },
	"BF16": func(b []byte) float64 { return half.BFloat16(binary.LittleEndian.Uint16(b)) },
	"I64":  func(b []byte) float64 { return float64(int64(binary.LittleEndian.Uint64(b))) },
	"I32":  func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) },
	"I16":  func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) },
	"I8":   func(b []byte) float64 { return float64(int8(b[0])) },
	"U64":  func(b []byte) float64 { return float64(binary.LittleEndian.Uint64(b)) },
	"U32":  func(b []byte) float64 { return float64(binary.LittleEndian.Uint32(b)) },
	"U16":  func(b []byte) float64 { return float64(binary.LittleEndian.Uint16(b)) },
	"U8":   func(b []byte) float64 { return float64(b[0]) },
	"BOOL": func(b []byte) float64 { return float64(b[0]) },
}
