package cell

import (
	"go/parser"
	"go/scanner"
	"go/token"
)

// A segment is one top-level item of a cell: src[start:end].
type segment struct {
	start, end int
	decl       bool // import, type, const or func declaration; variables count as statements, they run in order
}

// split cuts a cell into segments with the scanner alone, so that each can be parsed as what it is. Errors of the
// scanner are left to the parser, which will meet them again.
func split(src string) []segment {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(src))
	s.Init(file, []byte(src), nil, 0)
	var segs []segment
	var cur segment
	first := token.ILLEGAL
	depth := 0
	header := false // between for, if, switch, select and its body, semicolons separate clauses
	flush := func() {
		if first != token.ILLEGAL {
			cur.decl = isDecl(first, src[cur.start:cur.end])
			segs = append(segs, cur)
			first = token.ILLEGAL
		}
	}
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		switch tok {
		case token.FOR, token.IF, token.SWITCH, token.SELECT:
			header = header || depth == 0
		case token.LBRACE:
			header = header && depth > 0
			depth++
		case token.LPAREN, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		}
		if tok == token.SEMICOLON && depth <= 0 && (!header || lit != ";") {
			header = false
			flush()
			continue
		}
		off := file.Offset(pos)
		if first == token.ILLEGAL {
			first, cur.start = tok, off
		}
		cur.end = off + max(len(lit), len(tok.String()))
		if lit != "" {
			cur.end = off + len(lit)
		}
		cur.end = min(cur.end, len(src))
	}
	flush()
	return segs
}

// isDecl tells a declaration from a statement by its first token; "func" may begin either.
func isDecl(first token.Token, text string) bool {
	switch first {
	case token.PACKAGE, token.IMPORT, token.TYPE, token.CONST:
		return true
	case token.FUNC:
		return !beginsLiteral(text)
	}
	return false
}

// beginsLiteral tells the function literal "func (a int) int {...}(1)" from the method "func (t T) M() {...}" and the
// function "func f() {...}": only a declaration has a name before its parameters.
func beginsLiteral(text string) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", "package p;"+text, parser.SkipObjectResolution)
	if err == nil {
		return false
	}
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(file, []byte(text), nil, 0)
	s.Scan() // func
	depth := 0
	for i := 0; ; i++ {
		_, tok, _ := s.Scan()
		switch tok {
		case token.LPAREN:
			depth++
			continue
		case token.RPAREN:
			if depth--; depth > 0 {
				continue
			}
			_, tok, _ := s.Scan()
			if tok != token.IDENT {
				return true
			}
			_, tok, _ = s.Scan()
			return tok != token.LPAREN
		case token.EOF:
			return false
		}
		if depth == 0 {
			return false // a name follows func
		}
	}
}
