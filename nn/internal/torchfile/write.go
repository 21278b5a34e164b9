package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// A Writer writes a state_dict that torch.load reads.
type Writer struct {
	zip     *zip.Writer
	program bytes.Buffer
	count   int
}

// NewWriter starts a file.
func NewWriter(w io.Writer) *Writer {
	t := &Writer{zip: zip.NewWriter(w)}
	t.program.WriteString("\x80\x02}(") // protocol 2, an empty dictionary, and a mark before its items
	return t
}

// Write adds a tensor.
func (w *Writer) Write(name string, shape []int, data []float32) error {
	key := fmt.Sprint(w.count)
	w.count++
	out, err := w.zip.CreateHeader(&zip.FileHeader{Name: "archive/data/" + key, Method: zip.Store})
	if err != nil {
		return err
	}
	raw := make([]byte, 4*len(data))
	for i, v := range data {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	if _, err := out.Write(raw); err != nil {
		return err
	}
	w.item(name, key, shape, len(data))
	return nil
}

// item appends name: _rebuild_tensor_v2(storage, 0, shape, stride, False, OrderedDict()).
func (w *Writer) item(name, key string, shape []int, count int) {
	p := &w.program
	w.text(name)
	p.WriteString("ctorch._utils\n_rebuild_tensor_v2\n((")
	w.text("storage")
	p.WriteString("ctorch\nFloatStorage\n")
	w.text(key)
	w.text("cpu")
	w.number(count)
	p.WriteString("tQ")
	w.number(0)
	stride := make([]int, len(shape))
	for i, s := len(shape)-1, 1; i >= 0; i-- {
		stride[i] = s
		s *= shape[i]
	}
	w.tuple(shape)
	w.tuple(stride)
	p.WriteString("\x89ccollections\nOrderedDict\n)RtR")
}

func (w *Writer) tuple(v []int) {
	w.program.WriteByte('(')
	for _, n := range v {
		w.number(n)
	}
	w.program.WriteByte('t')
}

func (w *Writer) number(n int) {
	w.program.WriteString("\x8a\x08") // a number of eight bytes
	w.program.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func (w *Writer) text(s string) {
	w.program.WriteByte('X')
	w.program.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	w.program.WriteString(s)
}

// Close ends the file.
func (w *Writer) Close() error {
	w.program.WriteString("u.")
	for _, e := range [][2]string{{"archive/data.pkl", w.program.String()}, {"archive/version", "3\n"}} {
		out, err := w.zip.CreateHeader(&zip.FileHeader{Name: e[0], Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, e[1]); err != nil {
			return err
		}
	}
	return w.zip.Close()
}
