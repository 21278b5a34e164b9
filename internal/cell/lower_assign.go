package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

func (f *fn) assignStmt(s *ast.AssignStmt) {
	switch s.Tok {
	case token.DEFINE:
		f.define(s.Lhs, s.Rhs)
	case token.ASSIGN:
		f.assign(s.Lhs, s.Rhs)
	default:
		op := s.Tok - token.ADD_ASSIGN + token.ADD
		f.opAssign(s.Lhs[0], op, f.operand(s.Rhs[0], op))
	}
}

// define writes := and var with values; names that exist already are assigned.
func (f *fn) define(lhs, rhs []ast.Expr) {
	if len(lhs) == len(rhs) {
		if len(lhs) == 1 {
			f.bindValue(lhs[0], rhs[0])
			return
		}
		temps := f.together(rhs, f.targetTypes(lhs, rhs))
		for i, x := range lhs {
			f.bind(x, token.DEFINE, temps[i], f.targetType(x, rhs[i]))
		}
		return
	}
	f.multi(lhs, rhs[0], token.DEFINE)
}

// together evaluates operands into temporaries: first those that call functions, in their order, then the others. The
// specification leaves open when variables are read; this is what compiled code does.
func (f *fn) together(operands []ast.Expr, targets []types.Type) []string {
	temps := make([]string, len(operands))
	for _, calling := range []bool{true, false} {
		for i, x := range operands {
			if f.calls(x) == calling {
				temps[i] = f.hold("_t", f.item(x, targets[i]), targets[i])
			}
		}
	}
	return temps
}

// calls reports whether an expression calls a function or receives.
func (f *fn) calls(x ast.Expr) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = found || !f.info.Types[n.Fun].IsType()
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return !found
	})
	return found
}

func (f *fn) targetTypes(lhs, rhs []ast.Expr) []types.Type {
	targets := make([]types.Type, len(lhs))
	for i, x := range lhs {
		targets[i] = f.targetType(x, rhs[i])
	}
	return targets
}

// targetType is the type of what x names, or of the value if that is the blank identifier.
func (f *fn) targetType(x, value ast.Expr) types.Type {
	if isBlank(x) {
		return types.Default(f.typeOf(value))
	}
	if id, ok := x.(*ast.Ident); ok {
		if o := f.info.Defs[id]; o != nil {
			return f.objType(o)
		}
	}
	return f.typeOf(x)
}

func (f *fn) bindValue(x, value ast.Expr) {
	t := f.targetType(x, value)
	if isBlank(x) {
		if f.isNil(value) {
			return
		}
		f.hold("_b", f.valueAs(value, t), t) // the backend would not evaluate all of what is assigned to nothing
		return
	}
	if o := f.info.Defs[x.(*ast.Ident)]; o != nil {
		if u, ok := ast.Unparen(value).(*ast.UnaryExpr); ok && u.Op == token.ARROW && f.global(o) == "" && !f.boxed[o] {
			ch := f.expr(u.X) // a received value is addressable only in this form
			f.emit("%s, _ := <-%s\n", f.local(o), ch)
			return
		}
		f.defineVar(o, f.valueAs(value, t))
		return
	}
	f.store(f.place(x), f.valueAs(value, t), t)
}

// defineVar declares o, or assigns the session's variable, with a value rendered already.
func (f *fn) defineVar(o types.Object, val string) {
	if n := f.global(o); n != "" {
		f.store(n, val, f.objType(o))
		return
	}
	name := f.local(o)
	t := f.objType(o)
	switch {
	case f.boxed[o]:
		f.defineBox(name, val, t)
	case isInterface(t):
		f.emit("var %s %s\n%s = %s\n", name, f.l.typ(t), name, val)
	default:
		f.emit("%s := %s\n", name, val)
	}
}

// multi spreads a call, map index, type assertion or receive over several places.
func (f *fn) multi(lhs []ast.Expr, x ast.Expr, tok token.Token) {
	var from []types.Type
	if tup, ok := f.typeOf(x).(*types.Tuple); ok {
		for i := range tup.Len() {
			from = append(from, tup.At(i).Type())
		}
	}
	temps := make([]string, len(lhs))
	for i, l := range lhs {
		if temps[i] = f.fresh("_t"); isBlank(l) {
			temps[i] = "_"
		}
	}
	if allBlank(temps) {
		temps[0] = f.fresh("_t")
	}
	f.emit("%s := %s\n", joinNames(temps), f.commaOk(x))
	if allBlank(temps[1:]) && isBlank(lhs[0]) {
		return
	}
	for i, l := range lhs {
		if temps[i] != "_" {
			f.bindConverted(l, tok, temps[i], from[i])
		}
	}
}

func allBlank(names []string) bool {
	for _, n := range names {
		if n != "_" {
			return false
		}
	}
	return true
}

func (f *fn) bindConverted(x ast.Expr, tok token.Token, val string, from types.Type) {
	if id, ok := x.(*ast.Ident); ok && tok == token.DEFINE {
		if o := f.info.Defs[id]; o != nil {
			f.defineVar(o, f.convert(val, f.env.subst(from), f.objType(o)))
			return
		}
	}
	f.store(f.place(x), f.convert(val, f.env.subst(from), f.typeOf(x)), f.typeOf(x))
}

// commaOk renders an expression that yields two values, or a call that yields several.
func (f *fn) commaOk(x ast.Expr) string {
	switch e := ast.Unparen(x).(type) {
	case *ast.TypeAssertExpr:
		return f.assert(f.expr(e.X), f.typeOf(e.X), f.typeOf(e.Type), true)
	case *ast.UnaryExpr:
		return "<-" + f.expr(e.X)
	}
	return f.expr(x)
}

// assign writes =. Operands are evaluated before anything is assigned.
func (f *fn) assign(lhs, rhs []ast.Expr) {
	if len(lhs) != len(rhs) {
		f.multi(lhs, rhs[0], token.ASSIGN)
		return
	}
	if len(lhs) == 1 {
		if isBlank(lhs[0]) {
			f.bindValue(lhs[0], rhs[0])
			return
		}
		t := f.typeOf(lhs[0])
		if hasCall(lhs[0]) && hasCall(rhs[0]) { // the operands on the left come first
			f.store(f.steadyPlace(lhs[0]), f.valueAs(rhs[0], t), t)
			return
		}
		f.store(f.place(lhs[0]), f.valueAs(rhs[0], t), t)
		return
	}
	places := make([]string, len(lhs))
	for i, x := range lhs {
		if !isBlank(x) {
			places[i] = f.steadyPlace(x)
		}
	}
	temps := f.together(rhs, f.targetTypes(lhs, rhs))
	for i, p := range places {
		if p != "" {
			f.emit("%s = %s\n", p, temps[i])
		}
	}
}

// steadyPlace renders a place whose operands are evaluated now.
func (f *fn) steadyPlace(x ast.Expr) string {
	switch e := ast.Unparen(x).(type) {
	case *ast.IndexExpr:
		base := f.expr(e.X)
		if _, array := f.typeOf(e.X).Underlying().(*types.Array); array {
			base = f.steadyPlace(e.X)
		} else if _, ptr := f.typeOf(e.X).Underlying().(*types.Pointer); ptr {
			base = "(*" + base + ")"
		} else {
			t := f.fresh("_b")
			f.emit("%s := %s\n", t, base)
			base = t
		}
		return base + "[" + f.steady(f.index(e)) + "]"
	case *ast.SelectorExpr:
		if _, ptr := f.typeOf(e.X).Underlying().(*types.Pointer); ptr && f.info.Selections[e] != nil {
			p := f.fresh("_p")
			f.emit("%s := %s\n", p, f.expr(e.X))
			return f.fieldPath(p, f.typeOf(e.X), f.info.Selections[e].Index())
		}
	case *ast.StarExpr:
		p := f.fresh("_p")
		f.emit("%s := %s\n", p, f.expr(e.X))
		return "(*" + p + ")"
	}
	return f.place(x)
}

// steady stores a rendered operand in a temporary unless it is a literal.
func (f *fn) steady(text string) string {
	if text != "" && text[0] >= '0' && text[0] <= '9' {
		return text
	}
	t := f.fresh("_i")
	f.emit("%s := %s\n", t, text)
	return t
}

// place renders an assignable expression.
func (f *fn) place(x ast.Expr) string { return f.expr(x) }

// opAssign writes x op= operand; operands of the place are evaluated once.
func (f *fn) opAssign(x ast.Expr, op token.Token, operand string) {
	p := f.place(x)
	if hasCall(x) {
		p = f.steadyPlace(x)
	}
	if op == token.ADD && operand == "1" {
		f.emit("%s++\n", p)
		return
	}
	f.emit("%s\n", fmt.Sprintf("%s %s= %s", p, op, operand))
}

func hasCall(x ast.Expr) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			found = true
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return !found
	})
	return found
}
