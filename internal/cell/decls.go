package cell

import (
	"go/ast"
	"go/token"
	"strings"
)

// checkDecls refuses declarations that go/types lets pass in a cell, or that mean something only to the compiler.
func (s *source) checkDecls(fset *token.FileSet) Errors {
	at := func(pos token.Pos, msg string) Errors {
		p := fset.Position(pos)
		return Errors{{Cell: s.name, Line: p.Line, Col: p.Column, Msg: msg, Excerpt: excerpt(s.text, p.Line, p.Column)}}
	}
	for _, d := range s.decls {
		d, ok := d.(*ast.FuncDecl)
		switch {
		case !ok:
		case d.Body == nil:
			return at(d.Name.Pos(), "missing function body")
		case d.Recv == nil && d.Name.Name == "init" && d.Type.TypeParams != nil:
			return at(d.Name.Pos(), "func init must have no type parameters")
		case d.Recv == nil && d.Name.Name == "init" && (d.Type.Params.NumFields() > 0 || d.Type.Results.NumFields() > 0):
			return at(d.Name.Pos(), "func init must have no arguments and no return values")
		}
	}
	for _, g := range s.comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return at(c.Pos(), "go:embed has no effect in a cell: read the file with os.ReadFile, or files with os.DirFS")
			}
		}
	}
	return nil
}
