package rt

import (
	"reflect"
	"unsafe"
)

// renewed maps the types that interfaces hold to their later versions of the same layout: a type gets a new descriptor
// when a cell adds a method to it.
var renewed = map[reflect.Type]reflect.Type{}

// Renew tells that the type known by one backend name goes on under another.
func Renew(old, now string) {
	registry.Lock()
	defer registry.Unlock()
	from, to := registry.types[old], registry.types[now]
	if from == nil || to == nil || from.Size() != to.Size() {
		panic("internal error: no types " + old + " and " + now)
	}
	renewed[from], renewed[outerOf(from)] = to, outerOf(to)
}

// newest returns the latest version of a type.
func newest(t reflect.Type) reflect.Type {
	for n := renewed[t]; n != nil; n = renewed[t] {
		t = n
	}
	if t.Name() != "" {
		return t
	}
	switch t.Kind() {
	case reflect.Pointer:
		if e := newest(t.Elem()); e != t.Elem() {
			return reflect.PointerTo(e)
		}
	case reflect.Slice:
		if e := newest(t.Elem()); e != t.Elem() {
			return reflect.SliceOf(e)
		}
	case reflect.Array:
		if e := newest(t.Elem()); e != t.Elem() {
			return reflect.ArrayOf(t.Len(), e)
		}
	case reflect.Map:
		if k, e := newest(t.Key()), newest(t.Elem()); k != t.Key() || e != t.Elem() {
			return reflect.MapOf(k, e)
		}
	}
	return t
}

// Retype gives the values in interfaces that a variable leads to the latest version of their types. p points to the
// variable. What compiled packages keep inside is not visited.
func Retype(p any) {
	r := retyper{seen: map[visited]bool{}, holds: map[reflect.Type]bool{}}
	r.visit(reflect.ValueOf(p).Elem())
}

type retyper struct {
	seen  map[visited]bool // pointers, slices and maps
	holds map[reflect.Type]bool
}

type visited struct {
	p unsafe.Pointer
	t reflect.Type
}

// visit walks an addressable value.
func (r *retyper) visit(v reflect.Value) {
	if !r.mayHold(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(r.renew(v.Elem()))
		}
	case reflect.Pointer:
		if !v.IsNil() && r.first(v) {
			r.visit(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			r.visit(reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem())
		}
	case reflect.Slice:
		if !r.first(v) {
			return
		}
		for i := range v.Len() {
			r.visit(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			r.visit(v.Index(i))
		}
	case reflect.Map:
		r.visitMap(v)
	}
}

// first reports whether a reference is met for the first time.
func (r *retyper) first(v reflect.Value) bool {
	key := visited{v.UnsafePointer(), v.Type()}
	if r.seen[key] {
		return false
	}
	r.seen[key] = true
	return true
}

func (r *retyper) visitMap(v reflect.Value) {
	if v.IsNil() || !r.first(v) {
		return
	}
	for _, k := range v.MapKeys() {
		e := v.MapIndex(k)
		key, elem := r.copyOf(k), r.copyOf(e)
		if k.Kind() == reflect.Interface {
			v.SetMapIndex(k, reflect.Value{})
		}
		v.SetMapIndex(key, elem)
	}
}

func (r *retyper) copyOf(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	r.visit(c)
	return c
}

// renew returns a value that an interface holds in the latest version of its type.
func (r *retyper) renew(e reflect.Value) reflect.Value {
	c := reflect.New(e.Type())
	c.Elem().Set(e)
	r.visit(c.Elem())
	return reflect.NewAt(newest(e.Type()), c.UnsafePointer()).Elem()
}

// mayHold reports whether values of a type can lead to interfaces.
func (r *retyper) mayHold(t reflect.Type) bool {
	if known, ok := r.holds[t]; ok {
		return known
	}
	r.holds[t] = false // while in progress: a cycle adds nothing
	is := false
	switch t.Kind() {
	case reflect.Interface:
		is = true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		is = r.mayHold(t.Elem())
	case reflect.Map:
		is = r.mayHold(t.Key()) || r.mayHold(t.Elem())
	case reflect.Struct:
		if p := t.PkgPath(); p != "" && p != "main" {
			break
		}
		for i := range t.NumField() {
			is = is || r.mayHold(t.Field(i).Type)
		}
	}
	r.holds[t] = is
	return is
}
