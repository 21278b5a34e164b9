package rt

import (
	"go/ast"
	"reflect"
	"slices"
)

// outers maps the types of cells that hide fields to those that interfaces hold.
//
// The interpreter reads and writes fields through reflection, which forbids it for unexported ones. So the type that
// cells work with counts all its fields as exported, and what goes into an interface, where fmt and encoding/json look,
// is retyped to a twin that doesn't. The twins have the same layout, so a pointer, slice or map can be seen as either.
var outers = map[reflect.Type]reflect.Type{}

// outerOf returns the type that an interface holds for a value of type t.
func outerOf(t reflect.Type) reflect.Type {
	if o, ok := outers[t]; ok {
		return o
	}
	if t.Name() != "" {
		return t
	}
	switch t.Kind() {
	case reflect.Pointer:
		if e := outerOf(t.Elem()); e != t.Elem() {
			return reflect.PointerTo(e)
		}
	case reflect.Slice:
		if e := outerOf(t.Elem()); e != t.Elem() {
			return reflect.SliceOf(e)
		}
	case reflect.Array:
		if e := outerOf(t.Elem()); e != t.Elem() {
			return reflect.ArrayOf(t.Len(), e)
		}
	case reflect.Chan:
		if e := outerOf(t.Elem()); e != t.Elem() {
			return reflect.ChanOf(t.ChanDir(), e)
		}
	case reflect.Func:
		return outerFunc(t)
	case reflect.Map:
		if k, e := outerOf(t.Key()), outerOf(t.Elem()); k != t.Key() || e != t.Elem() {
			return reflect.MapOf(k, e)
		}
	}
	return t
}

// outerFunc is outerOf for function types: whoever calls the function through an interface has values from interfaces.
func outerFunc(t reflect.Type) reflect.Type {
	same := true
	view := func(t reflect.Type) reflect.Type {
		o := outerOf(t)
		same = same && o == t
		return o
	}
	var in, out []reflect.Type
	for p := range t.Ins() {
		in = append(in, view(p))
	}
	for r := range t.Outs() {
		out = append(out, view(r))
	}
	if same {
		return t
	}
	return reflect.FuncOf(in, out, t.IsVariadic())
}

// hidden finds the types of the batch that hide fields, themselves or in what they are made of, and makes their twins.
func (d *definer) hidden() {
	found := map[*typeSpec]bool{}
	for again := true; again; {
		again = false
		for _, s := range d.order {
			if !found[s] && d.hides(s.expr, found) {
				found[s], again = true, true
			}
		}
	}
	for _, s := range d.order {
		if found[s] && s.block != nil {
			v := s.again()
			s.out = &v
			outers[s.typ] = v.typ
		}
	}
	for _, s := range d.order {
		if found[s] && s.block == nil {
			outers[s.typ] = outerStruct(s.typ)
		}
	}
}

// outerStruct is the twin of a struct literal with exported fields of types that hide some.
func outerStruct(t reflect.Type) reflect.Type {
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i)
		fields[i].Type = outerOf(fields[i].Type)
	}
	return reflect.StructOf(fields)
}

func (d *definer) hides(e ast.Expr, found map[*typeSpec]bool) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return d.hides(e.X, found)
	case *ast.StarExpr:
		return d.hides(e.X, found)
	case *ast.ArrayType:
		return d.hides(e.Elt, found)
	case *ast.ChanType:
		return d.hides(e.Value, found)
	case *ast.MapType:
		return d.hides(e.Key, found) || d.hides(e.Value, found)
	case *ast.Ellipsis:
		return d.hides(e.Elt, found)
	case *ast.FuncType:
		return d.hidesAny(e.Params, found) || d.hidesAny(e.Results, found)
	case *ast.Ident:
		if s := d.specs[e.Name]; s != nil {
			return found[s]
		}
		t := registry.types[e.Name]
		return t != nil && outers[t] != nil
	case *ast.StructType:
		for _, f := range e.Fields.List {
			if d.hides(f.Type, found) || !exported(fieldName(f.Names[0].Name)) {
				return true
			}
		}
	}
	return false
}

func (d *definer) hidesAny(l *ast.FieldList, found map[*typeSpec]bool) bool {
	return l != nil && slices.ContainsFunc(l.List, func(f *ast.Field) bool { return d.hides(f.Type, found) })
}
