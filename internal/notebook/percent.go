package notebook

import (
	"fmt"
	"regexp"
	"strings"
)

// GoFile returns the notebook as a Go file in the percent format: a line "// %%" begins each cell, prose stands in
// comments. The build constraint keeps the go tool from taking it for a program. It holds what the Markdown twin does.
func (nb *Notebook) GoFile() []byte {
	var b strings.Builder
	b.WriteString("//go:build ignore\n")
	for _, c := range nb.Cells {
		kind := ""
		if c.Type != Code {
			kind = " [" + c.Type + "]"
		}
		fmt.Fprintf(&b, "\n// %%%%%s%s\n", kind, infoString(c.Metadata))
		source := c.Source
		if c.Type != Code {
			source = comment(source)
		}
		b.WriteString(body(source))
	}
	return []byte(b.String())
}

func comment(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight("// "+l, " ")
	}
	return strings.Join(lines, "\n")
}

// cellLine begins a cell: // %%, perhaps a type in brackets, perhaps metadata.
var cellLine = regexp.MustCompile(`^//\s?%%(?:\s+\[(markdown|raw|code)\])?(?:\s+(.*))?$`)

// ParseGoFile reads a Go file in the percent format. What stands before the first "// %%" is a cell too, save for
// build constraints and a header between two lines "// ---". A title behind "// %%" is allowed and left out.
func ParseGoFile(data []byte) (*Notebook, error) {
	nb := New()
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), "\n")
	all := len(lines)
	lines = withoutHeader(lines)
	skipped := all - len(lines)
	cell := &Cell{Type: Code, Metadata: map[string]any{}}
	var source []string
	flush := func(first bool) {
		for len(source) > 0 && source[len(source)-1] == "" {
			source = source[:len(source)-1]
		}
		cell.Source = strings.Join(source, "\n")
		if cell.Type != Code {
			cell.Source = uncomment(source)
		}
		if !first || strings.TrimSpace(cell.Source) != "" {
			nb.Cells = append(nb.Cells, cell)
		}
		source = nil
	}
	first := true
	for i, line := range lines {
		m := cellLine.FindStringSubmatch(line)
		if m == nil {
			source = append(source, line)
			continue
		}
		flush(first)
		first = false
		metadata, err := parseInfo(m[2])
		if err != nil && strings.Contains(m[2], "=") {
			return nil, fmt.Errorf("line %d: cell metadata: %w", skipped+i+1, err)
		}
		if metadata == nil {
			metadata = map[string]any{}
		}
		cell = &Cell{Type: m[1], Metadata: metadata}
		if cell.Type == "" {
			cell.Type = Code
		}
	}
	flush(first)
	nb.nameCells()
	return nb, nil
}

// withoutHeader leaves out what is for tools.
func withoutHeader(lines []string) []string {
	inside := false
	for i, l := range lines {
		switch {
		case l == "// ---":
			inside = !inside
		case !inside && strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "//go:build "):
			return lines[i:]
		}
	}
	return nil
}

func uncomment(lines []string) string {
	var text []string
	for _, l := range lines {
		l = strings.TrimPrefix(l, "//")
		text = append(text, strings.TrimPrefix(l, " "))
	}
	return strings.Join(text, "\n")
}
