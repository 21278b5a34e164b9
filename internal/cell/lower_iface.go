package cell

import (
	"go/ast"
	"go/types"
)

// op names a typed helper of rt, declaring it when it is new. sig is its signature with the types of Program.Types.
func (l *lowerer) op(kind, sig string) string {
	text := kind + sig
	name, ok := l.st.types.ops[text]
	if !ok {
		name = l.serial(kind)
		l.st.types.ops[text] = name
		l.out.types.WriteString("func " + name + sig + "\n")
	}
	return "_T." + name
}

// convert renders a value of one type as another that it is assignable to.
func (f *fn) convert(text string, from, to types.Type) string {
	from, to = f.env.subst(from), f.env.subst(to)
	if from == nil || to == nil || types.Identical(from, to) {
		return text
	}
	if i, ok := to.Underlying().(*types.Interface); ok {
		if b, ok := from.(*types.Basic); ok && b.Kind() == types.UntypedNil || i.NumMethods() == 0 && isInterface(from) {
			return text
		}
		if i.NumMethods() == 0 && !hides(from, nil) {
			return "_gnb.Any(" + text + ")"
		}
		f.l.implements(from, i)
		if f.l.unspeakable(from) { // compiled code made the value, so it has all its methods
			from = anyType
		}
		return f.l.op("To", "("+f.l.spell(types.Default(from), "")+") "+f.l.spell(to, "")) + "(" + text + ")"
	}
	if b, ok := from.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		if b.Kind() == types.UntypedNil || types.Identical(types.Default(b), to) {
			return text
		}
		return f.l.typ(to) + "(" + text + ")"
	}
	if f.l.typ(from) == f.l.typ(to) {
		return text
	}
	return f.reinterpret(text, from, to)
}

// implements refuses a type of a cell in an interface with unexported methods of a compiled package.
func (l *lowerer) implements(t types.Type, i *types.Interface) {
	_, literal := types.Unalias(t).(*types.Struct)
	if isInterface(t) || !literal && !l.fromSource(t) {
		return
	}
	for m := range i.Methods() {
		if !m.Exported() && !l.owns(m.Pkg()) {
			l.refuse(l.pos, "a type of a cell can't implement an interface with the unexported method %s of package %s", m.Name(), m.Pkg().Name())
		}
	}
}

// argument renders an operand that the backend converts to an empty interface by itself: in a call or a composite
// literal, but not in an assignment, where it may confuse the types of places.
func (f *fn) argument(x ast.Expr, t types.Type) string {
	t = f.env.subst(t)
	if i, ok := t.Underlying().(*types.Interface); ok && i.NumMethods() == 0 && !f.isNil(x) && !hides(f.typeOf(x), nil) && !isAnySlice(f.typeOf(x)) && !isFunc(f.typeOf(x)) {
		return f.expr(x)
	}
	return f.valueAs(x, t)
}

// isFunc reports whether t is a function type: the backend passes a declared function as its own node.
func isFunc(t types.Type) bool {
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

// isAnySlice reports whether t is a slice of empty interfaces: the backend spreads one over a variadic parameter even
// without dots.
func isAnySlice(t types.Type) bool {
	s, ok := t.Underlying().(*types.Slice)
	return ok && isInterface(s.Elem())
}

// hides reports whether values of t have unexported fields that are not the business of whoever looks through an
// interface: rt retypes them on their way into one. Interfaces are not looked into.
func hides(t types.Type, seen map[types.Type]bool) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if seen[t] || t.Obj().Pkg() == nil || isInterface(t) {
			return false
		}
		if t.Obj().Pkg().Path() != "main" && t.TypeArgs().Len() == 0 {
			return false
		}
		if seen == nil {
			seen = map[types.Type]bool{}
		}
		seen[t] = true
		return hides(t.Underlying(), seen)
	case *types.Pointer:
		return hides(t.Elem(), seen)
	case *types.Slice:
		return hides(t.Elem(), seen)
	case *types.Array:
		return hides(t.Elem(), seen)
	case *types.Chan:
		return hides(t.Elem(), seen)
	case *types.Map:
		return hides(t.Key(), seen) || hides(t.Elem(), seen)
	case *types.Signature:
		return hides(t.Params(), seen) || hides(t.Results(), seen)
	case *types.Tuple:
		for v := range t.Variables() {
			if hides(v.Type(), seen) {
				return true
			}
		}
	case *types.Struct:
		for i := range t.NumFields() {
			if f := t.Field(i); !f.Exported() || hides(f.Type(), seen) {
				return true
			}
		}
	}
	return false
}

// asAny renders a value converted to an empty interface.
func (f *fn) asAny(text string, from types.Type) string { return f.convert(text, from, anyType) }

var anyType = types.NewInterfaceType(nil, nil)

// reinterpret renders a value of a type with the same underlying type.
func (f *fn) reinterpret(text string, from, to types.Type) string {
	return f.l.op("Conv", "("+f.l.spell(from, "")+") "+f.l.spell(to, "")) + "(" + text + ")"
}

// truncations are the functions of rt that convert floating-point numbers to small integers: the backend and compiled
// code differ in numbers that don't fit.
var truncations = map[types.BasicKind]string{
	types.Int8: "_gnb.Int8", types.Int16: "_gnb.Int16", types.Int32: "_gnb.Int32",
	types.Uint8: "_gnb.Uint8", types.Uint16: "_gnb.Uint16", types.Uint32: "_gnb.Uint32",
}

// conversion renders T(x).
func (f *fn) conversion(x ast.Expr, to types.Type) string {
	if f.isNil(x) {
		return "(" + f.nilOf(to) + ")"
	}
	from := f.typeOf(x)
	if isInterface(to) {
		if isInterface(from) && f.l.typ(from) == f.l.typ(to) {
			return f.expr(x)
		}
		f.l.implements(from, to.Underlying().(*types.Interface))
		return f.l.op("To", "("+f.l.spell(types.Default(from), "")+") "+f.l.spell(to, "")) + "(" + f.expr(x) + ")"
	}
	if f.l.typ(types.Default(from)) == f.l.typ(to) {
		return f.expr(x)
	}
	basicTo, _ := to.Underlying().(*types.Basic)
	basicFrom, _ := from.Underlying().(*types.Basic)
	if basicTo != nil && basicFrom != nil {
		if fun := truncations[basicTo.Kind()]; fun != "" && basicFrom.Info()&types.IsFloat != 0 {
			return f.l.typ(to) + "(" + fun + "(float64(" + f.expr(x) + ")))"
		}
		return f.l.typ(to) + "(" + f.expr(x) + ")"
	}
	return f.reinterpret(f.expr(x), types.Default(from), to)
}

// assert renders x.(T) of a rendered interface value, with the second result if commaOk.
func (f *fn) assert(x string, from, to types.Type, commaOk bool) string {
	t := f.l.spell(to, "")
	if commaOk {
		return f.l.op("As", "("+f.l.spell(from, "")+") ("+t+", bool)") + "(" + x + ")"
	}
	return f.l.op("Must", "("+f.l.spell(from, "")+") "+t) + "(" + x + ")"
}
