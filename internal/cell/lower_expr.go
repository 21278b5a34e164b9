package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// expr renders the value of an expression. It writes no statements, so it may be used in any context; what needs
// statements becomes a function of its own.
func (f *fn) expr(x ast.Expr) string {
	if tv := f.info.Types[x]; tv.Value != nil {
		return f.constant(tv.Value, f.env.subst(tv.Type))
	}
	switch e := x.(type) {
	case *ast.ParenExpr:
		return f.expr(e.X)
	case *ast.Ident:
		return f.ident(e)
	case *ast.FuncLit:
		return f.literal(e)
	case *ast.CompositeLit:
		return f.composite(e, f.typeOf(e))
	case *ast.SelectorExpr:
		return f.selector(e)
	case *ast.IndexExpr:
		return f.indexExpr(e)
	case *ast.IndexListExpr:
		return f.instantiated(e.X)
	case *ast.SliceExpr:
		return f.sliceExpr(e)
	case *ast.TypeAssertExpr:
		return f.assert(f.expr(e.X), f.typeOf(e.X), f.typeOf(e.Type), false)
	case *ast.CallExpr:
		return f.call(e)
	case *ast.StarExpr:
		return "(*" + f.expr(e.X) + ")"
	case *ast.UnaryExpr:
		return f.unary(e)
	case *ast.BinaryExpr:
		return f.binary(e)
	}
	f.l.refuse(x.Pos(), "this expression can't be used in a cell yet")
	return ""
}

// valueAs renders x converted to type t as an assignment does.
func (f *fn) valueAs(x ast.Expr, t types.Type) string {
	if f.isNil(x) {
		return f.nilOf(t)
	}
	return f.convert(f.expr(x), f.typeOf(x), t)
}

func (f *fn) value(x ast.Expr, t types.Type) string { return f.valueAs(x, f.env.subst(t)) }

// item is value for a result or for what is appended: the backend would give its own node for a declared function there,
// and after a return also elsewhere.
func (f *fn) item(x ast.Expr, t types.Type) string {
	t = f.env.subst(t)
	text := f.valueAs(x, t)
	if isFunc(t) && f.isDeclaredFunc(x) {
		return f.reinterpret(text, t, t)
	}
	return text
}

// isDeclaredFunc reports whether x names a declared function or, in a method expression, a method.
func (f *fn) isDeclaredFunc(x ast.Expr) bool {
	switch e := ast.Unparen(x).(type) {
	case *ast.Ident:
		_, ok := f.info.Uses[e].(*types.Func)
		return ok
	case *ast.SelectorExpr:
		sel := f.info.Selections[e]
		return sel != nil && sel.Kind() == types.MethodExpr
	case *ast.IndexExpr:
		return isFunc(f.typeOf(e)) && f.isDeclaredFunc(e.X)
	case *ast.IndexListExpr:
		return f.isDeclaredFunc(e.X)
	}
	return false
}

func (f *fn) isNil(x ast.Expr) bool {
	tv := f.info.Types[ast.Unparen(x)]
	return tv.IsNil()
}

// nilOf renders nil of type t; the backend needs the type spelt out.
func (f *fn) nilOf(t types.Type) string {
	return "*new(" + f.l.typ(t) + ")"
}

func (f *fn) ident(id *ast.Ident) string {
	switch o := f.info.ObjectOf(id).(type) {
	case *types.Var:
		if o.Pkg() != nil && !f.l.owns(o.Pkg()) { // from a dot import
			return f.l.out.pkg(o.Pkg().Path()) + "." + o.Name()
		}
		return f.variable(o)
	case *types.Func:
		return f.funcValue(id, o)
	case *types.Nil:
		return "nil"
	}
	f.l.refuse(id.Pos(), "%s can't be used as a value", id.Name)
	return ""
}

// funcValue renders a declared function, or the instance of a generic one that id stands for.
func (f *fn) funcValue(id *ast.Ident, o *types.Func) string {
	if o.Pkg() != nil && !f.l.owns(o.Pkg()) {
		return f.compiledFunc(id, o)
	}
	return f.l.funcName(o, f.typeArgs(id))
}

// typeArgs returns the type arguments with which id is instantiated.
func (f *fn) typeArgs(id *ast.Ident) (args []types.Type) {
	inst, ok := f.info.Instances[id]
	if !ok {
		return nil
	}
	for i := range inst.TypeArgs.Len() {
		args = append(args, f.env.subst(inst.TypeArgs.At(i)))
	}
	return args
}

func (f *fn) compiledFunc(id *ast.Ident, o *types.Func) string {
	if args := f.typeArgs(id); len(args) > 0 {
		return f.l.instance(o, args)
	}
	return f.l.out.pkg(o.Pkg().Path()) + "." + o.Name()
}

func (f *fn) indexExpr(e *ast.IndexExpr) string {
	switch f.typeOf(e.X).Underlying().(type) {
	case *types.Signature:
		return f.instantiated(e.X)
	case *types.Pointer:
		return "(*" + f.expr(e.X) + ")[" + f.index(e) + "]"
	}
	return f.expr(e.X) + "[" + f.index(e) + "]"
}

// index renders the index of e, or its map key.
func (f *fn) index(e *ast.IndexExpr) string {
	if m, ok := f.typeOf(e.X).Underlying().(*types.Map); ok {
		return f.value(e.Index, m.Key())
	}
	return f.expr(e.Index)
}

// instantiated renders a generic function with explicit type arguments.
func (f *fn) instantiated(x ast.Expr) string {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		return f.ident(x)
	case *ast.SelectorExpr:
		return f.selector(x)
	}
	f.l.refuse(x.Pos(), "this instance can't be used in a cell yet")
	return ""
}

func (f *fn) sliceExpr(e *ast.SliceExpr) string {
	base := f.expr(e.X)
	if p, ok := f.typeOf(e.X).Underlying().(*types.Pointer); ok {
		if _, ok := p.Elem().Underlying().(*types.Array); ok {
			base = "(*" + base + ")"
		}
	}
	var b strings.Builder
	b.WriteString(base + "[")
	for i, x := range []ast.Expr{e.Low, e.High, e.Max} {
		if i > 0 && (i < 2 || e.Slice3) {
			b.WriteString(":")
		}
		if x != nil {
			b.WriteString(f.expr(x))
		}
	}
	return b.String() + "]"
}

func (f *fn) unary(e *ast.UnaryExpr) string {
	switch e.Op {
	case token.AND:
		return f.address(e.X)
	case token.ARROW:
		return f.receive(e.X)
	}
	return "(" + e.Op.String() + f.expr(e.X) + ")"
}

// receive renders <-x as a call of a function that receives, written once for each channel type: within expressions the
// backend loses values that it had to wait for.
func (f *fn) receive(x ast.Expr) string {
	t := f.env.subst(f.typeOf(x).Underlying()).(*types.Chan)
	key := "recv " + f.l.typ(t)
	name := f.l.st.inst[key]
	if name == "" {
		name = f.l.serial("recv")
		f.l.st.inst[key] = name
		fmt.Fprintf(&f.l.out.funcs, "func %s(c %s) %s {\nv, _ := <-c\nreturn v\n}\n", name, f.l.typ(t), f.l.typ(t.Elem()))
	}
	return name + "(" + f.expr(x) + ")"
}

// address renders &x.
func (f *fn) address(x ast.Expr) string {
	switch e := ast.Unparen(x).(type) {
	case *ast.CompositeLit:
		t := f.typeOf(e)
		if _, ok := t.Underlying().(*types.Struct); ok {
			return "(&" + f.composite(e, t) + ")"
		}
		return f.newValue(t, func() string { return f.composite(e, t) })
	case *ast.Ident:
		if o, ok := f.info.ObjectOf(e).(*types.Var); ok && f.boxed[o] && f.global(o) == "" {
			return f.use(o)
		}
	case *ast.StarExpr:
		return f.nonNil(e.X)
	}
	return "(&" + f.expr(x) + ")"
}

// nonNil renders a pointer, checked not to be nil by a small function, written once for each type.
func (f *fn) nonNil(x ast.Expr) string {
	typ := f.l.typ(f.typeOf(x))
	key := "nonNil " + typ
	name := f.l.st.inst[key]
	if name == "" {
		name = f.l.serial("nonNil")
		f.l.st.inst[key] = name
		fmt.Fprintf(&f.l.out.funcs, "func %s(p %s) %s {\nif p == nil {\n_gnb.NonNil(nil)\n}\nreturn p\n}\n", name, typ, typ)
	}
	return name + "(" + f.expr(x) + ")"
}

// newValue renders a pointer to a fresh variable that holds a value.
func (f *fn) newValue(t types.Type, val func() string) string {
	return f.inline([]types.Type{types.NewPointer(t)}, func() {
		p := f.fresh("_p")
		f.emit("%s := new(%s)\n*%s = %s\nreturn %s\n", p, f.l.typ(t), p, val(), p)
	})
}

func (f *fn) binary(e *ast.BinaryExpr) string {
	tx, ty := f.typeOf(e.X), f.typeOf(e.Y)
	switch e.Op {
	case token.EQL, token.NEQ:
		eq := f.comparison(e, tx, ty)
		if e.Op == token.NEQ {
			eq = "(!" + eq + ")"
		}
		return f.boolean(e, eq)
	case token.SHL, token.SHR:
		return fmt.Sprintf("(%s %s %s)", f.expr(e.X), e.Op, f.shiftCount(e.Y))
	case token.LAND, token.LOR:
		return f.boolean(e, fmt.Sprintf("(%s %s %s)", f.condition(e.X), e.Op, f.condition(e.Y)))
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		return f.boolean(e, fmt.Sprintf("(%s %s %s)", f.expr(e.X), e.Op, f.expr(e.Y)))
	}
	return fmt.Sprintf("(%s %s %s)", f.expr(e.X), e.Op, f.expr(e.Y))
}

// condition renders a boolean that decides where to go on. The backend goes on in the same place after a conversion,
// whatever it yields, but not after a comparison; and it does not make a composite literal that comes first.
func (f *fn) condition(x ast.Expr) string {
	if hasComposite(x) {
		typ := types.Typ[types.Bool]
		return f.inline([]types.Type{typ}, func() { f.emit("return bool(%s)\n", f.expr(x)) })
	}
	text := f.expr(x)
	if types.Default(f.typeOf(x)) != types.Typ[types.Bool] {
		return "(bool(" + text + ") == true)"
	}
	if call, ok := ast.Unparen(x).(*ast.CallExpr); ok && f.info.Types[ast.Unparen(call.Fun)].IsType() {
		return "(" + text + " == true)"
	}
	return text
}

// hasComposite reports whether a composite literal is part of x, outside of function literals.
func hasComposite(x ast.Expr) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CompositeLit:
			found = true
		}
		return !found
	})
	return found
}

// boolean renders a result that the backend takes for a bool as the type it has.
func (f *fn) boolean(e ast.Expr, text string) string {
	if t := types.Default(f.typeOf(e)); t != types.Typ[types.Bool] {
		return f.l.typ(t) + text
	}
	return text
}

// shiftCount renders the right operand of a shift, checked as the language says if it may be negative.
func (f *fn) shiftCount(x ast.Expr) string {
	t := f.typeOf(x)
	if b := t.Underlying().(*types.Basic); f.info.Types[x].Value != nil {
		return f.expr(x)
	} else if b.Info()&types.IsUnsigned != 0 { // the backend takes operations here to be of the left operand's type
		return "uint(" + f.expr(x) + ")"
	}
	typ := f.l.typ(t)
	name := f.l.st.inst["shift "+typ]
	if name == "" {
		name = f.l.serial("shift")
		f.l.st.inst["shift "+typ] = name
		fmt.Fprintf(&f.l.out.funcs, "func %s(n %s) uint {\nif n < 0 {\n_gnb.NegativeShift()\n}\nreturn uint(n)\n}\n", name, typ)
	}
	return name + "(" + f.expr(x) + ")"
}

// operand renders the right operand of op=.
func (f *fn) operand(x ast.Expr, op token.Token) string {
	if op == token.SHL || op == token.SHR {
		return f.shiftCount(x)
	}
	return f.expr(x)
}

func (f *fn) comparison(e *ast.BinaryExpr, tx, ty types.Type) string {
	switch {
	case f.isNil(e.Y):
		return "(" + f.expr(e.X) + " == nil)"
	case f.isNil(e.X):
		return "(" + f.expr(e.Y) + " == nil)"
	}
	return f.equal(f.expr(e.X), tx, f.expr(e.Y), ty)
}

// equal renders x == y of rendered operands; interfaces are compared by rt, as the language says.
func (f *fn) equal(x string, tx types.Type, y string, ty types.Type) string {
	if y == "nil" {
		return "(" + x + " == nil)"
	}
	if isInterface(tx) || isInterface(ty) {
		return "_gnb.Equal(" + f.asAny(x, tx) + ", " + f.asAny(y, ty) + ")"
	}
	if types.AssignableTo(tx, ty) {
		return "(" + f.convert(x, tx, ty) + " == " + y + ")"
	}
	return "(" + x + " == " + f.convert(y, ty, tx) + ")"
}

// composite renders a composite literal of type t.
func (f *fn) composite(e *ast.CompositeLit, t types.Type) string {
	if p, ok := t.Underlying().(*types.Pointer); ok { // an element of the form {...} where the element type is *T
		elem := p.Elem()
		if _, ok := elem.Underlying().(*types.Struct); ok {
			return "&" + f.composite(e, elem)
		}
		return f.newValue(elem, func() string { return f.composite(e, elem) })
	}
	var elts []string
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i, x := range e.Elts {
			field := i
			if kv, ok := x.(*ast.KeyValueExpr); ok {
				x = kv.Value
				for j := range u.NumFields() {
					if u.Field(j).Name() == kv.Key.(*ast.Ident).Name {
						field = j
					}
				}
			}
			elts = append(elts, u.Field(field).Name()+": "+f.element(x, u.Field(field).Type()))
		}
	case *types.Slice:
		elts = f.elements(e, u.Elem())
	case *types.Array:
		elts = f.elements(e, u.Elem())
	case *types.Map:
		for _, x := range e.Elts {
			kv := x.(*ast.KeyValueExpr)
			elts = append(elts, f.element(kv.Key, u.Key())+": "+f.element(kv.Value, u.Elem()))
		}
	}
	return f.l.typ(t) + "{" + strings.Join(elts, ", ") + "}"
}

func (f *fn) elements(e *ast.CompositeLit, elem types.Type) (elts []string) {
	for _, x := range e.Elts {
		if kv, ok := x.(*ast.KeyValueExpr); ok {
			elts = append(elts, f.expr(kv.Key)+": "+f.element(kv.Value, elem))
			continue
		}
		elts = append(elts, f.element(x, elem))
	}
	return elts
}

// element renders an element, whose type may be left out.
func (f *fn) element(x ast.Expr, t types.Type) string {
	if lit, ok := x.(*ast.CompositeLit); ok && lit.Type == nil {
		return f.composite(lit, f.env.subst(t))
	}
	return bare(f.argument(x, t))
}

// bare removes parentheses around all of a rendered element: the backend wants to know the type of one in parentheses
// before it knows those of variables.
func bare(text string) string {
	if !strings.HasPrefix(text, "(") {
		return text
	}
	open := 0
	for t := range tokens(text) {
		switch t.tok {
		case token.LPAREN:
			open++
		case token.RPAREN:
			if open--; open == 0 && t.end < len(text) {
				return text
			}
		}
	}
	return text[1 : len(text)-1]
}
