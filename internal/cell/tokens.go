package cell

import (
	"go/scanner"
	"go/token"
	"iter"
)

// A lexeme is a token with its place src[start:end].
type lexeme struct {
	tok        token.Token
	lit        string
	start, end int
}

// tokens yields the tokens of src, comments too, without the semicolons that line ends stand for.
func tokens(src string) iter.Seq[lexeme] {
	return func(yield func(lexeme) bool) {
		var s scanner.Scanner
		file := token.NewFileSet().AddFile("", -1, len(src))
		s.Init(file, []byte(src), nil, scanner.ScanComments)
		for {
			pos, tok, lit := s.Scan()
			if tok == token.EOF {
				return
			}
			if tok == token.SEMICOLON && lit == "\n" {
				continue
			}
			text := lit
			if text == "" {
				text = tok.String()
			}
			start := file.Offset(pos)
			if !yield(lexeme{tok, lit, start, min(start+len(text), len(src))}) {
				return
			}
		}
	}
}

// tokenAt returns the token that the cursor is in or behind.
func tokenAt(src string, cursor int) (at, before lexeme, ok bool) {
	for t := range tokens(src) {
		if t.start >= cursor {
			break
		}
		if t.end >= cursor {
			return t, before, true
		}
		before = t
	}
	return lexeme{}, before, false
}
