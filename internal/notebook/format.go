package notebook

import (
	"go/format"
	"go/scanner"
	"go/token"
	"strings"
)

// Format formats the code cells as gofmt does and reports how many changed. Cells that gofmt can't read, and cells
// with lines for the kernel (% and !), stay as they are.
func (nb *Notebook) Format() int {
	changed := 0
	for _, c := range nb.Cells {
		if c.Type != Code {
			continue
		}
		if s := FormatCell(c.Source); s != c.Source {
			c.Source = s
			changed++
		}
	}
	return changed
}

// FormatCell formats the source of a cell, which may mix imports, declarations and statements.
func FormatCell(source string) string {
	if s, err := format.Source([]byte(source)); err == nil {
		return strings.TrimSpace(string(s))
	}
	var formatted []string
	for _, part := range parts(source) {
		s, err := format.Source([]byte(part))
		if err != nil {
			return source
		}
		formatted = append(formatted, string(s))
	}
	return strings.TrimSpace(strings.Join(formatted, ""))
}

// parts cuts a cell into stretches of imports and declarations on one hand and statements on the other: gofmt takes
// either, not both at once. Comments and empty lines belong to what follows.
func parts(source string) []string {
	var all []string
	var kinds []bool
	for _, item := range items(source) {
		kind := isDeclaration(item)
		if n := len(all); n > 0 && kinds[n-1] == kind {
			all[n-1] += item
			continue
		}
		all, kinds = append(all, item), append(kinds, kind)
	}
	return all
}

// items cuts source behind each declaration or statement that stands outside of all brackets and ends its line.
func items(source string) []string {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(source))
	s.Init(file, []byte(source), nil, scanner.ScanComments)
	var all []string
	depth, start := 0, 0
	for {
		pos, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			if start < len(source) {
				all = append(all, source[start:])
			}
			return all
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		case token.SEMICOLON:
			offset := file.Offset(pos)
			if depth > 0 || lit != "\n" || offset >= len(source) {
				continue
			}
			end := offset + strings.IndexByte(source[offset:], '\n') + 1 // a comment may stand before the line's end
			if end > start {
				all = append(all, source[start:end])
				start = end
			}
		}
	}
}

func isDeclaration(item string) bool {
	_, err := format.Source([]byte("package p\n" + item))
	return err == nil
}
