package cell

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// placeholder stands for the word under the cursor, so that the source around it parses.
const placeholder = "_gnbCursor"

// Complete proposes completions at the byte offset cursor of src: members after a dot, else what is visible, packages
// that would be imported, and keywords; in an import path, paths. The source may be unfinished and wrong.
func (f *FrontEnd) Complete(src string, cursor int) Completion {
	cursor = min(max(cursor, 0), len(src))
	if c, ok := f.completePath(src, cursor); ok {
		return c
	}
	start, end := word(src, cursor)
	prefix := src[start:cursor]
	a := f.analyse(src[:start]+placeholder+src[end:], start)
	var items []Item
	path := a.path()
	if x := selected(path); x != nil {
		items = a.members(x)
	} else {
		items = a.fields(path)
		if prefix != "" || len(items) == 0 {
			items = append(items, a.visible(prefix != "")...)
		}
	}
	return Completion{Start: start, End: cursor, Items: choose(items, prefix)}
}

// word returns the identifier around the cursor, empty where there is none.
func word(src string, cursor int) (start, end int) {
	start, end = cursor, cursor
	for start > 0 && isLetter(src[start-1]) {
		start--
	}
	for end < len(src) && isLetter(src[end]) {
		end++
	}
	return start, end
}

func isLetter(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// completePath completes an import path, and nothing in comments and other literals.
func (f *FrontEnd) completePath(src string, cursor int) (Completion, bool) {
	t, before, ok := tokenAt(src, cursor)
	if !ok || t.tok != token.STRING && t.tok != token.COMMENT && t.tok != token.CHAR {
		return Completion{}, false
	}
	none := Completion{Start: cursor, End: cursor}
	closed := t.end <= cursor && len(t.lit) > 1 && t.lit[0] == t.lit[len(t.lit)-1] // the cursor is behind the literal
	if t.tok == token.COMMENT {
		return none, !strings.HasSuffix(t.lit, "*/") || cursor < t.end
	}
	if closed {
		return none, true
	}
	if before.tok != token.IMPORT && !inImport(src, t.start) {
		return none, true
	}
	c := Completion{Start: t.start + 1, End: cursor}
	prefix := src[c.Start:cursor]
	for _, paths := range f.known {
		for _, p := range paths {
			if strings.HasPrefix(p, prefix) {
				c.Items = append(c.Items, Item{Text: p, Kind: "package"})
			}
		}
	}
	slices.SortFunc(c.Items, func(a, b Item) int { return strings.Compare(a.Text, b.Text) })
	return c, true
}

// inImport reports whether an offset lies in an import declaration.
func inImport(src string, offset int) bool {
	in := false
	for t := range tokens(src) {
		if t.start >= offset {
			return in
		}
		switch t.tok {
		case token.IMPORT:
			in = true
		case token.LPAREN, token.STRING, token.IDENT, token.PERIOD, token.COMMENT:
		default:
			in = false
		}
	}
	return in
}

// selected returns what the placeholder is selected from, nil if from nothing.
func selected(path []ast.Node) ast.Expr {
	for _, n := range slices.Backward(path) {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == placeholder {
			return s.X
		}
	}
	return nil
}

// choose keeps the items that begin with prefix, those that match its case first.
func choose(items []Item, prefix string) []Item {
	lower := strings.ToLower(prefix)
	seen := map[string]bool{}
	items = slices.DeleteFunc(items, func(i Item) bool {
		drop := seen[i.Text] || i.Text == placeholder || i.Text == "_" || !strings.HasPrefix(strings.ToLower(i.Text), lower)
		seen[i.Text] = true
		return drop
	})
	slices.SortStableFunc(items, func(a, b Item) int {
		exactA, exactB := strings.HasPrefix(a.Text, prefix), strings.HasPrefix(b.Text, prefix)
		if exactA != exactB {
			if exactA {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Text, b.Text)
	})
	return items
}

// members lists what can be selected from x.
func (a *analysis) members(x ast.Expr) (items []Item) {
	if id, ok := x.(*ast.Ident); ok {
		switch o := a.object(id).(type) {
		case *types.PkgName:
			return exported(o.Imported())
		case nil:
			for _, p := range a.packages(id.Name) {
				items = append(items, exported(p)...)
			}
			return items
		}
	}
	tv, ok := a.typeOf(x)
	if !ok {
		return nil
	}
	if tv.IsType() {
		return a.methods(tv.Type)
	}
	return append(a.structFields(tv.Type), a.methods(tv.Type)...)
}

func exported(p *types.Package) (items []Item) {
	for _, n := range p.Scope().Names() {
		if o := p.Scope().Lookup(n); o.Exported() {
			items = append(items, item(o))
		}
	}
	return items
}

// methods lists the method set of t, or of *t.
func (a *analysis) methods(t types.Type) (items []Item) {
	if _, isPointer := t.Underlying().(*types.Pointer); !isPointer && !types.IsInterface(t) {
		t = types.NewPointer(t)
	}
	for s := range types.NewMethodSet(t).Methods() {
		if a.accessible(s.Obj()) {
			items = append(items, item(s.Obj()))
		}
	}
	return items
}

func (a *analysis) accessible(o types.Object) bool { return o.Exported() || o.Pkg() == a.front.pkg }

// structFields lists the fields of t, those of embedded structs after its own.
func (a *analysis) structFields(t types.Type) (items []Item) {
	seen := map[types.Type]bool{}
	for level := []types.Type{t}; len(level) > 0; {
		var next []types.Type
		for _, t := range level {
			if p, ok := t.Underlying().(*types.Pointer); ok {
				t = p.Elem()
			}
			s, ok := t.Underlying().(*types.Struct)
			if !ok || seen[t] {
				continue
			}
			seen[t] = true
			for f := range s.Fields() {
				if a.accessible(f) {
					items = append(items, item(f))
				}
				if f.Embedded() {
					next = append(next, f.Type())
				}
			}
		}
		level = next
	}
	return items
}

// fields lists the fields that the placeholder may name in a composite literal.
func (a *analysis) fields(path []ast.Node) []Item {
	for i := len(path) - 1; i > 0; i-- {
		id, ok := path[i].(*ast.Ident)
		if !ok || id.Name != placeholder {
			continue
		}
		up := path[i-1]
		if kv, ok := up.(*ast.KeyValueExpr); ok && kv.Key == id && i > 1 {
			up = path[i-2]
		}
		if lit, ok := up.(*ast.CompositeLit); ok {
			if tv, ok := a.typeOf(lit); ok {
				if _, isStruct := tv.Type.Underlying().(*types.Struct); isStruct {
					return a.structFields(tv.Type)
				}
			}
		}
	}
	return nil
}

// visible lists the names in scope: locals, the session's; with all, also packages, the predeclared and keywords.
func (a *analysis) visible(all bool) (items []Item) {
	items = a.locals()
	for _, n := range slices.Sorted(maps.Keys(a.st.objs)) {
		if !strings.Contains(n, "·") && !a.later[n] {
			items = append(items, item(a.st.objs[n]))
		}
	}
	for _, n := range slices.Sorted(maps.Keys(a.st.imports)) {
		items = append(items, Item{Text: n, Kind: "package", Type: a.st.imports[n]})
	}
	if !all {
		return items
	}
	for _, n := range types.Universe.Names() {
		items = append(items, item(types.Universe.Lookup(n)))
	}
	for t := token.BREAK; t <= token.VAR; t++ {
		items = append(items, Item{Text: t.String(), Kind: "keyword"})
	}
	for _, n := range slices.Sorted(maps.Keys(a.front.known)) {
		items = append(items, Item{Text: n, Kind: "package", Type: a.front.known[n][0]})
	}
	return items
}

// locals lists the local names that are visible at the cursor, the innermost first.
func (a *analysis) locals() (items []Item) {
	var objs []types.Object
	for _, info := range a.infos {
		for _, o := range info.Defs {
			if o == nil || o.Parent() == nil || o.Parent() == a.front.pkg.Scope() || o.Parent() == types.Universe {
				continue
			}
			for _, at := range a.at {
				if o.Parent().Contains(at) && o.Pos() < at {
					objs = append(objs, o)
				}
			}
		}
	}
	slices.SortFunc(objs, func(a, b types.Object) int { return cmp.Compare(b.Pos(), a.Pos()) })
	for _, o := range objs {
		items = append(items, item(o))
	}
	return items
}

func item(o types.Object) Item {
	i := Item{Text: o.Name(), Kind: kind(o)}
	if t := o.Type(); t != nil && t != types.Typ[types.Invalid] && i.Kind != "package" {
		if _, builtin := o.(*types.Builtin); !builtin {
			i.Type = types.TypeString(t, shortQualifier)
		}
		if i.Kind == "type" {
			i.Type = types.TypeString(t.Underlying(), shortQualifier)
		}
	}
	return i
}

// kind names the kind of an object as [Item] does.
func kind(o types.Object) string {
	switch o := o.(type) {
	case *types.PkgName:
		return "package"
	case *types.Func:
		if o.Signature().Recv() != nil {
			return "method"
		}
		return "func"
	case *types.Builtin:
		return "func"
	case *types.Const:
		return "const"
	case *types.TypeName:
		return "type"
	case *types.Var:
		if o.IsField() {
			return "field"
		}
	}
	return "var"
}
