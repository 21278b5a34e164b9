package cell

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// lower writes the program of a checked cell.
func (c *compilation) lower() (p *Program, errs Errors) {
	l := &lowerer{fset: c.front.fset, cell: c.src.name, st: c.st, lib: c.front.lib, out: &output{imports: map[string]string{}}, vars: map[types.Object]string{}}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case refusal:
			p, errs = nil, c.errorAt(r.pos, r.msg)
		default:
			panic(r)
		}
	}()
	rebind := c.outdate()
	c.declareVars(l)
	moves := c.moves(l)
	for _, u := range c.units {
		c.eager(l, u.key)
	}
	c.rebind(l, rebind)
	body := c.entry(l)
	l.drain()
	p = &Program{Name: c.src.name, Notices: c.notices, next: c.st}
	prologue := ""
	for _, b := range l.out.binds {
		prologue += b + "\n"
	}
	if prologue += moves; prologue+body != "" {
		p.Entry = l.serial("cell")
	}
	p.Types = l.out.typeSource()
	p.Decls = l.out.decls(l, p.Entry, prologue+body)
	return p, nil
}

// A methodOf names a method and the type that declares it.
type methodOf struct {
	of   *types.TypeName
	name string
}

// outdate forgets the backend names of functions that must be lowered again. Most are lowered when something uses
// them; methods of types that exist already are lowered and bound now, because values of the type may be anywhere.
func (c *compilation) outdate() (rebind map[methodOf]bool) {
	rebind = map[methodOf]bool{}
	stale := map[string]bool{} // beginnings of the keys of instances, up to the type arguments
	for _, k := range c.st.order {
		u := c.st.units[k]
		d, ok := u.decl.(*ast.FuncDecl)
		if !ok || !c.rebody[k] {
			continue
		}
		if d.Recv == nil {
			obj := c.st.objs[d.Name.Name]
			delete(c.st.lowered, obj)
			stale[fmt.Sprintf("%s@%p", d.Name.Name, obj)] = true
			continue
		}
		tn, ok := c.st.objs[u.of].(*types.TypeName)
		if !ok {
			continue
		}
		stale[fmt.Sprintf("%p.%s", tn, d.Name.Name)] = true
		if !c.recheck[u.of] {
			rebind[methodOf{tn, d.Name.Name}] = true
		}
	}
	maps.DeleteFunc(c.st.inst, func(key, _ string) bool {
		if i := strings.IndexAny(key, "[,"); i >= 0 {
			key = key[:i]
		}
		return stale[key]
	})
	return rebind
}

// rebind lowers methods of existing types again and makes all types use them that have them: the types, their
// instances, and those that embed them.
func (c *compilation) rebind(l *lowerer, methods map[methodOf]bool) {
	if len(methods) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.st.types.methods)) {
		t := c.st.types.methods[name]
		ofValue, ofPointer := types.NewMethodSet(t), types.NewMethodSet(types.NewPointer(t))
		for sel := range ofPointer.Methods() {
			m := sel.Obj().(*types.Func)
			of := namedOf(m.Signature().Recv().Type())
			if of == nil || !methods[methodOf{of.Obj(), m.Name()}] {
				continue
			}
			recv := sel.Recv()
			if v := ofValue.Lookup(m.Pkg(), m.Name()); v != nil {
				recv, sel = t, v
			}
			l.out.binds = append(l.out.binds, fmt.Sprintf("_gnb.Bind(%q, %q, %s)", name, m.Name(), l.methodFunc(recv, sel)))
		}
	}
}

// declareVars declares the session variables that are new to the backend.
func (c *compilation) declareVars(l *lowerer) {
	for _, name := range sortedNames(c.st.vars) {
		obj := c.st.objs[name]
		if c.st.lowered[obj] == "" {
			l.pos = obj.Pos()
			n := l.serial(name)
			if c.st.lowered[obj] = n; c.moved(obj) {
				c.st.lowered[obj] = "(*" + n + ")"
				fmt.Fprintf(&l.out.vars, "var %s *%s\n", n, l.typ(obj.Type()))
			} else {
				fmt.Fprintf(&l.out.vars, "var %s %s\n", n, l.typ(obj.Type()))
			}
		}
		if local := c.newVars[name]; local != nil {
			l.vars[local] = c.st.lowered[obj]
		}
	}
}

// moved reports whether a variable goes on from one whose type has a new version.
func (c *compilation) moved(obj types.Object) bool {
	return slices.ContainsFunc(c.migrated, func(m migration) bool { return m.to == obj })
}

// moves writes the assignments that take variables to the new version of their type. They stay where they are in
// memory, because pointers to them may be anywhere; the backend goes to them through a pointer of the new type.
func (c *compilation) moves(l *lowerer) string {
	text := ""
	for _, m := range c.migrated {
		conv := l.op("Conv", "(*"+l.spell(m.from.Type(), "")+") *"+l.spell(m.to.Type(), ""))
		p := strings.TrimSuffix(strings.TrimPrefix(c.st.lowered[m.to], "(*"), ")")
		text += fmt.Sprintf("%s = %s(&%s)\n", p, conv, c.st.lowered[m.from])
	}
	return text + c.renewals(l)
}

// renewals writes the calls that give values in interfaces the new version of their types.
func (c *compilation) renewals(l *lowerer) (text string) {
	for _, r := range c.renewed {
		if was := c.st.types.named[typeKey{obj: r.was}]; was != "" {
			text += fmt.Sprintf("_gnb.Renew(%q, %q)\n", was, l.spell(r.now, ""))
		}
		for _, name := range slices.Sorted(maps.Keys(c.st.types.instances)) {
			if t := c.st.types.instances[name]; t.Obj() == r.was && len(madeOf(t, c.reshaped)) == 0 {
				text += fmt.Sprintf("_gnb.Renew(%q, %q)\n", name, l.spell(replaceNamed(t, c.versions), ""))
			}
		}
	}
	if text == "" {
		return ""
	}
	for _, name := range sortedNames(c.st.vars) {
		if v := c.st.objs[name]; c.old[name] != nil && holdsInterfaces(v.Type(), map[types.Type]bool{}) {
			text += "_gnb.Retype(&" + c.st.lowered[v] + ")\n"
		}
	}
	return text
}

// eager lowers a function as soon as it is declared, so that what can't be run is refused there and then.
func (c *compilation) eager(l *lowerer, key string) {
	u := c.st.units[key]
	d, ok := u.decl.(*ast.FuncDecl)
	if !ok || d.Body == nil || u.body == nil {
		return
	}
	if d.Recv == nil {
		if obj, ok := c.st.objs[d.Name.Name].(*types.Func); ok && d.Type.TypeParams == nil {
			l.funcName(obj, nil)
		}
		return
	}
	tn, ok := c.st.objs[u.of].(*types.TypeName)
	if !ok || len(receiverParams(d)) > 0 {
		return
	}
	if obj, _, _ := types.LookupFieldOrMethod(tn.Type(), true, tn.Pkg(), d.Name.Name); obj != nil {
		if m, ok := obj.(*types.Func); ok {
			l.methodName(m, tn.Type())
		}
	}
}

// entry writes the variables, the calls of init, the other statements, the display of the last expression and the call
// of main.
func (c *compilation) entry(l *lowerer) string {
	f := l.newFunc(c.info)
	f.escapes(nil, c.src.fn.Body)
	f.findGotos(c.src.fn.Body)
	fr := f.push(nil)
	fr.info = newFuncInfo("", c.src.fn)
	c.st.funcs["cell "+c.src.name] = fr.info
	if hasDefer(c.src.fn.Body) {
		f.deferPrologue()
	}
	inits := c.inits(l)
	for _, s := range c.src.body {
		if _, ok := s.(*ast.DeclStmt); !ok {
			f.emit("%s", inits)
			inits = ""
		}
		if s == ast.Stmt(c.src.last) {
			f.at(s)
			f.display(c.src.last.X)
			continue
		}
		f.stmt(s)
	}
	f.emit("%s", inits)
	if c.src.main {
		f.emit("%s()\n", l.funcName(c.st.objs["main"].(*types.Func), nil))
	}
	f.pop()
	return fr.body.String()
}

// inits renders the calls of the cell's init functions.
func (c *compilation) inits(l *lowerer) (calls string) {
	for _, u := range c.units {
		if d, ok := u.decl.(*ast.FuncDecl); ok && strings.HasPrefix(d.Name.Name, "init·") {
			calls += l.funcName(c.st.objs[d.Name.Name].(*types.Func), nil) + "()\n"
		}
	}
	return calls
}

// findGotos notes the labels that goto statements name.
func (f *fn) findGotos(body ast.Node) {
	ast.Inspect(body, func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok.String() == "goto" {
			f.gotos[b.Label.Name] = true
		}
		return true
	})
}

// Replay returns the imports and declarations of all that is live, for a fresh worker. Variables have zero values.
func (f *FrontEnd) Replay() *Program {
	st := f.state.clone()
	st.lowered = map[types.Object]string{}
	st.inst = map[string]string{}
	st.types = newTypeTable()
	c := &compilation{front: f, st: st, src: &source{name: "replay"}}
	l := &lowerer{fset: f.fset, cell: "replay", st: st, lib: f.lib, out: &output{imports: map[string]string{}}, vars: map[types.Object]string{}}
	c.declareVars(l)
	l.drain()
	p := &Program{Name: "replay", Types: l.out.typeSource(), next: st}
	prologue := ""
	for _, b := range l.out.binds {
		prologue += b + "\n"
	}
	if prologue != "" {
		p.Entry = l.serial("replay")
	}
	p.Decls = l.out.decls(l, p.Entry, prologue)
	return p
}
