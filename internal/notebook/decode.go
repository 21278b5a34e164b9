package notebook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
)

// Decode reads the bytes of an .ipynb file of nbformat 4.x. Errors name the place: a line and column of the file if it
// is not JSON, a cell and field if it is not a notebook.
func Decode(data []byte) (*Notebook, error) {
	v, err := parseJSON(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not a notebook: the file holds no JSON object")
	}
	return decodeNotebook(o)
}

func decodeNotebook(o map[string]any) (*Notebook, error) {
	f := fields{rest: maps.Clone(o)}
	major, minor := f.int("nbformat"), f.int("nbformat_minor")
	if f.err == nil && major != 4 {
		return nil, fmt.Errorf("nbformat %d is not supported: convert it with jupyter nbconvert --to notebook", major)
	}
	nb := &Notebook{Metadata: f.object("metadata"), Minor: max(minor, 5)}
	for i, item := range f.list("cells") {
		cell, err := decodeCell(item)
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
		nb.Cells = append(nb.Cells, cell)
	}
	if f.err != nil {
		return nil, f.err
	}
	nb.Extra = f.extra()
	nb.nameCells()
	return nb, nil
}

func decodeCell(v any) (*Cell, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not an object")
	}
	f := fields{rest: maps.Clone(o)}
	c := &Cell{Type: f.string("cell_type"), ID: f.string("id"), Source: f.text("source"), Metadata: f.object("metadata")}
	if _, ok := o["attachments"]; ok {
		c.Attachments = f.object("attachments")
		for _, bundle := range c.Attachments {
			if b, ok := bundle.(map[string]any); ok {
				joinBundle(b)
			}
		}
	}
	if c.Type == Code {
		c.Count = f.int("execution_count")
		for i, item := range f.list("outputs") {
			out, err := decodeOutput(item)
			if err != nil {
				return nil, fmt.Errorf("output %d: %w", i+1, err)
			}
			c.Outputs = append(c.Outputs, out)
		}
	}
	if f.err == nil && c.Type == "" {
		f.err = errors.New("cell_type is missing")
	}
	c.Extra = f.extra()
	return c, f.err
}

func decodeOutput(v any) (*Output, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not an object")
	}
	f := fields{rest: maps.Clone(o)}
	out := &Output{Type: f.string("output_type")}
	switch out.Type {
	case Stream:
		out.Name, out.Text = f.string("name"), f.text("text")
	case Result:
		out.Count = f.int("execution_count")
		fallthrough
	case Display:
		out.Data, out.Metadata = f.object("data"), f.object("metadata")
		joinBundle(out.Data)
	case Error:
		out.EName, out.EValue = f.string("ename"), f.text("evalue")
		for _, l := range f.list("traceback") {
			s, ok := l.(string)
			if !ok {
				f.fail("traceback", "a list of strings")
			}
			out.Traceback = append(out.Traceback, s)
		}
	}
	out.Extra = f.extra()
	return out, f.err
}

func joinBundle(data map[string]any) {
	for media, v := range data {
		if IsJSON(media) {
			continue
		}
		if s, ok := joined(v); ok {
			data[media] = s
		}
	}
}

// IsJSON reports whether data of this media type is a JSON value in a notebook, not a string.
func IsJSON(media string) bool {
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

// joined returns the text that a string or a list of strings stands for.
func joined(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []any:
		var b strings.Builder
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return "", false
			}
			b.WriteString(s)
		}
		return b.String(), true
	}
	return "", false
}

// fields takes known fields out of an object; what is left over is kept for writing. A missing or null field is the
// zero value, since many programs write notebooks carelessly; a field of the wrong kind is an error.
type fields struct {
	rest map[string]any
	err  error
}

func (f *fields) take(name string) any {
	v := f.rest[name]
	delete(f.rest, name)
	return v
}

func (f *fields) fail(name, want string) {
	if f.err == nil {
		f.err = fmt.Errorf("%s is not %s", name, want)
	}
}

func (f *fields) extra() map[string]any {
	if len(f.rest) == 0 {
		return nil
	}
	return f.rest
}

func (f *fields) int(name string) int {
	v := f.take(name)
	if v == nil {
		return 0
	}
	n, ok := v.(json.Number)
	i, err := n.Int64()
	if !ok || err != nil || i < 0 {
		f.fail(name, "a natural number")
	}
	return int(i)
}

func (f *fields) string(name string) string {
	v := f.take(name)
	s, ok := v.(string)
	if !ok && v != nil {
		f.fail(name, "a string")
	}
	return s
}

func (f *fields) text(name string) string {
	v := f.take(name)
	if v == nil {
		return ""
	}
	s, ok := joined(v)
	if !ok {
		f.fail(name, "a string or a list of strings")
	}
	return s
}

func (f *fields) list(name string) []any {
	v := f.take(name)
	l, ok := v.([]any)
	if !ok && v != nil {
		f.fail(name, "a list")
	}
	return l
}

func (f *fields) object(name string) map[string]any {
	v := f.take(name)
	if v == nil {
		return map[string]any{}
	}
	o, ok := v.(map[string]any)
	if !ok {
		f.fail(name, "an object")
	}
	return o
}

// parseJSON keeps numbers as they are written and refuses anything after the value.
func parseJSON(data []byte) (any, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, positioned(data, err, d.InputOffset())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, positioned(data, errors.New("more text after the end of the notebook"), d.InputOffset())
	}
	return v, nil
}

func positioned(data []byte, err error, offset int64) error {
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("the file is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the file is cut off: it ends inside the notebook")
	case errors.As(err, &syntax):
		offset = max(syntax.Offset-1, 0)
	}
	before := data[:min(offset, int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	col := len(before) - bytes.LastIndexByte(before, '\n')
	if start := len(before) - col + 1; bytes.HasPrefix(data[start:], []byte("<<<<<<<")) {
		return fmt.Errorf("line %d: a merge conflict is left in the file", line)
	}
	return fmt.Errorf("line %d, column %d: %w", line, col, err)
}
