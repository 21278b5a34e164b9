package notebook

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Markdown returns the notebook's twin in text: prose as it stands, code cells in fences marked go. It diffs well,
// renders everywhere, and jupytext reads it. Outputs, counts, cell ids and attachments are not part of it.
func (nb *Notebook) Markdown() []byte {
	var b strings.Builder
	if len(nb.Metadata) > 0 {
		b.WriteString("---\njupyter:\n")
		writeHeader(&b, nb.Metadata, "  ")
		b.WriteString("---\n")
	}
	var before *Cell
	for _, c := range nb.Cells {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		if before != nil && isProse(before) && isProse(c) {
			b.WriteString("\n")
		}
		writeCell(&b, c)
		before = c
	}
	return []byte(b.String())
}

func writeCell(b *strings.Builder, c *Cell) {
	info := infoString(c.Metadata)
	switch {
	case c.Type == Code:
		fence := strings.Repeat("`", max(3, longestFence(c.Source)+1))
		fmt.Fprintf(b, "%sgo%s\n%s%s\n", fence, info, body(c.Source), fence)
	case isProse(c):
		b.WriteString(c.Source + "\n")
	default:
		name := markName(c)
		fmt.Fprintf(b, "<!-- #%s%s -->\n%s%s\n", name, info, body(c.Source), endMark(name))
	}
}

// markName returns the name of the marks around a cell: one whose end the source doesn't hold.
func markName(c *Cell) string {
	kind := "region"
	if c.Type == Raw {
		kind = "raw"
	}
	name := kind
	for n := 2; strings.Contains(c.Source, endMark(name)); n++ {
		name = fmt.Sprintf("%s.%d", kind, n)
	}
	return name
}

func endMark(name string) string { return "<!-- #end" + name + " -->" }

func body(source string) string {
	if source == "" {
		return ""
	}
	return source + "\n"
}

// isProse reports whether a Markdown cell can stand without marks around it: reading it and another one behind it
// gives the same two cells again.
func isProse(c *Cell) bool {
	if c.Type != Markdown || len(c.Metadata) > 0 || strings.HasPrefix(c.Source, "---") || strings.HasPrefix(c.Source, "\ufeff") {
		return false
	}
	read, err := readBody(append(strings.Split(c.Source, "\n"), "", "", "next"), 0)
	return err == nil && len(read) == 2 && read[0].Type == Markdown && read[0].Source == c.Source && read[1].Source == "next"
}

// infoString writes cell metadata behind a fence: key=value with values in JSON, as jupytext does.
func infoString(metadata map[string]any) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		value, err := json.Marshal(metadata[key])
		if err != nil || !plainKey.MatchString(key) {
			whole, _ := json.Marshal(metadata)
			return " " + string(whole)
		}
		fmt.Fprintf(&b, " %s=%s", key, value)
	}
	return b.String()
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][-A-Za-z0-9_.]*$`)

var fenceLine = regexp.MustCompile("(?m)^ {0,3}(`{3,})")

func longestFence(source string) int {
	longest := 0
	for _, m := range fenceLine.FindAllStringSubmatch(source, -1) {
		longest = max(longest, len(m[1]))
	}
	return longest
}

// writeHeader writes metadata as YAML: nested maps by indentation, all else in JSON, which YAML contains.
func writeHeader(b *strings.Builder, m map[string]any, indent string) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !plainKey.MatchString(key) {
			quoted, _ := json.Marshal(key)
			key = string(quoted)
		}
		if sub, ok := m[key].(map[string]any); ok && len(sub) > 0 {
			fmt.Fprintf(b, "%s%s:\n", indent, key)
			writeHeader(b, sub, indent+"  ")
			continue
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, key, scalar(m[key]))
	}
}

var plainScalar = regexp.MustCompile(`^[A-Za-z_/.][-A-Za-z0-9_/.+() ]*$`)

func scalar(v any) string {
	if s, ok := v.(string); ok && plainScalar.MatchString(s) && !strings.HasSuffix(s, " ") && !slices.Contains([]string{"true", "false", "null"}, s) {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(data)
}
