package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// packageName guesses the name of a package from its import path.
func packageName(p string) string {
	base := path.Base(p)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(p))
	}
	return base
}

// preferred settles names that several packages share and that mean one of them in practice.
var preferred = map[string]string{"rand": "math/rand/v2", "draw": "image/draw", "scanner": "text/scanner"}

// autoImport looks for the packages that errors miss and returns auto with them added, and whether that may help.
func (f *FrontEnd) autoImport(errs Errors, s *source, auto map[string]string) (map[string]string, bool) {
	next := maps.Clone(auto)
	if next == nil {
		next = map[string]string{}
	}
	for i, e := range errs {
		name, ok := strings.CutPrefix(e.Msg, "undefined: ")
		if !ok || next[name] != "" {
			continue
		}
		member := s.memberOf(name)
		if member == "" {
			continue
		}
		paths := f.exporters(name, member)
		if len(paths) == 0 && len(f.known[name]) == 1 {
			paths = f.known[name] // the error will be about the member
		}
		switch {
		case len(paths) == 1:
			next[name] = paths[0]
		case len(paths) > 1 && slices.Contains(paths, preferred[name]):
			next[name] = preferred[name]
		case len(paths) > 1:
			errs[i].Msg += fmt.Sprintf(" (write import %q or %q)", paths[0], paths[1])
		}
	}
	return next, len(next) > len(auto)
}

// exporters returns the known packages of that name that export member.
func (f *FrontEnd) exporters(name, member string) (paths []string) {
	for _, p := range f.known[name] {
		if strings.Contains(p, "internal/") {
			continue
		}
		if pkg, err := f.imp.Import(p); err == nil && pkg.Scope().Lookup(member) != nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// memberOf returns what the cell selects from name.
func (s *source) memberOf(name string) (member string) {
	look := func(n ast.Node) bool {
		if e, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := e.X.(*ast.Ident); ok && x.Name == name && member == "" {
				member = e.Sel.Name
			}
		}
		return true
	}
	for _, d := range s.decls {
		ast.Inspect(d, look)
	}
	ast.Inspect(s.fn, look)
	return member
}

func importNotices(auto map[string]string) (notices []string) {
	for _, name := range slices.Sorted(maps.Keys(auto)) {
		notices = append(notices, fmt.Sprintf("imported %q", auto[name]))
	}
	return notices
}

// addImports takes the cell's import declarations and the automatic ones into the session.
func (c *compilation) addImports() Errors {
	for _, d := range c.src.decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			continue
		}
		for _, s := range g.Specs {
			if errs := c.addImport(s.(*ast.ImportSpec)); len(errs) > 0 {
				return errs
			}
		}
	}
	for name, path := range c.auto {
		c.st.imports[name] = path
	}
	return nil
}

func (c *compilation) addImport(s *ast.ImportSpec) Errors {
	p, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return c.errorAt(s.Path.Pos(), "invalid import path: "+s.Path.Value)
	}
	if p == "" {
		return c.errorAt(s.Path.Pos(), "invalid import path (empty string)")
	}
	pkg, err := c.front.imp.Import(p)
	if err != nil {
		return c.errorAt(s.Path.Pos(), fmt.Sprintf("could not import %s (%v)", p, err))
	}
	name := pkg.Name()
	if s.Name != nil {
		name = s.Name.Name
	}
	switch name {
	case ".":
		if !slices.Contains(c.st.dots, p) {
			c.st.dots = append(c.st.dots, p)
		}
	case "_":
	default:
		c.st.imports[name] = p
		if _, isVar := c.st.objs[name]; isVar { // the import is the later declaration of the name
			c.st.forget(name)
		}
	}
	return nil
}
