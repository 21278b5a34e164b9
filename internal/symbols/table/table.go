// Package table holds the run-time values of compiled packages, one [Package] for each, as the generated files
// register them. Everything in a Package is static data, so a program that never asks for it pays nothing at start.
package table

import (
	"fmt"
	"go/constant"
	"go/token"
	"iter"
	"reflect"
)

// A Package lists what a compiled package exports. Generic functions and types have no run-time value and are absent,
// but for the instances that other exported things are made of.
type Package struct {
	Path, Name string
	Funcs      List  // functions
	Vars       List  // pointers to variables
	Consts     List  // typed constants
	Untyped    List  // untyped constants: int64, uint64, bool or string, or a Literal where none of these is exact
	Types      List  // nil pointers to types
	Wrappers   List  // nil pointers to structs that implement the interface of that name by func fields
	Instances  []any // nil pointers to instances of generic types, of this package or another
}

// A List alternates exported names and their values.
type List []any

// All yields each name with its value.
func (l List) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for i := 0; i < len(l); i += 2 {
			if !yield(l[i].(string), l[i+1]) {
				return
			}
		}
	}
}

// A Literal is an untyped constant in source form.
type Literal struct {
	Kind token.Token // INT, FLOAT or IMAG
	Text string
}

var packages = map[string]*Package{}

// Add registers p; generated files call it.
func Add(p *Package) { packages[p.Path] = p }

// Values returns the symbols of all packages in the shape the interpreter expects: "path/name" to name to value.
func Values() map[string]map[string]reflect.Value {
	all := make(map[string]map[string]reflect.Value, len(packages))
	for _, p := range packages {
		all[p.Path+"/"+p.Name] = p.values()
	}
	return all
}

// Instances returns the instances of generic types that exported things are made of, by their String.
func Instances() map[string]reflect.Type {
	m := map[string]reflect.Type{}
	for _, p := range packages {
		for _, v := range p.Instances {
			t := reflect.TypeOf(v).Elem()
			m[t.String()] = t
		}
	}
	return m
}

func (p *Package) values() map[string]reflect.Value {
	m := make(map[string]reflect.Value, (len(p.Funcs)+len(p.Vars)+len(p.Consts)+len(p.Untyped)+len(p.Types)+len(p.Wrappers))/2)
	for _, list := range []List{p.Funcs, p.Consts, p.Types} {
		for name, v := range list.All() {
			m[name] = reflect.ValueOf(v)
		}
	}
	for name, v := range p.Vars.All() {
		m[name] = reflect.ValueOf(v).Elem()
	}
	for name, v := range p.Untyped.All() {
		m[name] = reflect.ValueOf(untyped(v))
	}
	for name, v := range p.Wrappers.All() {
		m["_"+name] = reflect.ValueOf(v)
	}
	return m
}

func untyped(v any) constant.Value {
	switch v := v.(type) {
	case int64:
		return constant.MakeInt64(v)
	case uint64:
		return constant.MakeUint64(v)
	case bool:
		return constant.MakeBool(v)
	case string:
		return constant.MakeString(v)
	case Literal:
		return constant.MakeFromLiteral(v.Text, v.Kind, 0)
	}
	panic(fmt.Sprintf("table: %T is no untyped constant", v))
}
