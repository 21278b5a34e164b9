package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// A compilation turns one parsed cell into a program. It works on a clone of the session's state.
type compilation struct {
	front   *FrontEnd
	src     *source
	st      *state
	auto    map[string]string // imports to add
	notices []string

	units    []*unit         // what the cell declares
	recheck  map[string]bool // keys of units that get new objects
	rebody   map[string]bool // keys of functions whose body is checked and lowered again
	info     *types.Info     // of the statements
	newVars  map[string]types.Object
	old      map[string]types.Object // what names meant before
	touched  []string                // variables moved to a new version of their type, or dropped
	migrated []migration
	renewed  []renewal
	versions map[*types.TypeName]*types.Named // of the types that the cell declares again
	reshaped map[*types.TypeName]bool         // those whose new version is laid out otherwise
}

func (c *compilation) compile() (*Program, Errors) {
	c.st.sources[c.src.name] = c.src.text
	c.old = maps.Clone(c.st.objs)
	if errs := c.addImports(); len(errs) > 0 {
		return nil, errs
	}
	c.collect()
	if errs := c.redeclared(); len(errs) > 0 {
		return nil, errs
	}
	c.affected()
	if errs := c.declarations(); len(errs) > 0 {
		return nil, errs
	}
	c.variables()
	if errs := c.bodies(); len(errs) > 0 {
		return nil, errs
	}
	return c.lower()
}

// errorAt makes one error at a position of any cell.
func (c *compilation) errorAt(pos token.Pos, msg string) Errors {
	return Errors{typeError(c.front.fset, types.Error{Pos: pos, Msg: msg}, c.text)}
}

func (c *compilation) text(name string) string { return c.st.sources[name] }

// collect makes units of the cell's declarations.
func (c *compilation) collect() {
	inits := 0
	defer c.numberBlanks()
	for _, d := range c.src.decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			switch d.Tok {
			case token.TYPE:
				for _, s := range d.Specs {
					t := s.(*ast.TypeSpec)
					one := &ast.GenDecl{Tok: token.TYPE, TokPos: t.Pos(), Specs: []ast.Spec{t}, Doc: d.Doc}
					c.units = append(c.units, &unit{key: t.Name.Name, names: []string{t.Name.Name}, decl: one, src: c.src, text: c.source(t)})
				}
			case token.CONST:
				u := &unit{decl: d, src: c.src, text: c.source(d)}
				for _, s := range d.Specs {
					for _, n := range s.(*ast.ValueSpec).Names {
						if n.Name != "_" {
							u.names = append(u.names, n.Name)
						}
					}
				}
				u.key = "const " + strings.Join(u.names, ",")
				c.units = append(c.units, u)
			}
		case *ast.FuncDecl:
			u := &unit{key: d.Name.Name, names: []string{d.Name.Name}, decl: d, src: c.src, text: c.source(d)}
			switch {
			case d.Recv != nil:
				for i, id := range receiverParams(d) {
					if id.Name == "_" { // the second round of checking needs a name
						id.Name = fmt.Sprintf("_·%d", i)
					}
				}
				u.of = receiverName(d)
				u.key, u.names = u.of+"."+d.Name.Name, nil
			case d.Name.Name == "init":
				inits++
				u.key = fmt.Sprintf("init·%d", inits)
				u.names = []string{u.key}
				d.Name.Name = u.key
			}
			c.units = append(c.units, u)
		}
	}
}

// numberBlanks gives the declarations that declare no name keys of their own.
func (c *compilation) numberBlanks() {
	for i, u := range c.units {
		if d, ok := u.decl.(*ast.FuncDecl); ok && d.Name.Name == "_" || len(u.names) == 1 && u.names[0] == "_" || !ok && len(u.names) == 0 {
			u.key, u.names = fmt.Sprintf("%s·%d", u.key, i), nil
		}
	}
}

// redeclared refuses a cell that declares a name twice.
func (c *compilation) redeclared() Errors {
	first := map[string]token.Pos{}
	for _, u := range c.units {
		names := u.names
		if names == nil {
			names = []string{u.key}
		}
		pos := u.decl.Pos()
		switch d := u.decl.(type) {
		case *ast.FuncDecl:
			pos = d.Name.Pos()
		case *ast.GenDecl:
			if t, ok := d.Specs[0].(*ast.TypeSpec); ok {
				pos = t.Name.Pos()
			}
		}
		for _, n := range names {
			if at, ok := first[n]; ok {
				other := c.front.fset.Position(at)
				if u.names == nil {
					return c.errorAt(pos, fmt.Sprintf("method %s already declared at %s", n, other))
				}
				return c.errorAt(pos, fmt.Sprintf("%s redeclared in this block\n\t%s: other declaration of %s", n, other, n))
			}
			first[n] = pos
		}
	}
	return nil
}

// source returns the text of a node of this cell.
func (c *compilation) source(n ast.Node) string {
	f := c.front.fset.File(n.Pos())
	from, to := f.Offset(n.Pos())-len(declPrefix), f.Offset(n.End())-len(declPrefix)
	return c.src.text[max(from, 0):min(to, len(c.src.text))]
}

// own reports whether a position lies in this cell.
func (c *compilation) own(pos token.Pos) bool {
	f := c.front.fset.File(pos)
	if f == nil {
		return true
	}
	if f == c.front.fset.File(c.src.fn.Pos()) {
		return true
	}
	return len(c.src.decls) > 0 && f == c.front.fset.File(c.src.decls[0].Pos())
}

// affected puts the cell's units in place of those they replace and finds what must follow.
func (c *compilation) affected() {
	c.recheck, c.rebody = map[string]bool{}, map[string]bool{}
	changed := map[string]bool{} // names and method keys
	types := map[string]bool{}
	var fresh []*unit
	for _, u := range c.units {
		old := c.st.units[u.key]
		_, isFunc := u.decl.(*ast.FuncDecl)
		if old != nil && !isFunc && old.text == u.text && old.broken == nil {
			continue // the same type or constants again: nothing changes
		}
		fresh = append(fresh, u)
		if g, ok := u.decl.(*ast.GenDecl); ok && g.Tok == token.TYPE {
			types[u.key] = true
		}
	}
	c.units = fresh
	for key := range types { // a redefined type starts without methods
		for _, k := range slices.Clone(c.st.order) {
			if u := c.st.units[k]; u != nil && u.of == key {
				c.st.drop(k)
			}
		}
	}
	for _, u := range c.units {
		for _, n := range u.names {
			if o := c.st.owner(n); o != nil && o.key != u.key {
				c.replaceOwner(o, n)
			}
			delete(c.st.vars, n)
			delete(c.st.imports, n)
			changed[n] = true
		}
		if r := u.of; r != "" {
			changed[u.key] = true
			if old := c.st.units[u.key]; old == nil || signatureText(old) != signatureText(u) || old.broken != nil {
				changed[r] = true // the method set changes, and with it the type
				c.recheck[r] = true
			}
		}
		c.st.put(u)
		c.recheck[u.key] = true
	}
	c.follow(changed)
}

// replaceOwner drops the unit that declared a name before; constants beside it in its group stay as they were.
func (c *compilation) replaceOwner(o *unit, name string) {
	if len(o.names) == 1 {
		c.st.drop(o.key)
		return
	}
	n := *o
	n.names = slices.DeleteFunc(slices.Clone(o.names), func(x string) bool { return x == name })
	delete(c.st.owners, name)
	c.st.units[o.key] = &n
}

// signatureText renders what of a method other declarations can see.
func signatureText(u *unit) string {
	d := u.decl.(*ast.FuncDecl)
	end := len(u.text)
	if d.Body != nil {
		end = int(d.Body.Pos() - d.Pos())
	}
	return u.text[:min(end, len(u.text))]
}

// follow adds everything that uses changed names, directly or not.
func (c *compilation) follow(changed map[string]bool) {
	for again := true; again; {
		again = false
		for _, k := range c.st.order {
			u := c.st.units[k]
			if c.recheck[k] {
				continue
			}
			r := u.of
			hit := r != "" && c.recheck[r] && c.typeDecl(r)
			for d := range u.deps {
				hit = hit || changed[d]
			}
			if hit {
				c.recheck[k] = true
				again = true
				changed[k] = true
				for _, n := range u.names {
					changed[n] = true
				}
				if r != "" && !c.recheck[r] && c.st.units[r] != nil && !c.bodyOnlyChange(u, changed) {
					c.recheck[r], changed[r] = true, true
				}
			}
		}
	}
}

func (c *compilation) typeDecl(key string) bool {
	g, ok := c.st.units[key].decl.(*ast.GenDecl)
	return ok && g.Tok == token.TYPE
}

// bodyOnlyChange reports whether none of the changed names occurs in the method's signature.
func (c *compilation) bodyOnlyChange(u *unit, changed map[string]bool) bool {
	d := u.decl.(*ast.FuncDecl)
	only := true
	ast.Inspect(d.Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && changed[id.Name] {
			only = false
		}
		return only
	})
	return only
}

func (c *compilation) checker() *checker {
	return &checker{fset: c.front.fset, imp: c.front.imp, st: c.st, pkg: c.front.pkg}
}

// declarations runs the first round. Units of earlier cells that no longer compile are set aside, not reported.
func (c *compilation) declarations() Errors {
	for {
		hide := map[string]bool{}
		var decls []ast.Decl
		var nodes []ast.Node
		var units []*unit
		for _, k := range c.st.order {
			if c.recheck[k] {
				u := c.fork(k)
				d := withoutBody(u.decl)
				decls, nodes, units = append(decls, d), append(nodes, d), append(units, u)
				for _, n := range u.names {
					hide[n] = true
				}
			}
		}
		// methods whose body alone changed hang on types that are not checked again
		decls = slices.DeleteFunc(decls, func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && f.Recv != nil && !c.recheck[receiverName(f)] && c.st.objs[receiverName(f)] != nil
		})
		stmts := *c.src.fn
		stmts.Name = &ast.Ident{Name: "_", NamePos: stmts.Name.NamePos}
		apart := c.retypes()
		if !apart {
			decls, nodes = append(decls, &stmts), append(nodes, &stmts)
		}
		ck := c.checker()
		pkg, info, errs := ck.run(decls, hide, ck.importDecls(nodes...))
		own, broke := c.sort(errs, units)
		if len(own) > 0 {
			return own
		}
		if broke {
			continue
		}
		c.info = info
		for _, u := range units {
			u.info = info
			for _, n := range u.names {
				if o := pkg.Scope().Lookup(n); o != nil {
					c.st.objs[n] = o
				}
			}
		}
		if apart {
			c.touched = c.moveVariables()
			_, c.info, errs = ck.run([]ast.Decl{&stmts}, nil, ck.importDecls(&stmts))
			own, _ = c.sort(errs, nil)
			return own
		}
		return nil
	}
}

// retypes reports whether types are declared again that variables may have. The statements are checked apart then, with
// the variables of the new types.
func (c *compilation) retypes() bool {
	if len(c.st.vars) == 0 {
		return false
	}
	for k := range c.recheck {
		if _, ok := c.old[k].(*types.TypeName); ok {
			return true
		}
	}
	return false
}

// fork returns a copy of a unit that this compilation may change; the session keeps the original until Commit.
func (c *compilation) fork(key string) *unit {
	u := *c.st.units[key]
	c.st.units[key] = &u
	return &u
}

// sort splits errors into the cell's own and those of earlier units, which become broken and leave the check.
func (c *compilation) sort(errs []types.Error, units []*unit) (own Errors, broke bool) {
	for _, e := range errs {
		if c.own(e.Pos) {
			if c.src.last != nil && strings.HasSuffix(e.Msg, "is not used") && e.Pos >= c.src.last.Pos() && e.Pos <= c.src.last.End() {
				continue
			}
			own = append(own, typeError(c.front.fset, e, c.text))
		}
	}
	if len(own) > 0 {
		c.explain(own)
		return own, false
	}
	for _, e := range errs {
		for _, u := range units {
			if u.decl.Pos() <= e.Pos && e.Pos <= u.decl.End() && u.broken == nil && !c.own(e.Pos) {
				c.setBroken(u, typeError(c.front.fset, e, c.text))
				broke = true
			}
		}
	}
	return nil, broke
}

// setBroken keeps a unit that no longer compiles, out of use until what it needs is there again.
func (c *compilation) setBroken(u *unit, e Error) {
	b := *u
	b.broken = &e
	c.st.units[u.key] = &b
	delete(c.recheck, u.key)
	delete(c.rebody, u.key)
	for _, n := range u.names {
		delete(c.st.objs, n)
	}
	c.notices = append(c.notices, fmt.Sprintf("%s no longer compiles: %v", u.key, e))
}

// explain tells why a name that was declared is undefined now.
func (c *compilation) explain(errs Errors) {
	for i, e := range errs {
		name, ok := strings.CutPrefix(e.Msg, "undefined: ")
		if !ok {
			continue
		}
		if u := c.st.owner(name); u != nil && u.broken != nil {
			errs[i].Msg += fmt.Sprintf(" (it no longer compiles: %v)", *u.broken)
		} else if slices.Contains(c.touched, name) {
			errs[i].Msg += " (its type changes with this cell)"
		}
	}
}

// bodies runs the second round: the function bodies, in a scope that has the cell's new variables.
func (c *compilation) bodies() Errors {
	for k := range c.recheck {
		c.rebody[k] = true
	}
	for {
		var decls []ast.Decl
		var nodes []ast.Node
		var units []*unit
		for _, k := range c.st.order {
			d, ok := c.st.units[k].decl.(*ast.FuncDecl)
			if !ok || !c.rebody[k] || d.Body == nil {
				continue
			}
			u := c.fork(k)
			var typ *ast.TypeSpec
			if r := u.of; r != "" && c.st.units[r] != nil {
				if g, ok := c.st.units[r].decl.(*ast.GenDecl); ok {
					typ, _ = g.Specs[0].(*ast.TypeSpec)
				}
			}
			b := bodyOnly(d, typ)
			decls, nodes, units = append(decls, b), append(nodes, b), append(units, u)
		}
		if len(decls) == 0 {
			c.dependencies(nil)
			return nil
		}
		ck := c.checker()
		_, info, errs := ck.run(decls, nil, ck.importDecls(nodes...))
		own, broke := c.sort(errs, units)
		if len(own) > 0 {
			return own
		}
		if broke {
			continue
		}
		for _, u := range units {
			u.body = info
		}
		c.dependencies(units)
		return nil
	}
}

// dependencies records which session names and methods each checked unit uses.
func (c *compilation) dependencies(functions []*unit) {
	for k := range c.rebody {
		if u := c.st.units[k]; u == nil || u.broken != nil {
			continue
		}
		u := c.fork(k)
		u.deps = map[string]bool{}
		if r := u.of; r != "" {
			u.deps[r] = true
		}
		ast.Inspect(u.decl, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			for _, info := range []*types.Info{u.info, u.body} {
				if info == nil {
					continue
				}
				o := info.Uses[id]
				if o == nil || o.Pkg() == nil || o.Pkg().Path() != "main" {
					continue
				}
				if m, ok := o.(*types.Func); ok && m.Signature().Recv() != nil {
					if t := namedOf(m.Signature().Recv().Type()); t != nil {
						u.deps[t.Obj().Name()+"."+m.Name()] = true
					}
				} else if c.st.objs[o.Name()] == o {
					u.deps[o.Name()] = true
				}
			}
			return true
		})
	}
}
