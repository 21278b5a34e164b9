package nn

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// parsePackage reads the package's own sources.
func parsePackage(t *testing.T) (files []*ast.File) {
	t.Helper()
	for _, path := range glob(t, "*.go") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// layerConstructors lists the exported functions that return a layer, except whole models.
func layerConstructors(t *testing.T) []string {
	t.Helper()
	layers, results := map[string]bool{"Layer": true}, map[string]string{}
	for _, file := range parsePackage(t) {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			switch {
			case !ok:
			case f.Recv != nil && f.Name.Name == "Graph":
				layers[typeName(f.Recv.List[0].Type)] = true
			case f.Recv == nil && f.Name.IsExported() && f.Type.Results != nil && len(f.Type.Results.List) == 1:
				results[f.Name.Name] = typeName(f.Type.Results.List[0].Type)
			}
		}
	}
	names := []string{"Sequential", "Stack"}
	for name, result := range results {
		if layers[result] && result != "Model" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) < 60 {
		t.Fatalf("found only %v", names)
	}
	return names
}

func typeName(e ast.Expr) string {
	if p, ok := e.(*ast.StarExpr); ok {
		e = p.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// everyLayerIsIn fails unless functions of a test file call every constructor of a layer but the exceptions.
func everyLayerIsIn(t *testing.T, file string, functions []string, except ...string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && slices.Contains(functions, fn.Name.Name) {
			ast.Inspect(fn, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok {
					called[typeName(c.Fun)] = true
				}
				return true
			})
		}
	}
	for _, name := range layerConstructors(t) {
		if !called[name] && !slices.Contains(except, name) {
			t.Errorf("%s is not in %v", name, functions)
		}
	}
}
