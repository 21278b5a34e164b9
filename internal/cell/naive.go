package cell

import (
	"fmt"
	"go/parser"
	"go/token"
	"strings"
)

var cells int

// compileNaive is the first, untyped compiler: imports and functions as they stand, the rest in one function.
func compileNaive(name, src string) (*Program, error) {
	cells++
	var decls, body strings.Builder
	decls.WriteString("package main\nimport _gnb \"gnb/rt\"\n")
	for line := range strings.SplitSeq(src, "\n") {
		if strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "func ") || strings.HasPrefix(line, "var ") {
			decls.WriteString(line + "\n")
			continue
		}
		if _, err := parser.ParseExpr(line); err == nil {
			line = "_gnb.Result(" + line + ")"
		}
		body.WriteString(line + "\n")
	}
	entry := fmt.Sprintf("cell_%d", cells)
	fmt.Fprintf(&decls, "func %s() {\n/*line %s/_.go:1:1*/%s}\n", entry, name, body.String())
	if _, err := parser.ParseFile(token.NewFileSet(), "_.go", decls.String(), 0); err != nil {
		return nil, Errors{{Cell: name, Line: 1, Col: 1, Msg: err.Error()}}
	}
	return &Program{Name: name, Decls: decls.String(), Entry: entry}, nil
}
