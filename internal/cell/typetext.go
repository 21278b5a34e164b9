package cell

import (
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"strconv"
	"strings"
)

// A typeTable names the types that the worker makes for the notebook. The interpreter never declares a type itself:
// every named type, every struct and every interface with methods is made by rt.Define as a real type of the running
// program, so that %T, encoding/json, type switches and interface satisfaction see what compiled code would see.
type typeTable struct {
	named map[typeKey]string // backend names of named types
	lits  map[string]string  // backend names of struct and interface literals, by their text
	ops   map[string]string  // backend names of typed helper functions, by their text

	methods   map[string]types.Type   // the types that have methods, by their backend names
	instances map[string]*types.Named // instances of generic types, by their backend names
}

// A typeKey tells instances apart: args is the text of the type arguments.
type typeKey struct {
	obj  *types.TypeName
	args string
}

func newTypeTable() *typeTable {
	return &typeTable{map[typeKey]string{}, map[string]string{}, map[string]string{}, map[string]types.Type{}, map[string]*types.Named{}}
}

func (t *typeTable) clone() *typeTable {
	return &typeTable{maps.Clone(t.named), maps.Clone(t.lits), maps.Clone(t.ops), maps.Clone(t.methods), maps.Clone(t.instances)}
}

// typ renders a type as the interpreter spells it.
func (l *lowerer) typ(t types.Type) string { return l.spell(t, "_T.") }

// spell renders a type; prefix stands before the names of types made by rt.Define.
func (l *lowerer) spell(t types.Type, prefix string) string {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return l.out.pkg("unsafe") + ".Pointer"
		}
		return types.Default(t).(*types.Basic).Name()
	case *types.Named:
		return l.named(t, prefix)
	case *types.Pointer:
		return "*" + l.spell(t.Elem(), prefix)
	case *types.Slice:
		return "[]" + l.spell(t.Elem(), prefix)
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), l.spell(t.Elem(), prefix))
	case *types.Map:
		return "map[" + l.spell(t.Key(), prefix) + "]" + l.spell(t.Elem(), prefix)
	case *types.Chan:
		switch t.Dir() {
		case types.SendOnly:
			return "chan<- " + l.spell(t.Elem(), prefix)
		case types.RecvOnly:
			return "<-chan " + l.spell(t.Elem(), prefix)
		}
		return "chan (" + l.spell(t.Elem(), prefix) + ")"
	case *types.Signature:
		return "func" + l.signature(t, prefix)
	case *types.Struct:
		return prefix + l.structType(t)
	case *types.Interface:
		if t.NumMethods() == 0 {
			return "interface{}"
		}
		name, _ := l.literalType("I", l.interfaceText(t))
		return prefix + name
	case *types.TypeParam:
		l.refuse(l.pos, "internal error: no argument for the type parameter %s", t)
	}
	panic(fmt.Sprintf("type %T has no spelling", t))
}

func (l *lowerer) signature(s *types.Signature, prefix string) string {
	var ps, rs []string
	for i := range s.Params().Len() {
		t := s.Params().At(i).Type()
		if s.Variadic() && i == s.Params().Len()-1 {
			if sl, ok := t.(*types.Slice); ok {
				ps = append(ps, "..."+l.spell(sl.Elem(), prefix))
				continue
			}
		}
		ps = append(ps, l.spell(t, prefix))
	}
	for i := range s.Results().Len() {
		rs = append(rs, l.spell(s.Results().At(i).Type(), prefix))
	}
	switch len(rs) {
	case 0:
		return "(" + strings.Join(ps, ", ") + ")"
	case 1:
		return "(" + strings.Join(ps, ", ") + ") " + rs[0]
	}
	return "(" + strings.Join(ps, ", ") + ") (" + strings.Join(rs, ", ") + ")"
}

// structText renders a struct for rt.Define; embedded fields are marked by a prefix.
func (l *lowerer) structText(t *types.Struct) string {
	var b strings.Builder
	b.WriteString("struct {")
	for i := range t.NumFields() {
		f := t.Field(i)
		name := f.Name()
		if f.Embedded() {
			name = embedMark + name
		}
		fmt.Fprintf(&b, " %s %s", name, l.spell(f.Type(), ""))
		if t.Tag(i) != "" {
			b.WriteString(" " + strconv.Quote(t.Tag(i)))
		}
		b.WriteString(";")
	}
	return b.String() + " }"
}

// embedMark begins the names of embedded fields in Program.Types.
const embedMark = "E__"

func (l *lowerer) interfaceText(t *types.Interface) string {
	var b strings.Builder
	b.WriteString("interface {")
	for i := range t.NumMethods() {
		m := t.Method(i)
		fmt.Fprintf(&b, " %s%s;", m.Name(), l.signature(m.Signature(), ""))
	}
	return b.String() + " }"
}

// structType names a struct literal; embedded fields give it methods.
func (l *lowerer) structType(t *types.Struct) string {
	name, fresh := l.literalType("S", l.structText(t))
	if fresh {
		l.methodSet(name, t)
	}
	return name
}

// literalType names a struct or interface literal and declares it when it is new.
func (l *lowerer) literalType(kind, text string) (name string, fresh bool) {
	name, ok := l.st.types.lits[text]
	if !ok {
		name = l.serial(kind)
		l.st.types.lits[text] = name
		fmt.Fprintf(&l.out.types, "type %s = %s\n", name, text)
	}
	return name, !ok
}

// named spells a named type: predeclared, compiled, or of the notebook.
func (l *lowerer) named(t *types.Named, prefix string) string {
	obj := t.Obj()
	if obj.Pkg() == nil {
		return obj.Name() // error
	}
	if !l.owns(obj.Pkg()) {
		if src := l.sourceInstance(t); src != nil {
			return prefix + l.namedInstance(src)
		}
		if t.TypeArgs().Len() > 0 {
			return prefix + l.compiledInstance(t)
		}
		if !obj.Exported() {
			l.refuse(l.pos, "a cell can't hold a value of the unexported type %s.%s; use it where it stands, or convert it to an interface", obj.Pkg().Name(), obj.Name())
		}
		return l.out.pkg(obj.Pkg().Path()) + "." + obj.Name()
	}
	return prefix + l.namedInstance(t)
}

// unspeakable reports whether a type can't be spelt in a cell: an unexported one of a compiled package.
func (l *lowerer) unspeakable(t types.Type) bool {
	n := namedOf(t)
	return n != nil && n.Obj().Pkg() != nil && !n.Obj().Exported() && !l.owns(n.Obj().Pkg())
}

// compiledInstance makes an instance of a generic type of a compiled package, such as iter.Seq[int], if the type is no
// more than a name for its underlying type.
func (l *lowerer) compiledInstance(t *types.Named) string {
	if t.NumMethods() > 0 {
		name := t.Obj().Pkg().Name() + "." + t.Obj().Name()
		l.refuse(l.pos, "the generic type %s of a compiled package can't be used in a cell%s", types.TypeString(t, nil), instead[name])
	}
	return l.namedInstance(t)
}

// namedInstance returns the backend name of a type that rt.Define makes, declaring it when it is new.
func (l *lowerer) namedInstance(t *types.Named) string {
	obj := t.Obj()
	key := typeKey{obj: obj}
	shown := obj.Pkg().Name() + "." + obj.Name()
	if n := t.TypeArgs().Len(); n > 0 {
		var args, human []string
		for i := range n {
			args = append(args, l.spell(t.TypeArgs().At(i), ""))
			human = append(human, runtimeName(t.TypeArgs().At(i)))
		}
		key.args += "[" + strings.Join(args, ",") + "]"
		shown += "[" + strings.Join(human, ",") + "]"
	}
	name, ok := l.st.types.named[key]
	if !ok {
		name = l.serial(obj.Name())
		l.st.types.named[key] = name
		if t.TypeArgs().Len() > 0 {
			l.st.types.instances[name] = t
		}
		l.declare(name, shown, t)
	}
	return name
}

// declare writes the declaration of a new named type and has its methods lowered.
func (l *lowerer) declare(name, shown string, t *types.Named) {
	var text string
	switch u := t.Underlying().(type) {
	case *types.Struct:
		text = l.structText(u)
	case *types.Interface:
		text = l.interfaceText(u)
	default:
		text = l.spell(u, "")
	}
	fmt.Fprintf(&l.out.types, "type %s %s // %s\n", name, text, shown)
	if !types.IsInterface(t) {
		l.methodSet(name, t)
	}
}

// refuseSealed refuses a type that has got an unexported method of a compiled package by embedding, if the method makes
// it one of the package's exported interfaces: nothing here can name the method, so it would not be one.
func (l *lowerer) refuseSealed(fn *types.Func, t types.Type) {
	scope := fn.Pkg().Scope()
	for _, name := range scope.Names() {
		i, ok := scope.Lookup(name).Type().Underlying().(*types.Interface)
		if !ok || !token.IsExported(name) {
			continue
		}
		if m, _, _ := types.LookupFieldOrMethod(i, false, fn.Pkg(), fn.Name()); m != nil {
			pos := l.pos
			if n, ok := t.(*types.Named); ok {
				pos = n.Obj().Pos()
			}
			l.refuse(pos, "a type that embeds what makes it a %s.%s, with the unexported method %s, can't be run in a cell; give the field a name and write the methods", fn.Pkg().Name(), name, fn.Name())
		}
	}
}

// methodSet declares the methods of *T, promoted ones included, and binds each to its lowered function. Unexported
// methods of compiled packages are out of a cell's reach.
func (l *lowerer) methodSet(name string, t types.Type) {
	values := types.NewMethodSet(t)
	set := types.NewMethodSet(types.NewPointer(t))
	if set.Len() > 0 {
		l.st.types.methods[name] = t
	}
	for i := range set.Len() {
		sel := set.At(i)
		fn := sel.Obj().(*types.Func)
		if !fn.Exported() && !l.owns(fn.Pkg()) {
			l.refuseSealed(fn, t)
			continue
		}
		recv, recvType := "*"+name, types.Type(types.NewPointer(t))
		if v := values.Lookup(fn.Pkg(), fn.Name()); v != nil {
			sel, recv, recvType = v, name, t
		}
		sig := sel.Type().(*types.Signature)
		fmt.Fprintf(&l.out.types, "func (%s) %s%s\n", recv, fn.Name(), l.signature(sig, ""))
		l.later(func() {
			l.out.binds = append(l.out.binds, fmt.Sprintf("_gnb.Bind(%q, %q, %s)", name, fn.Name(), l.methodFunc(recvType, sel)))
		})
	}
}
