package notebook

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// ParseMarkdown reads the text twin of a notebook. Fences at the start of a line marked go (or {go}, as Quarto writes)
// are code cells; what is between them are Markdown cells, two empty lines separate two of them. Any Markdown file is
// a notebook.
func ParseMarkdown(data []byte) (*Notebook, error) {
	text := strings.TrimPrefix(string(data), "\ufeff")
	if strings.Count(text, "\n") == strings.Count(text, "\r\n") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	nb := &Notebook{Metadata: map[string]any{}, Minor: 5}
	start := 0
	if lines[0] == "---" {
		end := 1
		for end < len(lines) && lines[end] != "---" {
			end++
		}
		if end == len(lines) {
			return nil, fmt.Errorf("line 1: the header has no end: a line ---")
		}
		if m, ok := parseHeader(lines[1:end])["jupyter"].(map[string]any); ok {
			nb.Metadata = m
		}
		start = end + 1
	}
	cells, err := readBody(lines[start:], start)
	if err != nil {
		return nil, err
	}
	nb.Cells = cells
	nb.nameCells()
	return nb, nil
}

var (
	codeFence  = regexp.MustCompile("^(`{3,})(?:go|\\{go\\})(?:\\s+(.*))?$")
	otherFence = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")
	region     = regexp.MustCompile(`^<!-- #((region|raw)(?:\.\d+)?)(?:\s+(.*?))? -->$`)
)

// readBody cuts lines into cells; before is the number of lines of the file above them.
func readBody(lines []string, before int) ([]*Cell, error) {
	var cells []*Cell
	var prose []string
	flush := func() {
		for _, source := range splitProse(prose) {
			cells = append(cells, &Cell{Type: Markdown, Source: source, Metadata: map[string]any{}})
		}
		prose = nil
	}
	for i := 0; i < len(lines); i++ {
		cellType, end, info := opening(lines[i])
		if cellType == "" {
			n := proseLen(lines[i:])
			prose = append(prose, lines[i:i+n]...)
			i += n - 1
			continue
		}
		flush()
		stop := i + 1
		for stop < len(lines) && !end(lines[stop]) {
			stop++
		}
		if stop == len(lines) {
			return nil, fmt.Errorf("line %d: the %s cell that begins here has no end", before+i+1, cellType)
		}
		metadata, err := parseInfo(info)
		if err != nil {
			return nil, fmt.Errorf("line %d: cell metadata: %w", before+i+1, err)
		}
		cells = append(cells, &Cell{Type: cellType, Source: strings.Join(lines[i+1:stop], "\n"), Metadata: metadata})
		i = stop
	}
	flush()
	return cells, nil
}

// opening tells whether a line begins a marked cell, of which type, how it ends, and its metadata.
func opening(line string) (cellType string, end func(string) bool, info string) {
	if m := codeFence.FindStringSubmatch(line); m != nil {
		return Code, func(l string) bool { return strings.TrimRight(l, " \t") == m[1] }, m[2]
	}
	m := region.FindStringSubmatch(line)
	if m == nil {
		return "", nil, ""
	}
	cellType = Markdown
	if m[2] == "raw" {
		cellType = Raw
	}
	return cellType, func(l string) bool { return l == endMark(m[1]) }, m[3]
}

// proseLen returns how many lines belong together: a fenced block in another language, or one line. Without an end,
// the fence is the rest of the text, as in CommonMark.
func proseLen(lines []string) int {
	m := otherFence.FindStringSubmatch(lines[0])
	if m == nil {
		return 1
	}
	for i, l := range lines[1:] {
		l = strings.TrimSpace(l)
		if len(l) >= len(m[1]) && strings.Trim(l, m[1][:1]) == "" {
			return i + 2
		}
	}
	return len(lines)
}

// splitProse cuts at two or more empty lines outside of fences and drops empty lines around each piece.
func splitProse(lines []string) []string {
	var pieces []string
	var piece []string
	empty := 0
	flush := func() {
		if len(piece) > 0 {
			pieces = append(pieces, strings.Join(piece, "\n"))
		}
		piece = nil
	}
	for i := 0; i < len(lines); {
		if lines[i] == "" {
			empty++
			i++
			continue
		}
		if empty > 1 {
			flush()
		} else if empty == 1 && len(piece) > 0 {
			piece = append(piece, "")
		}
		empty = 0
		n := proseLen(lines[i:])
		piece = append(piece, lines[i:i+n]...)
		i += n
	}
	flush()
	return pieces
}

var infoKey = regexp.MustCompile(`^\s*([A-Za-z_][-A-Za-z0-9_.]*)=`)

// parseInfo reads key=value pairs with JSON values, or one JSON object.
func parseInfo(info string) (map[string]any, error) {
	metadata := map[string]any{}
	info = strings.TrimSpace(info)
	if strings.HasPrefix(info, "{") {
		v, err := parseJSON([]byte(info))
		if err != nil {
			return nil, err
		}
		return v.(map[string]any), nil
	}
	for info != "" {
		m := infoKey.FindStringSubmatch(info)
		if m == nil {
			return nil, fmt.Errorf("want key=value with a value in JSON, got %q", info)
		}
		d := json.NewDecoder(strings.NewReader(info[len(m[0]):]))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("%s: the value is not JSON: %w", m[1], err)
		}
		metadata[m[1]] = v
		info = strings.TrimSpace(info[len(m[0])+int(d.InputOffset()):])
	}
	return metadata, nil
}

// parseHeader reads the part of YAML that Markdown writes: maps by indentation, values in JSON or plain text. Other
// lines are passed over.
func parseHeader(lines []string) map[string]any {
	type level struct {
		indent int
		m      map[string]any
	}
	top := map[string]any{}
	open := []level{{-1, top}}
	for _, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.HasPrefix(key, "#") || strings.HasPrefix(key, "-") {
			continue
		}
		for len(open) > 1 && open[len(open)-1].indent >= indent {
			open = open[:len(open)-1]
		}
		m := open[len(open)-1].m
		key, value = unquote(key), strings.TrimSpace(value)
		if value == "" {
			sub := map[string]any{}
			m[key] = sub
			open = append(open, level{indent, sub})
			continue
		}
		if v, err := parseJSON([]byte(value)); err == nil {
			m[key] = v
		} else {
			m[key] = unquote(value)
		}
	}
	return top
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
