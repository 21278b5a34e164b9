// Package highlight finds what to colour in Go source.
//
//	for _, s := range highlight.Spans("x := 1 // one") { ... source[s.Start:s.End] is s.Kind ... }
//
// It works on any text, valid Go or not, with the scanner of the standard library; it doesn't know types.
package highlight

import (
	"go/scanner"
	"go/token"
	"strings"
)

// A Kind is why a span has a colour.
type Kind string

// The kinds, which are also their class names in HTML.
const (
	Keyword Kind = "keyword"
	String  Kind = "string"
	Number  Kind = "number"
	Comment Kind = "comment"
	Builtin Kind = "builtin" // a predeclared identifier; a program may declare it anew, which nobody does
)

// A Span is a stretch of source, in bytes.
type Span struct {
	Start, End int
	Kind       Kind
}

var builtins = set("any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune " +
	"string uint uint8 uint16 uint32 uint64 uintptr true false iota nil append cap clear close complex copy delete imag " +
	"len make max min new panic print println real recover")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// Spans returns the spans of source that have a kind, in order, none overlapping.
func Spans(source string) []Span {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(source))
	s.Init(file, []byte(source), nil, scanner.ScanComments)
	var spans []Span
	done := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return spans
		}
		start := file.Offset(pos)
		end := start + len(lit)
		kind := kindOf(tok, lit)
		if kind == "" || start < done || end > len(source) || source[start:end] != lit {
			continue // also carriage returns in raw strings, which the scanner leaves out of lit
		}
		spans = append(spans, Span{start, end, kind})
		done = end
	}
}

func kindOf(tok token.Token, lit string) Kind {
	switch {
	case tok.IsKeyword():
		return Keyword
	case tok == token.STRING || tok == token.CHAR:
		return String
	case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
		return Number
	case tok == token.COMMENT:
		return Comment
	case tok == token.IDENT && builtins[lit]:
		return Builtin
	}
	return ""
}
