package notebook

import (
	"bytes"
	"encoding/json"
	"slices"
)

// SourceLine returns the line in a notebook file, from 1, where a line (from 1) of the source of a cell (from 0)
// stands, 0 if there is none. It is where a code host shows a remark about that line.
func SourceLine(path string, data []byte, cell, line int) int {
	if IsMarkdown(path) {
		return markdownLine(data, cell, line)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	at := func() int { return 1 + bytes.Count(data[:d.InputOffset()], []byte("\n")) }
	if !enter(d, "cells") {
		return 0
	}
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return 0
	}
	for range cell {
		if !d.More() || skipValue(d) != nil {
			return 0
		}
	}
	if !enter(d, "source") {
		return 0
	}
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return at() // one string holds all lines
	}
	for range line - 1 {
		if !d.More() || skipValue(d) != nil {
			return at()
		}
	}
	if !d.More() || skipValue(d) != nil {
		return at()
	}
	return at()
}

// enter reads an object up to the value of a key.
func enter(d *json.Decoder, key string) bool {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return false
		}
		if t == key {
			return true
		}
		if skipValue(d) != nil {
			return false
		}
	}
	return false
}

func skipValue(d *json.Decoder) error {
	var v json.RawMessage
	return d.Decode(&v)
}

// markdownLine counts the code cells before the cell, since prose cells have no lines of their own in the file.
func markdownLine(data []byte, cell, line int) int {
	nb, err := ParseMarkdown(data)
	if err != nil || cell >= len(nb.Cells) || nb.Cells[cell].Type != Code {
		return 0
	}
	source := nb.Cells[cell].Source
	before := 0
	for _, c := range nb.Cells[:cell] {
		if c.Type == Code && c.Source == source {
			before++
		}
	}
	lines := bytes.Split(data, []byte("\n"))
	for i := range lines {
		if !codeFence.Match(bytes.TrimRight(lines[i], "\r")) || !startsWith(lines[i+1:], source) {
			continue
		}
		if before == 0 {
			return i + 1 + line
		}
		before--
	}
	return 0
}

func startsWith(lines [][]byte, source string) bool {
	want := bytes.Split([]byte(source), []byte("\n"))
	return len(lines) >= len(want) && slices.EqualFunc(lines[:len(want)], want, func(a, b []byte) bool {
		return bytes.Equal(bytes.TrimRight(a, "\r"), b)
	})
}
