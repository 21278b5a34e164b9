package cell

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// An analysis is a cell being written, checked as far as it goes: what completion and inspection look at. It leaves
// the session as it is.
type analysis struct {
	front *FrontEnd
	st    *state
	fset  *token.FileSet // of this analysis alone: positions of unfinished cells need not last
	nodes []ast.Node     // the checked files' declarations
	infos []*types.Info
	at    []token.Pos     // the cursor, once for each file that the cell is parsed as
	decl  bool            // the cursor is in a declaration
	later map[string]bool // variables that statements behind the cursor define
}

// analyse checks a cell with all its errors. cursor is a byte offset in src.
func (f *FrontEnd) analyse(src string, cursor int) (a *analysis) {
	a = &analysis{front: f, st: f.state.clone(), fset: token.NewFileSet(), later: map[string]bool{}}
	defer func() { recover() }() // broken source may be more than the checker's callers expect; then less is known
	src += closers(src)
	decls, fn := a.parse(src, cursor)
	c := &compilation{front: f, src: &source{decls: decls, fn: fn, body: fn.Body.List, text: src}, st: a.st}
	c.addImports()
	c.old = a.st.objs
	a.importUsed(append([]ast.Decl{fn}, decls...))
	var declared, bodies []ast.Decl
	hide := map[string]bool{}
	for _, d := range decls {
		a.nodes = append(a.nodes, d)
		switch d := d.(type) {
		case *ast.GenDecl:
			if d.Tok != token.IMPORT {
				declared = append(declared, d)
			}
		case *ast.FuncDecl:
			if d.Recv == nil || a.declares(decls, receiverName(d)) != nil {
				declared = append(declared, withoutBody(d))
			}
			bodies = append(bodies, bodyOnly(d, a.receiverType(decls, d)))
		}
	}
	for _, d := range declared {
		for _, n := range declaredNames(d) {
			hide[n] = true
			delete(a.st.imports, n)
		}
	}
	a.nodes = append(a.nodes, fn)
	pkg, info := a.check(append(declared, fn), hide)
	c.info = info
	for n := range hide {
		if o := pkg.Scope().Lookup(n); o != nil {
			a.st.objs[n] = o
		}
	}
	for _, id := range c.defined() {
		if o := info.Defs[id]; o != nil && id.Name != "_" {
			a.later[id.Name] = !a.decl && id.Pos() > a.at[1] && a.st.objs[id.Name] == nil
			a.st.objs[id.Name] = types.NewVar(token.NoPos, f.pkg, id.Name, o.Type())
		}
	}
	if len(bodies) > 0 {
		a.check(bodies, nil)
	}
	return a
}

func (a *analysis) check(decls []ast.Decl, hide map[string]bool) (*types.Package, *types.Info) {
	ck := &checker{fset: a.fset, imp: a.front.imp, st: a.st, pkg: a.front.pkg}
	nodes := make([]ast.Node, len(decls))
	for i, d := range decls {
		nodes[i] = d
	}
	pkg, info, _ := ck.run(decls, hide, ck.importDecls(nodes...))
	a.infos = append(a.infos, info)
	return pkg, info
}

// importUsed adds the packages that would be imported.
func (a *analysis) importUsed(decls []ast.Decl) {
	for _, d := range decls {
		ast.Inspect(d, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && a.st.objs[x.Name] == nil && a.st.imports[x.Name] == "" {
				paths := a.front.exporters(x.Name, s.Sel.Name)
				if i := slices.Index(paths, preferred[x.Name]); i > 0 {
					paths = paths[i:]
				}
				if len(paths) > 0 {
					a.st.imports[x.Name] = paths[0]
				}
			}
			return true
		})
	}
}

// parse reads a cell as parse does but keeps what it can where the syntax is wrong.
func (a *analysis) parse(src string, cursor int) ([]ast.Decl, *ast.FuncDecl) {
	decls, stmts := []byte(src), []byte(src)
	segs := split(src)
	for i, g := range segs {
		next := len(src)
		if i+1 < len(segs) {
			next = segs[i+1].start
		}
		a.decl = a.decl || g.decl && g.start <= cursor && cursor <= g.end
		if g.decl {
			blank(stmts[g.start:g.end])
		} else {
			blank(decls[g.start:next])
		}
	}
	f, _ := parser.ParseFile(a.fset, "", declPrefix+string(decls), parser.SkipObjectResolution|parser.ParseComments)
	g, _ := parser.ParseFile(a.fset, "", stmtPrefix+string(stmts)+"\n}", parser.SkipObjectResolution)
	a.at = []token.Pos{
		a.fset.File(f.Package).Pos(len(declPrefix) + cursor),
		a.fset.File(g.Package).Pos(len(stmtPrefix) + cursor),
	}
	fn := &ast.FuncDecl{Name: ast.NewIdent("_"), Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{}}
	if len(g.Decls) > 0 {
		if d, ok := g.Decls[0].(*ast.FuncDecl); ok && d.Body != nil {
			fn = d
			fn.Name.Name = "_"
		}
	}
	return f.Decls, fn
}

// declares returns the declaration of a type among decls, nil if there is none.
func (a *analysis) declares(decls []ast.Decl, name string) *ast.TypeSpec {
	for _, d := range decls {
		if g, ok := d.(*ast.GenDecl); ok {
			for _, s := range g.Specs {
				if t, ok := s.(*ast.TypeSpec); ok && t.Name.Name == name {
					return t
				}
			}
		}
	}
	return nil
}

// receiverType returns the declaration of a method's receiver type, nil if there is none or no receiver.
func (a *analysis) receiverType(decls []ast.Decl, d *ast.FuncDecl) *ast.TypeSpec {
	if d.Recv == nil {
		return nil
	}
	name := receiverName(d)
	if t := a.declares(decls, name); t != nil {
		return t
	}
	if u := a.st.units[name]; u != nil {
		return a.declares([]ast.Decl{u.decl}, name)
	}
	return nil
}

func declaredNames(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

// closers returns the brackets that end what src leaves open.
func closers(src string) string {
	var open []byte
	for t := range tokens(src) {
		switch t.tok {
		case token.LPAREN:
			open = append(open, ')')
		case token.LBRACE:
			open = append(open, '}')
		case token.LBRACK:
			open = append(open, ']')
		case token.RPAREN, token.RBRACE, token.RBRACK:
			if n := len(open); n > 0 && open[n-1] == t.tok.String()[0] {
				open = open[:n-1]
			}
		}
	}
	slices.Reverse(open)
	end := "\n"
	for _, c := range open {
		if c == '}' && !strings.HasSuffix(end, "\n") {
			end += "\n"
		}
		end += string(c)
	}
	return end
}

// object returns what an identifier means, nil if it is unknown.
func (a *analysis) object(id *ast.Ident) types.Object {
	for _, info := range slices.Backward(a.infos) {
		if o := info.Uses[id]; o != nil {
			return o
		}
		if o := info.Defs[id]; o != nil {
			return o
		}
	}
	return nil
}

// typeOf returns what is known of an expression.
func (a *analysis) typeOf(e ast.Expr) (types.TypeAndValue, bool) {
	for _, info := range slices.Backward(a.infos) {
		if tv, ok := info.Types[e]; ok && tv.Type != nil && tv.Type != types.Typ[types.Invalid] {
			return tv, true
		}
	}
	return types.TypeAndValue{}, false
}

// path returns the nodes around the cursor, outermost first.
func (a *analysis) path() (path []ast.Node) {
	for _, root := range a.nodes {
		ast.Inspect(root, func(n ast.Node) bool {
			if n == nil {
				return false
			}
			for _, at := range a.at {
				if n.Pos() <= at && at <= n.End() {
					path = append(path, n)
					return true
				}
			}
			return false
		})
	}
	return path
}

// packages returns those that a name which the session does not know may mean.
func (a *analysis) packages(name string) (pkgs []*types.Package) {
	paths := a.front.known[name]
	if p := a.st.imports[name]; p != "" {
		paths = []string{p}
	}
	for _, p := range paths {
		if pkg, err := a.front.imp.Import(p); err == nil {
			pkgs = append(pkgs, pkg)
		}
	}
	return pkgs
}
