package main

import "bytes"

// paintDiff colours the lines of a unified diff.
func paintDiff(d []byte, color bool) []byte {
	if !color {
		return d
	}
	colors := map[byte]string{'-': "31", '+': "32", '@': "36"}
	var out []byte
	for line := range bytes.Lines(d) {
		c, ok := colors[line[0]]
		if !ok {
			out = append(out, line...)
			continue
		}
		out = append(out, "\x1b["+c+"m"...)
		out = append(out, bytes.TrimSuffix(line, []byte("\n"))...)
		out = append(out, "\x1b[0m\n"...)
	}
	return out
}
