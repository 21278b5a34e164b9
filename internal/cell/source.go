package cell

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"sort"
	"strings"
)

// A source is the text of one cell with what the parser made of it. Positions of all cells of a session live in one
// file set; a position resolves to the cell's name, line and column.
type source struct {
	name, text string
	decls      []ast.Decl    // imports, types, consts and funcs, in order
	body       []ast.Stmt    // the statements, in order
	main       bool          // the cell defines func main
	last       *ast.ExprStmt // the cell's final item, if that is an expression
	fn         *ast.FuncDecl // holds body
	comments   []*ast.CommentGroup
}

const (
	declPrefix = "package main;"
	stmtPrefix = "package main;func _(){"
)

// parse reads a cell. Declarations and statements are parsed apart, each from the cell's text with the other kind
// blanked out, so that every position stays what the user sees.
func parse(fset *token.FileSet, name, text string) (*source, Errors) {
	s := &source{name: name, text: text}
	segs := split(text)
	decls, stmts := []byte(text), []byte(text)
	n := 0
	for i, g := range segs {
		if g.decl && strings.HasPrefix(text[g.start:g.end], "package") {
			blank(decls[g.start:g.end])
			blank(stmts[g.start:g.end])
			if f := strings.Fields(text[g.start:g.end]); len(f) == 2 && f[1] != "main" {
				return nil, s.errorAt(g.start+strings.Index(text[g.start:g.end], f[1]), "package "+f[1]+"; a notebook is package main")
			}
			continue
		}
		next := len(text)
		if i+1 < len(segs) {
			next = segs[i+1].start
		}
		if g.decl {
			blank(stmts[g.start:g.end])
		} else {
			blank(decls[g.start:next])
			n++
		}
	}
	f, err := parser.ParseFile(fset, name, declPrefix+string(decls), parser.SkipObjectResolution|parser.ParseComments)
	errs := s.syntax(err, len(declPrefix))
	g, err := parser.ParseFile(fset, name, stmtPrefix+string(stmts)+"\n}", parser.SkipObjectResolution)
	errs = append(errs, s.syntax(err, len(stmtPrefix))...)
	if len(errs) > 0 {
		sort.SliceStable(errs, func(i, j int) bool { return errs[i].Line < errs[j].Line })
		return nil, errs[:1]
	}
	fset.File(f.Package).AddLineColumnInfo(len(declPrefix), name, 1, 1)
	fset.File(g.Package).AddLineColumnInfo(len(stmtPrefix), name, 1, 1)
	s.decls, s.comments = f.Decls, f.Comments
	s.fn = g.Decls[0].(*ast.FuncDecl)
	s.fn.Body.List = initOrder(s.decls, s.fn.Body.List)
	s.body = s.fn.Body.List
	if n > 0 && len(s.body) > 0 && !segs[len(segs)-1].decl {
		s.last, _ = s.body[len(s.body)-1].(*ast.ExprStmt)
	}
	for _, d := range s.decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "main" {
			s.main = true
		}
	}
	if errs := s.checkDecls(fset); errs != nil {
		return nil, errs
	}
	return s, nil
}

func blank(b []byte) {
	for i, c := range b {
		if c != '\n' {
			b[i] = ' '
		}
	}
}

// syntax makes cell errors of what the parser says about text that begins after a prefix.
func (s *source) syntax(err error, prefix int) (errs Errors) {
	list, _ := err.(scanner.ErrorList)
	for _, e := range list {
		off := min(max(e.Pos.Offset-prefix, 0), len(s.text))
		if off == len(s.text) && off > 0 { // an error at the closing brace we added
			off = len(strings.TrimRight(s.text, " \t\n"))
			e.Msg = strings.ReplaceAll(e.Msg, "found '}'", "found the end of the cell")
		}
		errs = append(errs, s.errorAt(off, "syntax error: "+e.Msg)...)
	}
	return errs
}

// errorAt makes one error at a byte offset of the cell.
func (s *source) errorAt(off int, msg string) Errors {
	line := 1 + strings.Count(s.text[:off], "\n")
	col := off - strings.LastIndex(s.text[:off], "\n")
	return Errors{{Cell: s.name, Line: line, Col: col, Msg: msg, Excerpt: excerpt(s.text, line, col)}}
}

// excerpt shows the source line and a caret below the column.
func excerpt(text string, line, col int) string {
	lines := strings.Split(text, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	src := lines[line-1]
	pad := make([]byte, min(max(col-1, 0), len(src)))
	for i := range pad {
		pad[i] = ' '
		if src[i] == '\t' {
			pad[i] = '\t'
		}
	}
	return src + "\n" + string(pad) + "^"
}

// typeError makes a cell error of one of go/types; text finds the source of a cell by its name.
func typeError(fset *token.FileSet, e types.Error, text func(name string) string) Error {
	p := fset.Position(e.Pos)
	return Error{Cell: p.Filename, Line: p.Line, Col: p.Column, Msg: e.Msg, Excerpt: excerpt(text(p.Filename), p.Line, p.Column)}
}
