package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// switchStmt writes an expression switch. Only switches over plain values are left to the backend; others become
// comparisons.
func (f *fn) switchStmt(s *ast.SwitchStmt, label string) {
	f.emit("{\n")
	if s.Init != nil {
		f.stmt(s.Init)
	}
	tag, tagType := "", types.Type(types.Typ[types.Bool])
	if s.Tag != nil {
		tagType = types.Default(f.typeOf(s.Tag))
		tag = f.fresh("_tag")
		f.emit("%s := %s\n", tag, f.valueAs(s.Tag, tagType))
	}
	heads := make([]string, len(s.Body.List))
	for i, c := range s.Body.List {
		heads[i] = f.caseHead(c.(*ast.CaseClause), tag, tagType)
	}
	over := ""
	if fallsThrough(s) {
		over = f.chosen(heads)
	}
	t := f.enter(label, false)
	f.emit("%sswitch %s{\n", t.prefix(), over)
	for i, c := range s.Body.List {
		f.emit("%s:\n", heads[i])
		f.stmts(c.(*ast.CaseClause).Body)
	}
	f.leave()
	f.emit("}\n}\n")
}

// caseHead renders a clause up to its colon.
func (f *fn) caseHead(c *ast.CaseClause, tag string, tagType types.Type) string {
	if c.List == nil {
		return "default"
	}
	conds := make([]string, len(c.List))
	for i, x := range c.List {
		if tag == "" {
			conds[i] = f.condition(x)
		} else {
			conds[i] = f.equal(tag, tagType, f.caseValue(x, tagType), f.typeOf(x))
		}
	}
	return "case " + strings.Join(conds, " || ")
}

// fallsThrough reports whether clauses of the switch fall through although the default is not the last: the backend
// would move it to the end.
func fallsThrough(s *ast.SwitchStmt) bool {
	falls, last := false, true
	for i, c := range s.Body.List {
		c := c.(*ast.CaseClause)
		if c.List == nil {
			last = i == len(s.Body.List)-1
		}
		if n := len(c.Body); n > 0 {
			b, ok := c.Body[n-1].(*ast.BranchStmt)
			falls = falls || ok && b.Tok == token.FALLTHROUGH
		}
	}
	return falls && !last
}

// chosen writes a switch that tells which clause is to run, and returns the variable that holds its number; the heads
// become those of a switch over it.
func (f *fn) chosen(heads []string) string {
	n := f.fresh("_case")
	f.emit("%s := 0\nswitch {\n", n)
	for i, head := range heads {
		f.emit("%s:\n%s = %d\n", head, n, i)
		heads[i] = fmt.Sprintf("case %d", i)
	}
	f.emit("}\n")
	return n + " "
}

// caseValue renders the expression of a case.
func (f *fn) caseValue(x ast.Expr, tag types.Type) string {
	if f.isNil(x) {
		return "nil"
	}
	return f.expr(x)
}

// typeSwitch asks rt which case the value's type is and switches over the answer.
func (f *fn) typeSwitch(s *ast.TypeSwitchStmt, label string) {
	f.emit("{\n")
	if s.Init != nil {
		f.stmt(s.Init)
	}
	var x ast.Expr
	bound := false
	switch a := s.Assign.(type) {
	case *ast.ExprStmt:
		x = a.X.(*ast.TypeAssertExpr).X
	case *ast.AssignStmt:
		x = a.Rhs[0].(*ast.TypeAssertExpr).X
		bound = true
	}
	xt := f.typeOf(x)
	val := f.fresh("_x")
	f.emit("var %s %s\n%s = %s\n", val, f.l.typ(xt), val, f.expr(x))
	var list []string // every case's type, in order
	number := map[ast.Expr]int{}
	for _, c := range s.Body.List {
		for _, e := range c.(*ast.CaseClause).List {
			number[e] = len(list)
			if f.isNil(e) {
				list = append(list, "_nil")
			} else {
				list = append(list, f.l.spell(f.typeOf(e), ""))
			}
		}
	}
	t := f.enter(label, false)
	f.emit("%sswitch %s(%s) {\n", t.prefix(), f.l.op("Which", "(interface{}) ("+strings.Join(append([]string{"int"}, list...), ", ")+")"), val)
	for _, c := range s.Body.List {
		c := c.(*ast.CaseClause)
		if c.List == nil {
			f.emit("default:\n")
		} else {
			cases := make([]string, len(c.List))
			for i, e := range c.List {
				cases[i] = fmt.Sprint(number[e])
			}
			f.emit("case %s:\n", strings.Join(cases, ", "))
		}
		if o := f.info.Implicits[c]; bound && o != nil {
			f.bindCase(o, c, val, xt)
		}
		f.stmts(c.Body)
	}
	f.leave()
	f.emit("}\n}\n")
}

// bindCase declares the variable of a type switch for one clause.
func (f *fn) bindCase(o types.Object, c *ast.CaseClause, val string, xt types.Type) {
	t := f.objType(o)
	v := val
	if len(c.List) == 1 && !f.isNil(c.List[0]) {
		t = f.typeOf(c.List[0])
		v = f.assert(val, xt, t, false)
	}
	name := f.local(o)
	if f.boxed[o] {
		f.defineBox(name, v, t)
		return
	}
	if isInterface(t) {
		f.emit("var %s %s\n%s = %s\n", name, f.l.typ(t), name, v)
		return
	}
	f.emit("%s := %s\n", name, v)
}

// selectStmt evaluates channels and values and lets rt choose.
func (f *fn) selectStmt(s *ast.SelectStmt, label string) {
	f.emit("{\n")
	var args []string
	hasDefault := false
	type recv struct{ val, ok string }
	recvs := map[*ast.CommClause]recv{}
	for _, c := range s.Body.List {
		c := c.(*ast.CommClause)
		switch st := c.Comm.(type) {
		case nil:
			hasDefault = true
			continue
		case *ast.SendStmt:
			elem := f.typeOf(st.Chan).Underlying().(*types.Chan).Elem()
			ch, v := f.fresh("_ch"), f.fresh("_v")
			f.emit("%s := %s\n%s := new(%s)\n*%s = %s\n", ch, f.expr(st.Chan), v, f.l.typ(elem), v, f.value(st.Value, elem))
			args = append(args, fmt.Sprintf("_gnb.Send(%s, %s)", ch, v))
		default:
			u := received(st)
			elem := f.typeOf(u.X).Underlying().(*types.Chan).Elem()
			ch, v, ok := f.fresh("_ch"), f.fresh("_v"), f.fresh("_ok")
			f.emit("%s := %s\n%s := new(%s)\n%s := new(bool)\n", ch, f.expr(u.X), v, f.l.typ(elem), ok)
			args = append(args, fmt.Sprintf("_gnb.Recv(%s, %s, %s)", ch, v, ok))
			recvs[c] = recv{v, ok}
		}
	}
	if len(args) == 0 && !hasDefault { // the interpreter would not evaluate the tag of a switch without cases
		f.emit("_gnb.Select(false, 0)\n}\n")
		return
	}
	t := f.enter(label, false)
	f.emit("%sswitch _gnb.Select(%t, %s) {\n", t.prefix(), hasDefault, strings.Join(append([]string{fmt.Sprint(len(args))}, args...), ", "))
	n := 0
	for _, c := range s.Body.List {
		c := c.(*ast.CommClause)
		if c.Comm == nil {
			f.emit("default:\n")
		} else {
			f.emit("case %d:\n", n)
			n++
		}
		if a, ok := c.Comm.(*ast.AssignStmt); ok {
			r := recvs[c]
			elem := f.typeOf(received(a).X).Underlying().(*types.Chan).Elem()
			f.bind(a.Lhs[0], a.Tok, "(*"+r.val+")", elem)
			if len(a.Lhs) > 1 {
				f.bind(a.Lhs[1], a.Tok, "(*"+r.ok+")", types.Typ[types.Bool])
			}
		}
		f.stmts(c.Body)
	}
	f.leave()
	f.emit("}\n}\n")
}

// received returns the receive operation of a communication clause.
func received(s ast.Stmt) *ast.UnaryExpr {
	var x ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		x = s.X
	case *ast.AssignStmt:
		x = s.Rhs[0]
	}
	return ast.Unparen(x).(*ast.UnaryExpr)
}

// bind assigns to an existing place or defines a new variable, as tok says.
func (f *fn) bind(x ast.Expr, tok token.Token, val string, t types.Type) {
	if isBlank(x) {
		return
	}
	if tok == token.DEFINE {
		if o := f.info.Defs[x.(*ast.Ident)]; o != nil {
			f.defineVar(o, val)
			return
		}
	}
	f.store(f.place(x), f.convert(val, t, f.typeOf(x)), f.typeOf(x))
}
