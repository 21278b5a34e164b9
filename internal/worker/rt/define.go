package rt

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// embedMark begins the names of embedded fields in declarations.
const embedMark = "E__"

// registry holds the types made so far, by their backend names. Types are never freed.
var registry = struct {
	sync.Mutex
	types map[string]reflect.Type
}{types: map[string]reflect.Type{}}

// Define makes the types declared by a program, in the notation of cell.Program.Types. The result is importable as
// "gnb/types": each type as (*T)(nil), as interpreters of Go expect types, and each helper as a func.
func Define(decls string) (map[string]reflect.Value, error) {
	if decls == "" {
		return nil, nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), "types", decls, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("define types: %w", err)
	}
	registry.Lock()
	defer registry.Unlock()
	d := &definer{imports: map[string]string{}, specs: map[string]*typeSpec{}}
	if err := d.run(file); err != nil {
		return nil, fmt.Errorf("define types: %w", err)
	}
	return d.exports, nil
}

// A definer makes the types of one batch. Types refer to each other in cycles, so it works in two passes: the first
// fixes each type's descriptor in memory with its size and pointer map, the second fills in what it is made of.
type definer struct {
	imports map[string]string
	specs   map[string]*typeSpec
	order   []*typeSpec
	exports map[string]reflect.Value
}

// A typeSpec is one type of the batch.
type typeSpec struct {
	name    string // backend name
	shown   string // "main.P"; "" for a literal
	expr    ast.Expr
	methods []*ast.FuncDecl
	variant                // what cells use; its fields all count as exported, for the interpreter to set them
	out     *variant       // what interfaces hold, with exported and unexported fields; nil if there is no difference
	again   func() variant // makes another variant
	busy    bool
}

// A variant is one of the two descriptors of a type. Both lie over the same memory.
type variant struct {
	typ   reflect.Type // set by the first pass
	block *block       // of T
	ptr   *block       // of *T; nil for a literal
}

func (d *definer) run(file *ast.File) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	var helpers []*ast.FuncDecl
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.GenDecl:
			for _, s := range decl.Specs {
				d.spec(s)
			}
		case *ast.FuncDecl:
			if decl.Recv == nil {
				helpers = append(helpers, decl)
				continue
			}
			name, _ := receiver(decl)
			d.specs[name].methods = append(d.specs[name].methods, decl)
		}
	}
	d.exports = map[string]reflect.Value{}
	for _, s := range d.order {
		d.layout(s)
	}
	d.hidden()
	for _, s := range d.order {
		d.fill(s)
	}
	for _, s := range d.order {
		d.exports[s.name] = reflect.Zero(reflect.PointerTo(s.typ))
		registry.types[s.name] = s.typ
	}
	for _, h := range helpers {
		d.exports[h.Name.Name] = d.helper(h)
	}
	return nil
}

func (d *definer) spec(s ast.Spec) {
	switch s := s.(type) {
	case *ast.ImportSpec:
		path, _ := strconv.Unquote(s.Path.Value)
		d.imports[s.Name.Name] = path
	case *ast.TypeSpec:
		t := &typeSpec{name: s.Name.Name, expr: s.Type}
		if s.Comment != nil {
			t.shown = strings.TrimSpace(strings.TrimPrefix(s.Comment.List[0].Text, "//"))
		}
		d.specs[t.name] = t
		d.order = append(d.order, t)
	}
}

func receiver(f *ast.FuncDecl) (name string, pointer bool) {
	t := f.Recv.List[0].Type
	if s, ok := t.(*ast.StarExpr); ok {
		t, pointer = s.X, true
	}
	return t.(*ast.Ident).Name, pointer
}

// layout makes the type's descriptor in memory, complete but for what it refers to.
func (d *definer) layout(s *typeSpec) {
	if s.typ != nil {
		return
	}
	if s.busy {
		panic("invalid recursive type " + s.name)
	}
	s.busy = true
	if s.shown == "" && d.public(s) || s.compiled() {
		return
	}
	values, pointers := 0, 0
	for _, m := range s.methods {
		if _, ptr := receiver(m); !ptr {
			values++
		}
		pointers++
	}
	var model reflect.Type
	if st, ok := s.expr.(*ast.StructType); ok {
		model = d.structLayout(st)
	} else {
		model = d.placeholder(s.expr)
		if id, ok := s.expr.(*ast.Ident); ok && d.specs[id.Name] != nil {
			model = d.specs[id.Name].typ // type B A: the same kind of descriptor
		}
	}
	params := 0
	if f, ok := s.expr.(*ast.FuncType); ok {
		params = fieldCount(f.Params) + fieldCount(f.Results)
	}
	text := ""
	if s.shown == "" {
		text = d.text(s.expr)
	}
	s.again = func() variant {
		v := newVariant(s.name, s.shown, model, values, pointers, params)
		if text != "" {
			v.block.header.str = nameOff(text, false)
			if v.ptr != nil {
				v.ptr.header.str = nameOff("*"+text, false)
			}
		}
		return v
	}
	s.variant = s.again()
}

// compiled gives an instance such as iter.Seq[string] the type that compiled code has for it. It reports whether there
// is one.
func (s *typeSpec) compiled() bool {
	if host.Instance == nil || !strings.HasSuffix(s.shown, "]") || strings.HasPrefix(s.shown, "main.") {
		return false
	}
	s.typ = host.Instance(s.shown)
	return s.typ != nil
}

// public makes a struct literal all of whose fields are exported, as reflection does, so that it is the very type that
// compiled code has for the same literal. It reports whether it could.
func (d *definer) public(s *typeSpec) bool {
	st, ok := s.expr.(*ast.StructType)
	if !ok {
		return false
	}
	ready := true
	ast.Inspect(st, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok {
			for _, name := range f.Names {
				ready = ready && exported(name.Name) && !strings.HasPrefix(name.Name, embedMark)
			}
		}
		if id, ok := n.(*ast.Ident); ok && ready {
			if other := d.specs[id.Name]; other != nil && other != s {
				if !other.busy {
					d.layout(other)
				}
				// a literal of ours has no name yet, and a struct's name is made of its fields'
				ready = other.typ != nil && (other.block == nil || other.shown != "")
			}
		}
		return ready
	})
	if !ready {
		return false
	}
	var fields []reflect.StructField
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			fields = append(fields, reflect.StructField{Name: n.Name, Type: d.resolve(f.Type), Tag: reflect.StructTag(tagText(f))})
		}
	}
	s.typ = reflect.StructOf(fields)
	return true
}

// newVariant allocates the descriptors of T and, for a type that is named or has methods, *T.
func newVariant(name, shown string, model reflect.Type, values, pointers, params int) (v variant) {
	v.block = newBlock(model, values, params)
	h := v.block.header
	h.hash = fnv(name)
	h.tflag &^= flagExtraStar | flagNamed | flagUncommon
	h.ptrToThis = 0
	h.str = nameOff(name, false) // until a literal is filled in, for layouts made of it
	if shown != "" {
		h.tflag |= flagNamed
		h.str = nameOff(shown, true)
	}
	if shown != "" || pointers > 0 {
		h.tflag |= flagUncommon
		v.ptr = newBlock(reflect.TypeFor[*int](), pointers, 0)
		p := v.ptr.header
		p.hash = fnv("*" + name)
		p.tflag = p.tflag&^(flagExtraStar|flagNamed) | flagUncommon
		p.ptrToThis = 0
		p.str = nameOff("*"+shown, false)
		(*ptrType)(unsafe.Pointer(p)).elem = h
		h.ptrToThis = addReflectOff(unsafe.Pointer(p))
	}
	v.typ = typeOf(h)
	return v
}

func fieldCount(l *ast.FieldList) (n int) {
	if l == nil {
		return 0
	}
	for _, f := range l.List {
		n += max(1, len(f.Names))
	}
	return n
}

func fnv(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// structLayout makes a struct of the same size, alignment, pointers and comparability.
func (d *definer) structLayout(st *ast.StructType) reflect.Type {
	var fields []reflect.StructField
	for _, f := range st.Fields.List {
		for range f.Names {
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", len(fields)), Type: d.placeholder(f.Type)})
		}
	}
	return reflect.StructOf(fields)
}

// placeholder returns a type that is laid out like the one e denotes but doesn't refer to types of the batch.
func (d *definer) placeholder(e ast.Expr) reflect.Type {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return d.placeholder(e.X)
	case *ast.StarExpr:
		return reflect.TypeFor[*byte]()
	case *ast.MapType:
		return reflect.TypeFor[map[int]int]()
	case *ast.ChanType:
		return reflect.TypeFor[chan int]()
	case *ast.FuncType:
		return reflect.TypeFor[func()]()
	case *ast.InterfaceType:
		if len(e.Methods.List) == 0 {
			return reflect.TypeFor[any]()
		}
		return reflect.TypeFor[error]()
	case *ast.ArrayType:
		if e.Len == nil {
			return reflect.TypeFor[[]byte]()
		}
		return reflect.ArrayOf(arrayLen(e), d.placeholder(e.Elt))
	case *ast.Ident:
		if s := d.specs[e.Name]; s != nil {
			d.layout(s)
			return s.typ
		}
	}
	return d.resolve(e)
}

func arrayLen(e *ast.ArrayType) int {
	n, err := strconv.Atoi(e.Len.(*ast.BasicLit).Value)
	if err != nil {
		panic(err)
	}
	return n
}
