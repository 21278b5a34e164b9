package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/groupnb/groupnb/repl/display"
)

// Fields are numbers as varints, texts and bytes with their length before them, and what may be absent behind a byte
// that tells.

func (q *Request) encode(b []byte) ([]byte, error) {
	b = appendText(b, q.Op)
	b = appendText(b, q.Key)
	b = binary.AppendVarint(b, q.MemoryLimit)
	b = binary.AppendUvarint(b, q.Cell)
	for _, s := range []string{q.Name, q.Types, q.Decls, q.Entry, q.Text} {
		b = appendText(b, s)
	}
	return appendBool(b, q.EOF), nil
}

func (q *Request) decode(d *decoder) {
	q.Op, q.Key, q.MemoryLimit, q.Cell = d.text(), d.text(), d.varint(), d.uvarint()
	q.Name, q.Types, q.Decls, q.Entry, q.Text = d.text(), d.text(), d.text(), d.text(), d.text()
	q.EOF = d.bool()
}

func (r *Reply) encode(b []byte) ([]byte, error) {
	b = appendText(b, r.Op)
	b = binary.AppendUvarint(b, r.Cell)
	b = binary.AppendUvarint(b, r.Seq)
	b = appendText(b, r.ID)
	b = appendText(b, r.Text)
	for _, v := range []bool{r.Update, r.Wait, r.Password, r.Fault != nil, r.Bundle != nil} {
		b = appendBool(b, v)
	}
	if f := r.Fault; f != nil {
		b = appendText(b, f.Kind)
		b = appendText(b, f.Text)
		b = binary.AppendVarint(b, int64(f.At))
		b = binary.AppendUvarint(b, uint64(len(f.Trace)))
		for _, line := range f.Trace {
			b = appendText(b, line)
		}
	}
	if r.Bundle != nil {
		return appendBundle(b, r.Bundle)
	}
	return b, nil
}

func (r *Reply) decode(d *decoder) {
	r.Op, r.Cell, r.Seq, r.ID, r.Text = d.text(), d.uvarint(), d.uvarint(), d.text(), d.text()
	r.Update, r.Wait, r.Password = d.bool(), d.bool(), d.bool()
	fault, bundle := d.bool(), d.bool()
	if fault {
		r.Fault = &Fault{Kind: d.text(), Text: d.text(), At: int(d.varint())}
		for range d.count() {
			r.Fault.Trace = append(r.Fault.Trace, d.text())
		}
	}
	if bundle {
		r.Bundle = d.bundle()
	}
}

func appendBundle(b []byte, v *display.Bundle) ([]byte, error) {
	var metadata []byte
	if len(v.Metadata) > 0 {
		var err error
		if metadata, err = json.Marshal(v.Metadata); err != nil {
			return nil, err
		}
	}
	b = appendText(b, string(metadata))
	b = binary.AppendUvarint(b, uint64(len(v.Data)))
	for mediaType, data := range v.Data {
		b = appendText(b, mediaType)
		b = append(binary.AppendUvarint(b, uint64(len(data))), data...)
	}
	return b, nil
}

func (d *decoder) bundle() *display.Bundle {
	v := &display.Bundle{Data: map[string][]byte{}}
	if metadata := d.bytes(); len(metadata) > 0 && json.Unmarshal(metadata, &v.Metadata) != nil {
		d.fail()
	}
	for range d.count() {
		mediaType := d.text()
		v.Data[mediaType] = d.bytes()
	}
	return v
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

var errMalformed = errors.New("malformed")

// A decoder takes fields from the front of a message. After the first error all fields are zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail() { d.rest, d.err = nil, errMalformed }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count is the number of elements that follow, each of at least one byte.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

// bytes returns a part of the message itself.
func (d *decoder) bytes() []byte {
	n := d.count()
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) text() string { return string(d.bytes()) }

func (d *decoder) bool() bool {
	if len(d.rest) == 0 {
		d.fail()
		return false
	}
	v := d.rest[0]
	d.rest = d.rest[1:]
	return v == 1
}
