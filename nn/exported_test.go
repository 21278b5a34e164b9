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

// What cells need of an interface: no type parameters, which the interpreter drops, and no empty interfaces, behind which the
// methods of a cell's types are lost. And a doc comment for everything.
func TestExportedNamesAreDocumentedAndConcrete(t *testing.T) {
	for _, path := range glob(t, "*.go", "data/*.go", "../plots/*.go") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				checkFunction(t, path, d)
			case *ast.GenDecl:
				checkDeclaration(t, path, d)
			}
		}
	}
}

func checkFunction(t *testing.T, path string, f *ast.FuncDecl) {
	if !f.Name.IsExported() || f.Recv != nil && !ast.IsExported(typeName(f.Recv.List[0].Type)) {
		return
	}
	if f.Doc == nil && f.Name.Name != "Error" && f.Name.Name != "String" {
		t.Errorf("%s: %s has no comment", path, f.Name)
	}
	if f.Type.TypeParams != nil {
		t.Errorf("%s: %s has type parameters", path, f.Name)
	}
	for _, p := range f.Type.Params.List {
		if _, empty := p.Type.(*ast.InterfaceType); empty || typeName(p.Type) == "any" {
			t.Errorf("%s: a parameter of %s can be anything", path, f.Name)
		}
	}
}

func checkDeclaration(t *testing.T, path string, d *ast.GenDecl) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				t.Errorf("%s: %s has no comment", path, s.Name)
			}
			if s.Name.IsExported() && s.TypeParams != nil {
				t.Errorf("%s: %s has type parameters", path, s.Name)
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				t.Errorf("%s: %s has no comment", path, s.Names[0])
			}
		}
	}
}
