package main

import (
	"go/types"
	"slices"
)

// instances returns the instances of generic types in what a package exports, as the file spells them: a cell that
// names one must mean the type that compiled code has.
func (w *tableWriter) instances() (texts []string) {
	s := &instanceSearch{seen: map[types.Type]bool{}, pkg: w.pkg}
	for _, name := range w.pkg.Scope().Names() {
		if o := w.pkg.Scope().Lookup(name); o.Exported() {
			s.visit(o.Type())
		}
	}
	for _, t := range s.found {
		if text := types.TypeString(t, w.qualify); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return texts
}

type instanceSearch struct {
	pkg   *types.Package
	seen  map[types.Type]bool
	found []*types.Named
}

func (s *instanceSearch) visit(t types.Type) {
	t = types.Unalias(t)
	if s.seen[t] {
		return
	}
	s.seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		s.named(t)
	case *types.Pointer:
		s.visit(t.Elem())
	case *types.Slice:
		s.visit(t.Elem())
	case *types.Array:
		s.visit(t.Elem())
	case *types.Chan:
		s.visit(t.Elem())
	case *types.Map:
		s.visit(t.Key())
		s.visit(t.Elem())
	case *types.Signature:
		if t.TypeParams().Len() == 0 {
			s.tuple(t.Params())
			s.tuple(t.Results())
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				s.visit(f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			s.visit(m.Type())
		}
	}
}

func (s *instanceSearch) tuple(t *types.Tuple) {
	for v := range t.Variables() {
		s.visit(v.Type())
	}
}

// named notes an instance that can be written, and looks into the types that the package itself exports.
func (s *instanceSearch) named(t *types.Named) {
	if t.TypeArgs().Len() > 0 {
		if t.Obj().Exported() && speakable(t.TypeArgs()) {
			s.found = append(s.found, t)
		}
		return
	}
	if t.Obj().Pkg() != s.pkg || t.TypeParams().Len() > 0 {
		return
	}
	s.visit(t.Underlying())
	for m := range t.Methods() {
		if m.Exported() {
			s.visit(m.Type())
		}
	}
}

// speakable reports whether other packages can write the types.
func speakable(list *types.TypeList) bool {
	for t := range list.Types() {
		if p, ok := types.Unalias(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		switch t := types.Unalias(t).(type) {
		case *types.TypeParam:
			return false
		case *types.Named:
			if t.Obj().Pkg() != nil && !t.Obj().Exported() {
				return false
			}
		}
	}
	return true
}
