package cell

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// Inspect describes the object at the byte offset cursor of src; between the parentheses of a call, the function that
// is called. Detail 1 adds the source of objects that cells declare.
func (f *FrontEnd) Inspect(src string, cursor, detail int) (Doc, bool) {
	cursor = min(max(cursor, 0), len(src))
	for range 10 { // outwards through calls
		if start, end := word(src, cursor); start < end {
			if d, ok := f.describe(src, start, detail); ok {
				return d, true
			}
		}
		open := openParen(src, cursor)
		if open < 0 {
			break
		}
		cursor = len(strings.TrimRight(src[:open], " \t"))
	}
	return Doc{}, false
}

// openParen returns the offset of the parenthesis that is open at the cursor, -1 if none is.
func openParen(src string, cursor int) int {
	var open []int
	for t := range tokens(src) {
		if t.start >= cursor {
			break
		}
		switch t.tok {
		case token.LPAREN:
			open = append(open, t.start)
		case token.RPAREN:
			open = open[:max(len(open)-1, 0)]
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}

// describe looks up the identifier that begins at an offset.
func (f *FrontEnd) describe(src string, start, detail int) (Doc, bool) {
	a := f.analyse(src, start)
	path := a.path()
	for i, n := range slices.Backward(path) {
		id, ok := n.(*ast.Ident)
		if !ok || !slices.Contains(a.at, id.Pos()) {
			continue
		}
		var x ast.Expr
		if i > 0 {
			if s, ok := path[i-1].(*ast.SelectorExpr); ok && s.Sel == id {
				x = s.X
			}
		}
		if o := a.meaning(id, x); o != nil {
			return a.doc(o, x, detail), true
		}
		if pkgs := a.packages(id.Name); x == nil && len(pkgs) > 0 {
			return packageDoc(pkgs[0]), true
		}
	}
	return Doc{}, false
}

// meaning returns what an identifier means, selected from x if that is not nil.
func (a *analysis) meaning(id *ast.Ident, x ast.Expr) types.Object {
	if o := a.object(id); o != nil {
		return o
	}
	if name, ok := x.(*ast.Ident); ok && a.object(name) == nil {
		for _, p := range a.packages(name.Name) {
			if o := p.Scope().Lookup(id.Name); o != nil && o.Exported() {
				return o
			}
		}
	}
	if x == nil {
		if o := a.st.objs[id.Name]; o != nil {
			return o
		}
		return types.Universe.Lookup(id.Name)
	}
	return nil
}

func packageDoc(p *types.Package) Doc {
	return Doc{Name: p.Name(), Signature: "package " + p.Name() + " // import \"" + p.Path() + "\"", Path: p.Path()}
}

func (a *analysis) doc(o types.Object, x ast.Expr, detail int) Doc {
	if p, ok := o.(*types.PkgName); ok {
		return packageDoc(p.Imported())
	}
	d := Doc{Name: o.Name(), Signature: signature(o)}
	switch {
	case o.Pkg() == nil:
		d.Path, d.Symbol = "builtin", o.Name()
		if f, ok := o.(*types.Func); ok && f.Name() == "Error" {
			d.Symbol = "error.Error"
		}
	case o.Pkg() != a.front.pkg:
		d.Path, d.Symbol = o.Pkg().Path(), o.Name()
		if t := a.owner(o, x); t != "" {
			d.Symbol = t + "." + o.Name()
		}
	default:
		a.notebook(&d, o, detail)
	}
	return d
}

// signature renders a declaration as source; of a struct only what others can see.
func signature(o types.Object) string {
	t, ok := o.(*types.TypeName)
	if !ok || t.IsAlias() || o.Pkg() == nil {
		return types.ObjectString(o, shortQualifier)
	}
	s, ok := t.Type().Underlying().(*types.Struct)
	if !ok {
		return types.ObjectString(o, shortQualifier)
	}
	var b strings.Builder
	b.WriteString("type " + types.TypeString(t.Type(), shortQualifier) + " struct {\n")
	hidden := false
	for f := range s.Fields() {
		switch {
		case !f.Exported() && o.Pkg().Path() != "main":
			hidden = true
		case f.Embedded():
			b.WriteString("\t" + types.TypeString(f.Type(), shortQualifier) + "\n")
		default:
			b.WriteString("\t" + f.Name() + " " + types.TypeString(f.Type(), shortQualifier) + "\n")
		}
	}
	if hidden {
		b.WriteString("\t// and unexported fields\n")
	}
	return b.String() + "}"
}

// owner returns the name of the type that declares a method or field, "" for other objects.
func (a *analysis) owner(o types.Object, x ast.Expr) string {
	switch o := o.(type) {
	case *types.Func:
		if r := o.Signature().Recv(); r != nil {
			if n := namedOf(r.Type()); n != nil {
				return n.Obj().Name()
			}
		}
	case *types.Var:
		if !o.IsField() || x == nil {
			return ""
		}
		if tv, ok := a.typeOf(x); ok {
			if n := namedOf(tv.Type); n != nil {
				return n.Obj().Name()
			}
		}
	}
	return ""
}

// notebook adds what the session knows of an object that a cell declares.
func (a *analysis) notebook(d *Doc, o types.Object, detail int) {
	key := o.Name()
	if t := a.owner(o, nil); t != "" {
		key = t + "." + key
	}
	u := a.st.units[key]
	if u == nil {
		u = a.st.owner(o.Name())
	}
	if u == nil || a.st.objs[o.Name()] != o && key == o.Name() {
		return
	}
	switch decl := u.decl.(type) {
	case *ast.FuncDecl:
		d.Text = strings.TrimSpace(decl.Doc.Text())
	case *ast.GenDecl:
		d.Text = strings.TrimSpace(decl.Doc.Text())
	}
	if detail > 0 {
		d.Source = u.text
		if strings.HasPrefix(d.Signature, "type ") && !strings.HasPrefix(d.Source, "type ") {
			d.Source = "type " + d.Source
		}
	}
}
