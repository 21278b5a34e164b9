package notebook

import (
	"maps"
	"strings"
	"unicode/utf8"
)

// Encode returns the notebook as the bytes of an .ipynb file.
func (nb *Notebook) Encode() []byte {
	nb.nameCells()
	top := copyOf(nb.Extra)
	cells := make([]any, len(nb.Cells))
	for i, c := range nb.Cells {
		cells[i] = c.object()
	}
	top["cells"] = cells
	top["metadata"] = copyOf(nb.Metadata)
	top["nbformat"] = 4
	top["nbformat_minor"] = max(nb.Minor, 5)
	return append(appendJSON(nil, top, 0), '\n')
}

func (c *Cell) object() map[string]any {
	o := copyOf(c.Extra)
	o["id"] = c.ID
	o["cell_type"] = c.Type
	o["metadata"] = copyOf(c.Metadata)
	o["source"] = splitLines(c.Source)
	if c.Attachments != nil {
		o["attachments"] = splitAttachments(c.Attachments)
	}
	if c.Type == Code {
		o["execution_count"] = count(c.Count)
		outputs := make([]any, len(c.Outputs))
		for i, out := range c.Outputs {
			outputs[i] = out.object()
		}
		o["outputs"] = outputs
	}
	return o
}

func (out *Output) object() map[string]any {
	o := copyOf(out.Extra)
	o["output_type"] = out.Type
	switch out.Type {
	case Stream:
		o["name"] = out.Name
		o["text"] = splitLines(out.Text)
	case Result:
		o["execution_count"] = count(out.Count)
		fallthrough
	case Display:
		o["data"] = splitBundle(out.Data)
		o["metadata"] = copyOf(out.Metadata)
	case Error:
		o["ename"] = out.EName
		o["evalue"] = out.EValue
		lines := make([]any, len(out.Traceback))
		for i, l := range out.Traceback {
			lines[i] = l
		}
		o["traceback"] = lines
	}
	return o
}

func copyOf(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return maps.Clone(m)
}

func count(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func splitAttachments(attachments map[string]any) map[string]any {
	split := map[string]any{}
	for name, bundle := range attachments {
		if b, ok := bundle.(map[string]any); ok {
			split[name] = splitBundle(b)
		} else {
			split[name] = bundle
		}
	}
	return split
}

// splitBundle writes texts as lists of lines, so that a diff shows the lines that changed.
func splitBundle(data map[string]any) map[string]any {
	split := map[string]any{}
	for media, v := range data {
		s, ok := v.(string)
		if ok && (strings.HasPrefix(media, "text/") || media == "application/javascript" || media == "image/svg+xml") {
			split[media] = splitLines(s)
		} else {
			split[media] = v
		}
	}
	return split
}

// splitLines cuts where Python's str.splitlines does, since that decides what Jupyter writes.
func splitLines(s string) []any {
	lines := []any{}
	start := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r == '\r' && i < len(s) && s[i] == '\n' {
			continue
		}
		if isLineEnd(r) {
			lines = append(lines, s[start:i])
			start = i
		}
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

func isLineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}
