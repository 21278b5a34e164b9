package cell

import (
	"go/scanner"
	"go/token"
	"strings"
)

// IsComplete tells whether src can run as it stands: "complete", "incomplete" (with the indent of the next line) or
// "invalid".
func (f *FrontEnd) IsComplete(src string) (status, indent string) {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(src))
	open := false // an unterminated raw string or comment
	bad := false
	s.Init(file, []byte(src), func(_ token.Position, msg string) {
		if strings.Contains(msg, "raw string literal not terminated") || strings.Contains(msg, "comment not terminated") {
			open = true
		} else {
			bad = true
		}
	}, 0)
	depth := 0
	last := token.EOF
	for {
		_, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		switch tok {
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		}
		if tok != token.SEMICOLON || lit == ";" {
			last = tok
		}
	}
	switch {
	case open:
		return "incomplete", ""
	case bad || depth < 0:
		return "invalid", ""
	case depth > 0:
		return "incomplete", strings.Repeat("\t", depth)
	case last.IsOperator() && !closes(last):
		return "incomplete", "\t"
	}
	return "complete", ""
}

func closes(t token.Token) bool {
	switch t {
	case token.RPAREN, token.RBRACE, token.RBRACK, token.INC, token.DEC, token.SEMICOLON, token.ELLIPSIS:
		return true
	}
	return false
}
