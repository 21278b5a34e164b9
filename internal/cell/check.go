package cell

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// A checker runs go/types over parts of the session. A cell is checked in two rounds, so that its statements may call
// the functions it declares and those may use the variables it defines: first all declarations without function bodies
// and the statements as the body of one function, then the bodies, in a scope that holds the new variables.
type checker struct {
	fset *token.FileSet
	imp  types.Importer
	st   *state
	pkg  *types.Package
}

func newInfo() *types.Info {
	return &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Implicits:  map[ast.Node]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
		Instances:  map[*ast.Ident]types.Instance{},
	}
}

// run checks decls in a scope that already holds what the session means by each name that occurs in them, unless it is
// in hide.
func (c *checker) run(decls []ast.Decl, hide map[string]bool, imports []ast.Decl) (*types.Package, *types.Info, []types.Error) {
	pkg := resetScope(c.pkg)
	for _, d := range decls {
		ast.Inspect(d, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && !hide[id.Name] {
				if obj := c.st.objs[id.Name]; obj != nil {
					pkg.Scope().Insert(obj)
				}
			}
			return true
		})
	}
	info := newInfo()
	var errs []types.Error
	conf := types.Config{
		Importer:                 c.imp,
		DisableUnusedImportCheck: true,
		Error: func(err error) {
			if e, ok := err.(types.Error); ok && !ignored(e) {
				errs = append(errs, e)
			}
		},
	}
	file := &ast.File{Name: ast.NewIdent("main"), Decls: append(imports, decls...)}
	types.NewChecker(&conf, c.fset, pkg, info).Files([]*ast.File{file})
	return pkg, info, errs
}

// ignored tells the errors that cells may have: unused variables, imports and labels, and the continuation lines that
// go/types reports as errors of their own. That an error is soft is not enough: a wrong type argument is, too.
func ignored(e types.Error) bool {
	return e.Soft && strings.Contains(e.Msg, "declared and not used") || strings.HasPrefix(e.Msg, "\t") || strings.Contains(e.Msg, "initialization cycle")
}

// importDecls makes the import declarations that the idents under nodes may refer to.
func (c *checker) importDecls(nodes ...ast.Node) []ast.Decl {
	used := map[string]bool{}
	for _, n := range nodes {
		ast.Inspect(n, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok {
					used[x.Name] = true
				}
			}
			return true
		})
	}
	var decls []ast.Decl
	add := func(name, path string) {
		decls = append(decls, importDecl(name, path))
	}
	for name := range used {
		if path := c.st.imports[name]; path != "" && c.st.objs[name] == nil {
			add(name, path)
		}
	}
	for _, path := range c.st.dots {
		add(".", path)
	}
	return decls
}

func importDecl(name, path string) ast.Decl {
	return &ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{&ast.ImportSpec{
		Name: ast.NewIdent(name), Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(path)}}}}
}

// withoutBody returns d as it is checked in the first round.
func withoutBody(d ast.Decl) ast.Decl {
	f, ok := d.(*ast.FuncDecl)
	if !ok || f.Body == nil {
		return d
	}
	c := *f
	c.Body = nil
	if f.Type.TypeParams != nil || f.Recv != nil { // go/types wants a body here; one that returns nothing will do
		c.Body = &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: &ast.CallExpr{Fun: ast.NewIdent("panic"), Args: []ast.Expr{&ast.BasicLit{Kind: token.INT, Value: "0"}}}}}}
	}
	return &c
}

// bodyOnly returns f as it is checked in the second round: a nameless function whose receiver is its first parameter,
// because its type is already declared. typ is the declaration of the receiver's type if that is generic.
func bodyOnly(f *ast.FuncDecl, typ *ast.TypeSpec) *ast.FuncDecl {
	c := *f
	c.Name = &ast.Ident{Name: "_", NamePos: f.Name.NamePos}
	if f.Recv == nil {
		return &c
	}
	t := *f.Type
	recv := *f.Recv.List[0]
	if len(recv.Names) == 0 {
		recv.Names = []*ast.Ident{ast.NewIdent("_")}
	}
	t.Params = &ast.FieldList{List: []*ast.Field{&recv}}
	for _, p := range f.Type.Params.List {
		if len(p.Names) == 0 {
			p = &ast.Field{Names: []*ast.Ident{ast.NewIdent("_")}, Type: p.Type}
		}
		t.Params.List = append(t.Params.List, p)
	}
	if names := receiverParams(f); len(names) > 0 && typ != nil && typ.TypeParams != nil {
		t.TypeParams = renameParams(typ.TypeParams, names)
	}
	c.Recv, c.Type = nil, &t
	return &c
}

// receiverParams returns the identifiers K, V of a receiver (m *M[K, V]).
func receiverParams(f *ast.FuncDecl) (ids []*ast.Ident) {
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
			continue
		case *ast.ParenExpr:
			t = x.X
			continue
		case *ast.IndexExpr:
			return append(ids, x.Index.(*ast.Ident))
		case *ast.IndexListExpr:
			for _, e := range x.Indices {
				ids = append(ids, e.(*ast.Ident))
			}
		}
		return ids
	}
}

// renameParams returns the type parameters of a type declaration under the names its method gives them.
func renameParams(list *ast.FieldList, names []*ast.Ident) *ast.FieldList {
	rename := map[string]string{}
	fresh := &ast.FieldList{}
	i := 0
	for _, f := range list.List {
		for _, n := range f.Names {
			if i < len(names) {
				rename[n.Name] = names[i].Name
				fresh.List = append(fresh.List, &ast.Field{Names: []*ast.Ident{ast.NewIdent(names[i].Name)}, Type: f.Type})
			}
			i++
		}
	}
	for _, f := range fresh.List {
		f.Type = renameIdents(f.Type, rename)
	}
	return fresh
}
