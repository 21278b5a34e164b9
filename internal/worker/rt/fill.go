package rt

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// resolve returns the type that an expression denotes.
func (d *definer) resolve(e ast.Expr) reflect.Type {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return d.resolve(e.X)
	case *ast.Ident:
		return d.ident(e.Name)
	case *ast.SelectorExpr:
		path := d.imports[e.X.(*ast.Ident).Name]
		if path == "unsafe" {
			return reflect.TypeFor[unsafe.Pointer]()
		}
		if host.Lookup != nil {
			if t := host.Lookup(path, e.Sel.Name); t != nil {
				return t
			}
		}
		panic(fmt.Sprintf("no type %s.%s", path, e.Sel.Name))
	case *ast.StarExpr:
		return reflect.PointerTo(d.resolve(e.X))
	case *ast.ArrayType:
		if e.Len == nil {
			return reflect.SliceOf(d.resolve(e.Elt))
		}
		return reflect.ArrayOf(arrayLen(e), d.resolve(e.Elt))
	case *ast.Ellipsis:
		return reflect.SliceOf(d.resolve(e.Elt))
	case *ast.MapType:
		return reflect.MapOf(d.resolve(e.Key), d.resolve(e.Value))
	case *ast.ChanType:
		dir := reflect.BothDir
		switch e.Dir {
		case ast.SEND:
			dir = reflect.SendDir
		case ast.RECV:
			dir = reflect.RecvDir
		}
		return reflect.ChanOf(dir, d.resolve(e.Value))
	case *ast.FuncType:
		return d.funcType(e, nil)
	case *ast.InterfaceType:
		return reflect.TypeFor[any]()
	}
	panic(fmt.Sprintf("type %T", e))
}

var basicTypes = map[string]reflect.Type{
	"bool": reflect.TypeFor[bool](), "string": reflect.TypeFor[string](), "error": reflect.TypeFor[error](),
	"int": reflect.TypeFor[int](), "int8": reflect.TypeFor[int8](), "int16": reflect.TypeFor[int16](),
	"int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](), "uint": reflect.TypeFor[uint](),
	"uint8": reflect.TypeFor[uint8](), "uint16": reflect.TypeFor[uint16](), "uint32": reflect.TypeFor[uint32](),
	"uint64": reflect.TypeFor[uint64](), "uintptr": reflect.TypeFor[uintptr](), "float32": reflect.TypeFor[float32](),
	"float64": reflect.TypeFor[float64](), "complex64": reflect.TypeFor[complex64](), "complex128": reflect.TypeFor[complex128](),
	"byte": reflect.TypeFor[byte](), "rune": reflect.TypeFor[rune](), "any": reflect.TypeFor[any](),
}

func (d *definer) ident(name string) reflect.Type {
	if s := d.specs[name]; s != nil {
		return s.typ
	}
	if t := registry.types[name]; t != nil {
		return t
	}
	if t := basicTypes[name]; t != nil {
		return t
	}
	panic("no type " + name)
}

// funcType resolves a function type; first is put before the parameters if it is not nil.
func (d *definer) funcType(f *ast.FuncType, first reflect.Type) reflect.Type {
	var in, out []reflect.Type
	if first != nil {
		in = append(in, first)
	}
	variadic := false
	for _, p := range f.Params.List {
		for range max(1, len(p.Names)) {
			in = append(in, d.resolve(p.Type))
		}
		_, variadic = p.Type.(*ast.Ellipsis)
	}
	if f.Results != nil {
		for _, r := range f.Results.List {
			out = append(out, d.resolve(r.Type))
		}
	}
	return reflect.FuncOf(in, out, variadic)
}

// fill completes a type: what it is made of and its methods.
func (d *definer) fill(s *typeSpec) {
	if s.block == nil {
		return
	}
	d.fillVariant(s, s.variant, func(t reflect.Type) reflect.Type { return t })
	values, pointers := d.methods(s)
	install(s, s.variant, values, pointers)
	if s.out != nil {
		d.fillVariant(s, *s.out, outerOf)
		install(s, *s.out, values, pointers)
	}
}

// fillVariant fills in one descriptor; view turns the types that it refers to into those of the variant.
func (d *definer) fillVariant(s *typeSpec, v variant, view func(reflect.Type) reflect.Type) {
	h := unsafe.Pointer(v.block.header)
	switch e := s.expr.(type) {
	case *ast.StructType:
		d.fillStruct(s, v, e, view)
	case *ast.InterfaceType:
		d.fillInterface(s, v, e)
	case *ast.FuncType:
		t := view(d.funcType(e, nil))
		f := (*funcType)(h)
		model := (*funcType)(unsafe.Pointer(headerOf(t)))
		f.in, f.out = model.in, model.out
		for i := range v.block.params {
			if i < t.NumIn() {
				v.block.params[i] = headerOf(t.In(i))
			} else {
				v.block.params[i] = headerOf(t.Out(i - t.NumIn()))
			}
		}
	case *ast.StarExpr:
		(*ptrType)(h).elem = headerOf(view(d.resolve(e.X)))
	case *ast.ArrayType:
		elem := headerOf(view(d.resolve(e.Elt)))
		if e.Len == nil {
			(*sliceType)(h).elem = elem
		} else {
			a := (*arrayType)(h)
			a.elem, a.slice = elem, headerOf(reflect.SliceOf(typeOf(elem)))
		}
	case *ast.ChanType:
		c := (*chanType)(h)
		model := (*chanType)(unsafe.Pointer(headerOf(view(d.resolve(e)))))
		c.elem, c.dir = model.elem, model.dir
	case *ast.MapType:
		model := (*mapType)(unsafe.Pointer(headerOf(view(d.resolve(e)))))
		m := (*mapType)(h)
		kept := m.header
		*m = *model
		m.header = kept
	}
}

func exported(name string) bool { return token.IsExported(name) }

// fieldName returns the name of a field without the mark of embedding.
func fieldName(name string) string { return strings.TrimPrefix(name, embedMark) }

func (d *definer) fillStruct(s *typeSpec, v variant, e *ast.StructType, view func(reflect.Type) reflect.Type) {
	t := (*structType)(unsafe.Pointer(v.block.header))
	t.fields = slices.Clone(t.fields)
	t.pkgPath = newName("main", "", false, false, "")
	i := 0
	for _, f := range e.Fields.List {
		for _, n := range f.Names {
			name, embedded := strings.CutPrefix(n.Name, embedMark)
			typ := view(d.resolve(f.Type))
			public := s.out == nil || v.typ == s.typ || exported(name)
			t.fields[i].name = newName(name, tagText(f), public, embedded, "")
			t.fields[i].typ = headerOf(typ)
			i++
		}
	}
}

// tagText returns the tag of a field of a struct type.
func tagText(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	tag, _ := strconv.Unquote(f.Tag.Value)
	return tag
}

func (d *definer) fillInterface(s *typeSpec, v variant, e *ast.InterfaceType) {
	t := (*interfaceType)(unsafe.Pointer(v.block.header))
	t.pkgPath = newName("main", "", false, false, "")
	t.methods = nil
	type entry struct {
		name string
		typ  reflect.Type
	}
	var list []entry
	for _, m := range e.Methods.List {
		list = append(list, entry{m.Names[0].Name, d.resolve(m.Type)})
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	for _, m := range list { // unexported ones count as exported for reflection to call them
		t.methods = append(t.methods, imethod{nameOff(m.name, true), addReflectOff(unsafe.Pointer(headerOf(m.typ)))})
	}
}

// methodName registers the name of a method; unexported ones carry their package.
func methodName(name string) int32 {
	if exported(name) {
		return nameOff(name, true)
	}
	return addReflectOff(unsafe.Pointer(newName(name, "", false, false, "main")))
}

// methods makes the entries of the method tables of T and *T.
func (d *definer) methods(s *typeSpec) (values, pointers []methodDesc) {
	slices.SortFunc(s.methods, func(a, b *ast.FuncDecl) int { return cmp.Compare(a.Name.Name, b.Name.Name) })
	for _, m := range s.methods {
		_, ptr := receiver(m)
		b := &binding{name: s.shown + "." + m.Name.Name}
		bindings.Store(bindKey{s.name, m.Name.Name}, b)
		sig := d.funcType(m.Type, nil)
		desc := methodDesc{name: methodName(m.Name.Name), mtyp: addReflectOff(unsafe.Pointer(headerOf(sig)))}
		viaPtr := stubFor(b.throughPointer(s.typ, sig, ptr))
		desc.ifn, desc.tfn = viaPtr, viaPtr
		pointers = append(pointers, desc)
		if ptr {
			continue
		}
		desc.tfn = stubFor(b.direct(s.typ, sig))
		if s.typ.Kind() != reflect.Interface && isDirect(s.block.header) {
			desc.ifn = desc.tfn
		}
		values = append(values, desc)
	}
	return values, pointers
}

// install puts the methods into the descriptors.
func install(s *typeSpec, v variant, values, pointers []methodDesc) {
	copy(v.block.methods, values)
	v.block.unc.xcount = exportedOf(s.methods, false)
	if v.ptr != nil {
		copy(v.ptr.methods, pointers)
		v.ptr.unc.xcount = exportedOf(s.methods, true)
	}
}

// exportedOf counts the exported methods of T or of *T.
func exportedOf(methods []*ast.FuncDecl, pointer bool) (n uint16) {
	for _, m := range methods {
		if _, ptr := receiver(m); exported(m.Name.Name) && (pointer || !ptr) {
			n++
		}
	}
	return n
}

// isDirect reports whether values of the type are the data word of an interface themselves.
func isDirect(h *header) bool { return h.tflag&(1<<5) != 0 }

func stubFor(f reflect.Value) int32 {
	p, err := newStub(f)
	if err != nil {
		panic(err)
	}
	return addReflectOff(p)
}
