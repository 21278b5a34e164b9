package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A migration moves the value of a variable to the new version of its type.
type migration struct {
	from, to types.Object
}

// A renewal is a type that goes on in a new version of the same layout.
type renewal struct {
	was *types.TypeName
	now *types.Named
}

// holdsInterfaces reports whether values of a type can lead to interfaces, which may hold values of any version.
func holdsInterfaces(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t := t.Underlying().(type) {
	case *types.Interface:
		return true
	case *types.Pointer:
		return holdsInterfaces(t.Elem(), seen)
	case *types.Slice:
		return holdsInterfaces(t.Elem(), seen)
	case *types.Array:
		return holdsInterfaces(t.Elem(), seen)
	case *types.Map:
		return holdsInterfaces(t.Key(), seen) || holdsInterfaces(t.Elem(), seen)
	case *types.Struct:
		for i := range t.NumFields() {
			if holdsInterfaces(t.Field(i).Type(), seen) {
				return true
			}
		}
	}
	return false
}

// forget removes what a name means.
func (s *state) forget(name string) {
	if u := s.owner(name); u != nil {
		s.drop(u.key)
	}
	delete(s.objs, name)
	delete(s.vars, name)
}

// variables finds the variables that the cell's statements define and decides for each whether it keeps its place.
func (c *compilation) variables() {
	c.newVars = map[string]types.Object{}
	changed := map[string]bool{}
	for _, id := range c.defined() {
		local := c.info.Defs[id]
		if local == nil || id.Name == "_" {
			continue
		}
		c.newVars[id.Name] = local
		old := c.st.objs[id.Name]
		if old != nil && c.st.vars[id.Name] && types.Identical(old.Type(), local.Type()) && !holdsLock(old.Type()) {
			continue
		}
		if old != nil {
			c.st.forget(id.Name)
		}
		delete(c.st.imports, id.Name)
		changed[id.Name] = true
		c.st.objs[id.Name] = types.NewVar(id.Pos(), local.Pkg(), id.Name, local.Type())
		c.st.vars[id.Name] = true
	}
	for _, name := range c.touched {
		changed[name] = true
	}
	c.followVars(changed)
}

// holdsLock reports whether go vet would object to copying values of a type. A variable of such a type is not assigned
// to when it is declared again: a goroutine may wait for it, if only for an interrupted cell, and would take the wake-up
// of one that waits for the new variable.
func holdsLock(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Array:
		return holdsLock(u.Elem())
	case *types.Struct:
		if methods := types.NewMethodSet(types.NewPointer(t)); methods.Lookup(nil, "Lock") != nil && methods.Lookup(nil, "Unlock") != nil {
			return true
		}
		for i := range u.NumFields() {
			if holdsLock(u.Field(i).Type()) {
				return true
			}
		}
	}
	return false
}

// defined returns the identifiers that statements at the cell's top level declare.
func (c *compilation) defined() (ids []*ast.Ident) {
	for _, s := range c.src.body {
		for l, ok := s.(*ast.LabeledStmt); ok; l, ok = s.(*ast.LabeledStmt) {
			s = l.Stmt
		}
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				for _, x := range s.Lhs {
					if id, ok := x.(*ast.Ident); ok {
						ids = append(ids, id)
					}
				}
			}
		case *ast.DeclStmt:
			if g := s.Decl.(*ast.GenDecl); g.Tok == token.VAR {
				for _, sp := range g.Specs {
					ids = append(ids, sp.(*ast.ValueSpec).Names...)
				}
			}
		}
	}
	return ids
}

// followVars has the functions that use changed variables, and those that use these, checked and lowered again.
func (c *compilation) followVars(changed map[string]bool) {
	for again := true; again; {
		again = false
		for _, k := range c.st.order {
			u := c.st.units[k]
			if c.recheck[k] || c.rebody[k] {
				continue
			}
			for d := range u.deps {
				if changed[d] {
					c.rebody[k], again = true, true
					changed[k] = true
					for _, n := range u.names {
						changed[n] = true
					}
					break
				}
			}
		}
	}
}

// moveVariables gives the variables whose type mentions a type that was declared again the new version of it, with
// their value if the layout is the same, and drops the others. It returns the names it touched, never one that the cell
// defines.
func (c *compilation) moveVariables() (touched []string) {
	versions := map[*types.TypeName]*types.Named{}
	reshaped := map[*types.TypeName]bool{}
	var same []renewal
	for k := range c.recheck {
		was, ok := c.old[k].(*types.TypeName)
		if !ok {
			continue
		}
		now, ok := c.st.objs[k].(*types.TypeName)
		if !ok {
			reshaped[was] = true
			continue
		}
		if n, ok := now.Type().(*types.Named); ok {
			versions[was] = n
		}
		if shape(was) != shape(now) {
			reshaped[was] = true
		} else if n, ok := now.Type().(*types.Named); ok && !isInterface(n) {
			same = append(same, renewal{was, n})
		}
	}
	for _, r := range same {
		if len(madeOf(r.was.Type(), reshaped)) == 0 {
			c.renewed = append(c.renewed, r)
		}
	}
	if len(versions)+len(reshaped) == 0 {
		return nil
	}
	c.versions, c.reshaped = versions, reshaped
	defined := map[string]bool{}
	for _, id := range c.defined() {
		defined[id.Name] = true
	}
	for _, name := range sortedNames(c.st.vars) {
		v := c.st.objs[name]
		if defined[name] {
			continue
		}
		m := mentions{versions: versions, seen: map[types.Type]bool{}}
		m.visit(v.Type())
		if len(m.hit) == 0 {
			m.hit = madeOf(v.Type(), reshaped)
		}
		if len(m.hit) == 0 {
			continue
		}
		touched = append(touched, name)
		if i := slices.IndexFunc(m.hit, func(t *types.TypeName) bool { return reshaped[t] }); i >= 0 {
			c.st.forget(name)
			c.notices = append(c.notices, fmt.Sprintf("variable %s dropped: its type %s changed", name, m.hit[i].Name()))
			continue
		}
		moved := types.NewVar(v.Pos(), v.Pkg(), name, replaceNamed(v.Type(), versions))
		c.st.objs[name] = moved
		c.migrated = append(c.migrated, migration{v, moved})
	}
	return touched
}

func sortedNames(m map[string]bool) (names []string) {
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// shape renders the structure of a type.
func shape(t *types.TypeName) string {
	text := types.TypeString(t.Type().Underlying(), nil)
	if n, ok := t.Type().(*types.Named); ok {
		text = fmt.Sprint(n.TypeParams().Len(), text)
	}
	return text
}

// mentions collects the redeclared types that a type is made of.
type mentions struct {
	versions map[*types.TypeName]*types.Named
	seen     map[types.Type]bool
	hit      []*types.TypeName
}

// madeOf returns which of others a type is made of.
func madeOf(t types.Type, others map[*types.TypeName]bool) []*types.TypeName {
	m := mentions{seen: map[types.Type]bool{}, versions: map[*types.TypeName]*types.Named{}}
	for o := range others {
		m.versions[o] = nil
	}
	m.visit(t)
	return m.hit
}

func (m *mentions) visit(t types.Type) {
	if t == nil || m.seen[t] {
		return
	}
	m.seen[t] = true
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if _, ok := m.versions[t.Obj()]; ok {
			m.hit = append(m.hit, t.Obj())
		}
		for i := range t.TypeArgs().Len() {
			m.visit(t.TypeArgs().At(i))
		}
		if t.Obj().Pkg() != nil && t.Obj().Pkg().Path() == "main" {
			m.visit(t.Underlying())
		}
	case *types.Pointer:
		m.visit(t.Elem())
	case *types.Slice:
		m.visit(t.Elem())
	case *types.Array:
		m.visit(t.Elem())
	case *types.Chan:
		m.visit(t.Elem())
	case *types.Map:
		m.visit(t.Key())
		m.visit(t.Elem())
	case *types.Struct:
		for i := range t.NumFields() {
			m.visit(t.Field(i).Type())
		}
	case *types.Signature:
		for i := range t.Params().Len() {
			m.visit(t.Params().At(i).Type())
		}
		for i := range t.Results().Len() {
			m.visit(t.Results().At(i).Type())
		}
	case *types.Interface:
		for i := range t.NumMethods() {
			m.visit(t.Method(i).Type())
		}
	}
}
