package terminal

import (
	"go/scanner"
	"go/token"
	"strings"
)

// Colours of Go source, as parameters of the terminal's SGR sequence.
const (
	colorKeyword = "35"
	colorString  = "32"
	colorNumber  = "36"
	colorComment = "90"
	colorBuiltin = "34"
)

// builtins are the predeclared identifiers; a program may declare them anew, which nobody does.
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

// Highlight colours Go source for a terminal. Without its escape sequences the result is the source, whatever it holds.
func Highlight(source string) string {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(source))
	s.Init(file, []byte(source), nil, scanner.ScanComments)
	var b strings.Builder
	done := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		color := colorOf(tok, lit)
		start := file.Offset(pos)
		end := start + len(lit)
		if color == "" || start < done || end > len(source) || source[start:end] != lit {
			continue // also carriage returns in raw strings, which the scanner leaves out of lit
		}
		b.WriteString(source[done:start])
		b.WriteString("\x1b[" + color + "m" + lit + "\x1b[0m")
		done = end
	}
	b.WriteString(source[done:])
	return b.String()
}

func colorOf(tok token.Token, lit string) string {
	switch {
	case tok.IsKeyword():
		return colorKeyword
	case tok == token.STRING || tok == token.CHAR:
		return colorString
	case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
		return colorNumber
	case tok == token.COMMENT:
		return colorComment
	case tok == token.IDENT && builtins[lit]:
		return colorBuiltin
	}
	return ""
}
