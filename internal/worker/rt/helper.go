package rt

import (
	"go/ast"
	"reflect"
	"runtime"
	"strings"
	"unsafe"
)

// helper makes a typed helper from its declaration; the name up to the last "_" tells what it does.
func (d *definer) helper(f *ast.FuncDecl) reflect.Value {
	kind, _, _ := strings.Cut(f.Name.Name, "_")
	if kind == "Which" {
		return d.which(f)
	}
	t := d.funcType(f.Type, nil)
	from, to := t.In(0), t.Out(0)
	switch kind {
	case "As":
		return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
			v, ok := assert(in[0], to)
			return []reflect.Value{v, reflect.ValueOf(ok)}
		})
	case "Must":
		return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
			v, ok := assert(in[0], to)
			if !ok {
				panic(assertionError(from, in[0], to))
			}
			return []reflect.Value{v}
		})
	case "To":
		return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
			v := reflect.New(to).Elem()
			if in[0].Kind() != reflect.Interface {
				v.Set(box(in[0]))
			} else if !in[0].IsNil() {
				v.Set(in[0].Elem())
			}
			return []reflect.Value{v}
		})
	case "Entries":
		return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value { return []reflect.Value{entries(in[0], to)} })
	case "SliceAt":
		return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
			return []reflect.Value{reflect.SliceAt(from.Elem(), in[0].UnsafePointer(), int(in[1].Int())).Convert(to)}
		})
	case "SliceData":
		return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
			return []reflect.Value{reflect.NewAt(to.Elem(), in[0].UnsafePointer())}
		})
	case "Conv":
		return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value { return []reflect.Value{convert(in[0], to)} })
	}
	panic("no helper " + f.Name.Name)
}

// entries returns the function of type next that steps through a map: its keys and values, and whether there was one.
func entries(m reflect.Value, next reflect.Type) reflect.Value {
	i := m.MapRange()
	done := []reflect.Value{reflect.Zero(next.Out(0)), reflect.Zero(next.Out(1)), reflect.ValueOf(false)}
	return reflect.MakeFunc(next, func([]reflect.Value) []reflect.Value {
		if !i.Next() {
			return done
		}
		return []reflect.Value{i.Key(), i.Value(), reflect.ValueOf(true)}
	})
}

// assert is v.(to) for an interface value v.
func assert(v reflect.Value, to reflect.Type) (reflect.Value, bool) {
	r := reflect.New(to).Elem()
	if v.IsNil() {
		return r, false
	}
	e := v.Elem()
	if to.Kind() == reflect.Interface {
		if !e.Type().Implements(to) {
			return r, false
		}
		r.Set(e)
		return r, true
	}
	if e.Type() != outerOf(to) {
		return r, false
	}
	r.Set(view(e, to))
	return r, true
}

// box returns a concrete value as interfaces hold it.
func box(v reflect.Value) reflect.Value { return view(v, outerOf(v.Type())) }

// view returns v as a value of the other variant of its type.
func view(v reflect.Value, t reflect.Type) reflect.Value {
	if v.Type() == t {
		return v
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return reflect.NewAt(t, p.UnsafePointer()).Elem()
}

// convert converts between types of the same underlying type, or as the language allows.
func convert(v reflect.Value, to reflect.Type) reflect.Value {
	switch {
	case v.Kind() == reflect.Pointer && to.Kind() == reflect.Pointer: // reflect has no end with versions of a recursive type
		return view(v, to)
	case v.Type().ConvertibleTo(to):
		return v.Convert(to)
	case v.Kind() == reflect.String && to.Kind() == reflect.Slice: // of a type of a cell, which reflect does not convert
		return view(v.Convert(textSlice(to)), to)
	case v.Kind() == reflect.Slice && to.Kind() == reflect.String:
		return view(v, textSlice(v.Type())).Convert(to)
	}
	return view(v, to)
}

// textSlice is []byte or []rune, whichever has elements like those of t.
func textSlice(t reflect.Type) reflect.Type {
	if t.Elem().Kind() == reflect.Uint8 {
		return reflect.TypeFor[[]byte]()
	}
	return reflect.TypeFor[[]rune]()
}

// which makes the helper of a type switch: it returns the number of the first type that the value has, -1 if none.
func (d *definer) which(f *ast.FuncDecl) reflect.Value {
	var list []reflect.Type // nil stands for the case nil
	for _, r := range f.Type.Results.List[1:] {
		if id, ok := r.Type.(*ast.Ident); ok && id.Name == "_nil" {
			list = append(list, nil)
			continue
		}
		list = append(list, outerOf(d.resolve(r.Type)))
	}
	return reflect.ValueOf(func(x any) int {
		t := reflect.TypeOf(x)
		for i, c := range list {
			switch {
			case c == nil || t == nil:
				if c == nil && t == nil {
					return i
				}
			case t == c, c.Kind() == reflect.Interface && t.Implements(c):
				return i
			}
		}
		return -1
	})
}

// assertionError is the run-time error of v.(to), which fails, for v of the interface type from.
func assertionError(from reflect.Type, v reflect.Value, to reflect.Type) error {
	e := assertionFailure{asserted: headerOf(to)}
	if !v.IsNil() {
		e.concrete = headerOf(v.Elem().Type())
	}
	if to.Kind() != reflect.Interface {
		e.from = headerOf(from)
	} else if !v.IsNil() {
		e.missing = missing(v.Elem().Type(), to)
	}
	return (*runtime.TypeAssertionError)(unsafe.Pointer(&e))
}

func missing(t, iface reflect.Type) string {
	for i := range iface.NumMethod() {
		m := iface.Method(i)
		if _, ok := t.MethodByName(m.Name); !ok {
			return m.Name
		}
	}
	return ""
}
