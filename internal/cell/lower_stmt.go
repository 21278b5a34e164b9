package cell

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// stmts writes a list of statements, each under its own line directive.
func (f *fn) stmts(list []ast.Stmt) {
	for _, s := range list {
		f.stmt(s)
	}
}

// directive writes the line directive that gives what follows the position of n.
func (f *fn) directive(n ast.Node) {
	p := f.l.fset.Position(n.Pos())
	f.emit("/*line %s/_.go:%d:%d*/", p.Filename, p.Line, p.Column)
}

// at begins a statement: with its position for the backend and, if it may panic, for traces.
func (f *fn) at(n ast.Node) {
	if !n.Pos().IsValid() {
		return
	}
	f.l.pos = n.Pos()
	f.directive(n)
	if !f.inHeader && risky(n) {
		f.emit("%s", position(n))
	}
}

func (f *fn) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.EmptyStmt:
		return
	case *ast.LabeledStmt:
		f.labeled(s)
		return
	}
	f.at(s)
	switch s := s.(type) {
	case *ast.ExprStmt:
		f.exprStmt(s.X)
	case *ast.AssignStmt:
		f.assignStmt(s)
	case *ast.IncDecStmt:
		op := token.ADD
		if s.Tok == token.DEC {
			op = token.SUB
		}
		f.opAssign(s.X, op, f.one(f.typeOf(s.X)))
	case *ast.DeclStmt:
		f.declStmt(s.Decl.(*ast.GenDecl))
	case *ast.BlockStmt:
		f.emit("{\n")
		f.stmts(s.List)
		f.emit("}\n")
	case *ast.IfStmt:
		f.ifStmt(s)
	case *ast.ForStmt:
		f.forStmt(s, "")
	case *ast.RangeStmt:
		f.rangeStmt(s, "")
	case *ast.SwitchStmt:
		f.switchStmt(s, "")
	case *ast.TypeSwitchStmt:
		f.typeSwitch(s, "")
	case *ast.SelectStmt:
		f.selectStmt(s, "")
	case *ast.ReturnStmt:
		f.returnStmt(s)
	case *ast.BranchStmt:
		f.branch(s)
	case *ast.DeferStmt:
		f.deferStmt(s)
	case *ast.GoStmt:
		f.goStmt(s)
	case *ast.SendStmt:
		c := f.env.subst(f.typeOf(s.Chan).Underlying()).(*types.Chan)
		elem := c.Elem()
		ch := f.fresh("_c") // the backend sends only to variables of unnamed channel types
		f.emit("var %s %s\n%s = %s\n", ch, f.l.typ(c), ch, f.expr(s.Chan))
		v := f.value(s.Value, elem)
		if isInterface(elem) {
			v = f.hold("_v", v, f.env.subst(elem))
		}
		f.emit("%s <- %s\n", ch, v)
	default:
		f.l.refuse(s.Pos(), "this statement can't be used in a cell yet")
	}
}

// one renders the constant 1 of type t.
func (f *fn) one(t types.Type) string {
	if t == types.Typ[types.Int] {
		return "1"
	}
	return f.l.typ(t) + "(1)"
}

func (f *fn) exprStmt(x ast.Expr) {
	switch e := ast.Unparen(x).(type) {
	case *ast.CallExpr:
		f.emit("%s\n", f.expr(e))
	case *ast.UnaryExpr:
		if e.Op == token.ARROW {
			f.emit("%s\n", f.expr(e))
			return
		}
		f.emit("_ = %s\n", f.expr(x))
	default:
		f.emit("_ = %s\n", f.expr(x))
	}
}

func (f *fn) declStmt(d *ast.GenDecl) {
	if d.Tok != token.VAR {
		return // constants are folded, types are declared where they are used
	}
	for _, s := range d.Specs {
		s := s.(*ast.ValueSpec)
		lhs := make([]ast.Expr, len(s.Names))
		for i, n := range s.Names {
			lhs[i] = n
		}
		switch {
		case len(s.Values) > 0:
			f.define(lhs, s.Values)
		default:
			for _, n := range s.Names {
				if o := f.info.Defs[n]; o != nil && n.Name != "_" {
					f.defineZero(o)
				}
			}
		}
	}
}

// defineZero declares a variable that has its zero value.
func (f *fn) defineZero(o types.Object) {
	if n := f.global(o); n != "" {
		f.emit("%s = %s\n", n, f.zero(f.objType(o)))
		return
	}
	f.local(o)
	f.zeroVar(o)
}

// zeroVar writes the definition of a declared local.
func (f *fn) zeroVar(o types.Object) {
	t := f.objType(o)
	if f.boxed[o] {
		f.emit("%s := new(%s)\n", f.names[o], f.l.typ(t))
		return
	}
	if isInterface(t) {
		f.emit("var %s %s\n%s = %s\n", f.names[o], f.l.typ(t), f.names[o], f.zero(t))
		return
	}
	f.emit("%s := %s\n", f.names[o], f.zero(t))
}

// zero renders the zero value of t.
func (f *fn) zero(t types.Type) string {
	if b, ok := types.Unalias(t).(*types.Basic); ok {
		switch {
		case b.Kind() == types.Int:
			return "0"
		case b.Kind() == types.String:
			return `""`
		case b.Kind() == types.Bool:
			return "false"
		}
	}
	return "*new(" + f.l.typ(t) + ")"
}

func (f *fn) ifStmt(s *ast.IfStmt) {
	if s.Init != nil {
		f.emit("{\n")
		f.stmt(s.Init)
	}
	f.emit("if %s {\n", f.condition(s.Cond))
	f.stmts(s.Body.List)
	f.emit("}")
	if s.Else != nil {
		f.emit(" else {\n")
		f.stmt(s.Else)
		f.emit("}")
	}
	f.emit("\n")
	if s.Init != nil {
		f.emit("}\n")
	}
}

// labeled writes a labelled statement; the label goes to the loop, which may need statements before it.
func (f *fn) labeled(s *ast.LabeledStmt) {
	label := s.Label.Name
	switch inner := s.Stmt.(type) {
	case *ast.ForStmt:
		f.at(inner)
		f.gotoLabel(s)
		f.forStmt(inner, label)
	case *ast.RangeStmt:
		f.at(inner)
		f.gotoLabel(s)
		f.rangeStmt(inner, label)
	case *ast.SwitchStmt:
		f.at(inner)
		f.gotoLabel(s)
		f.switchStmt(inner, label)
	case *ast.TypeSwitchStmt:
		f.at(inner)
		f.gotoLabel(s)
		f.typeSwitch(inner, label)
	case *ast.SelectStmt:
		f.at(inner)
		f.gotoLabel(s)
		f.selectStmt(inner, label)
	default:
		f.gotoLabel(s)
		f.stmt(inner)
	}
}

// gotoLabel writes the label that goto statements mean.
func (f *fn) gotoLabel(s *ast.LabeledStmt) {
	if f.gotos[s.Label.Name] {
		f.emit("goto_%s:\n", s.Label.Name)
	}
}

func (f *fn) returnStmt(s *ast.ReturnStmt) {
	if b := f.cur.loop; b != nil {
		f.returnFromRange(s, b)
		return
	}
	fr := f.cur
	switch {
	case len(fr.results) == 0:
		f.emit("return\n")
	case len(s.Results) == 0:
		f.emit("return %s\n", f.namedResults(fr))
	case len(fr.named) > 0 && (fr.defers != nil || f.anyBoxed(fr.named)):
		f.setResults(fr, s.Results)
		f.emit("return %s\n", f.namedResults(fr))
	case len(s.Results) == 1 && len(fr.results) > 1:
		f.emit("return %s\n", joinNames(f.tuple(s.Results[0], fr.results)))
	case len(s.Results) == 1:
		f.emit("return %s\n", f.item(s.Results[0], fr.results[0]))
	case f.ordered(s.Results):
		vals := make([]string, len(s.Results))
		for i, x := range s.Results {
			vals[i] = f.item(x, fr.results[i])
		}
		f.emit("return %s\n", joinNames(vals))
	default:
		f.emit("return %s\n", joinNames(f.together(s.Results, fr.results)))
	}
}

// ordered reports whether the backend can evaluate the operands of a return statement as they stand. It takes them in
// their order, names last, and the result of every builtin function for the first.
func (f *fn) ordered(operands []ast.Expr) bool {
	calls, reads := false, false
	for i, x := range operands {
		x = ast.Unparen(x)
		if c, ok := x.(*ast.CallExpr); ok && i > 0 && f.info.Types[c.Fun].IsBuiltin() {
			return false
		}
		_, name := x.(*ast.Ident)
		_, literal := x.(*ast.FuncLit)
		if f.calls(x) {
			calls = true
		} else if !name && !literal && f.info.Types[x].Value == nil {
			reads = true
		}
	}
	return !calls || !reads
}

// anyBoxed reports whether one of the variables may be seen by others.
func (f *fn) anyBoxed(vars []types.Object) bool {
	return slices.ContainsFunc(vars, func(o types.Object) bool { return f.boxed[o] })
}

func (f *fn) namedResults(fr *frame) string {
	vals := make([]string, len(fr.named))
	for i, o := range fr.named {
		vals[i] = f.variable(o)
	}
	return joinNames(vals)
}

// setResults assigns the operands of a return statement to the named results.
func (f *fn) setResults(fr *frame, results []ast.Expr) {
	var vals []string
	switch {
	case len(results) > 1:
		vals = f.together(results, fr.results)
	case len(fr.results) > 1:
		vals = f.tuple(results[0], fr.results)
	default:
		vals = []string{f.value(results[0], fr.results[0])}
	}
	for i, o := range fr.named {
		f.store(f.variable(o), vals[i], f.objType(o))
	}
}

// tuple evaluates a call with several results into temporaries converted to the target types.
func (f *fn) tuple(x ast.Expr, targets []types.Type) []string {
	tup := f.typeOf(x).(*types.Tuple)
	temps := make([]string, tup.Len())
	for i := range temps {
		temps[i] = f.fresh("_t")
	}
	f.emit("%s := %s\n", joinNames(temps), f.expr(x))
	for i := range temps {
		if targets != nil {
			temps[i] = f.convert(temps[i], tup.At(i).Type(), targets[i])
		}
	}
	return temps
}

func joinNames(names []string) string {
	s := ""
	for i, n := range names {
		if i > 0 {
			s += ", "
		}
		s += n
	}
	return s
}

// branch writes break, continue, goto and fallthrough.
func (f *fn) branch(s *ast.BranchStmt) {
	switch s.Tok {
	case token.GOTO:
		f.gotoFromRange(s)
	case token.FALLTHROUGH:
		f.emit("fallthrough\n")
	default:
		f.jump(s)
	}
}

// A target is a statement that break or continue may leave.
type target struct {
	label string // the source's
	name  string // the backend's; "" if it has none
	loop  bool
	frame *frame
	next  string // what continue does first
	// over is the body of a range over a function, whose continue is a return
	over *funcBody
}

// enter pushes a target and returns its backend label, written before the statement where a jump needs it.
func (f *fn) enter(label string, loop bool) *target {
	t := &target{label: label, loop: loop, frame: f.cur, name: f.fresh("L")}
	f.targets = append(f.targets, t)
	return t
}

func (f *fn) leave() { f.targets = f.targets[:len(f.targets)-1] }

// jumpText renders a jump to a target of the current frame. A continue without label means the innermost loop for the
// backend too, whose switch statements are no loops.
func (f *fn) jumpText(s *ast.BranchStmt, t *target) string {
	if t == f.targets[len(f.targets)-1] || s.Label == nil {
		return s.Tok.String()
	}
	return s.Tok.String() + " " + t.name
}

// jump writes a break or continue to the target it names or to the innermost one.
func (f *fn) jump(s *ast.BranchStmt) {
	for i := len(f.targets) - 1; i >= 0; i-- {
		t := f.targets[i]
		if s.Label != nil && t.label != s.Label.Name || s.Tok == token.CONTINUE && !t.loop {
			continue
		}
		if t.frame != f.cur || t.over != nil {
			f.jumpFromRange(s, t)
			return
		}
		if s.Tok == token.CONTINUE {
			f.emit("%s", t.next)
		}
		f.emit("%s\n", f.jumpText(s, t))
		return
	}
	f.l.refuse(s.Pos(), "internal error: no target for %s", s.Tok)
}
