package cell

import (
	"go/ast"
	"go/token"
	"go/types"
)

// escapes finds the variables that must live behind a pointer: those whose address is taken, and those that a literal
// captures although they are assigned after their definition. A captured variable that never changes is passed by
// value. The variable of a three-clause loop that only the post statement changes counts as unchanged, because each
// iteration has its own.
//
// Return statements assign to named results.
func (f *fn) escapes(typ *ast.FuncType, body ast.Node) {
	e := &escape{f: f, home: map[types.Object]ast.Node{}, captured: map[types.Object]bool{}, assigned: map[types.Object]bool{}}
	e.results(typ)
	ast.Inspect(body, e.visit)
	for obj := range e.captured {
		if e.assigned[obj] {
			f.boxed[obj] = true
		}
	}
	f.assigned = e.assigned
}

type escape struct {
	f        *fn
	stack    []ast.Node // function-like nodes around
	nodes    []ast.Node
	home     map[types.Object]ast.Node // function-like node that declares the variable
	captured map[types.Object]bool
	assigned map[types.Object]bool
}

func (e *escape) here() ast.Node {
	if len(e.stack) == 0 {
		return nil
	}
	return e.stack[len(e.stack)-1]
}

func (e *escape) visit(n ast.Node) bool {
	if n == nil {
		last := e.nodes[len(e.nodes)-1]
		e.nodes = e.nodes[:len(e.nodes)-1]
		if len(e.stack) > 0 && e.here() == last {
			e.stack = e.stack[:len(e.stack)-1]
		}
		return true
	}
	switch n := n.(type) {
	case *ast.FuncLit:
		e.nodes = append(e.nodes, n)
		e.stack = append(e.stack, n)
		e.results(n.Type)
		return true
	case *ast.RangeStmt:
		if e.f.rangesOverFunc(n) {
			e.rangeFunc(n)
			return false
		}
		if n.Tok == token.ASSIGN {
			e.assign(n.Key)
			e.assign(n.Value)
		}
	case *ast.ForStmt:
		e.loop(n)
		return false
	case *ast.Ident:
		e.ident(n)
	case *ast.AssignStmt:
		for _, x := range n.Lhs {
			if id, ok := x.(*ast.Ident); ok && n.Tok == token.DEFINE && e.f.info.Defs[id] != nil {
				continue
			}
			e.assign(x)
		}
	case *ast.IncDecStmt:
		e.assign(n.X)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			e.address(n.X)
		}
	case *ast.SliceExpr:
		if _, ok := e.f.typeOf(n.X).Underlying().(*types.Array); ok {
			e.address(n.X)
		}
	case *ast.SelectorExpr:
		if sel := e.f.info.Selections[n]; sel != nil && sel.Kind() == types.MethodVal {
			e.method(n)
		}
	}
	e.nodes = append(e.nodes, n)
	return true
}

// results marks the named results of a function as assigned.
func (e *escape) results(typ *ast.FuncType) {
	if typ == nil || typ.Results == nil {
		return
	}
	for _, r := range typ.Results.List {
		for _, id := range r.Names {
			if o := e.f.info.Defs[id]; o != nil {
				e.assigned[o] = true
			}
		}
	}
}

// rangeFunc visits a range over a function, whose body becomes a literal.
func (e *escape) rangeFunc(n *ast.RangeStmt) {
	ast.Inspect(n.X, e.visit)
	e.nodes = append(e.nodes, n)
	e.stack = append(e.stack, n)
	for _, x := range []ast.Expr{n.Key, n.Value} {
		if x != nil {
			if n.Tok == token.ASSIGN {
				e.assign(x)
			}
			ast.Inspect(x, e.visit)
		}
	}
	ast.Inspect(n.Body, e.visit)
	e.visit(nil)
}

// loop visits a three-clause loop.
func (e *escape) loop(n *ast.ForStmt) {
	e.nodes = append(e.nodes, n)
	before := map[types.Object]bool{}
	for o := range e.assigned {
		before[o] = true
	}
	if n.Init != nil {
		ast.Inspect(n.Init, e.visit)
	}
	if n.Cond != nil {
		ast.Inspect(n.Cond, e.visit)
	}
	ast.Inspect(n.Body, e.visit)
	vars := e.f.loopVars(n)
	inBody := map[types.Object]bool{}
	for _, v := range vars {
		inBody[v] = e.assigned[v]
	}
	if n.Post != nil {
		ast.Inspect(n.Post, e.visit)
	}
	if !hasLiteral(n.Cond) && !hasLiteral(n.Post) {
		for _, v := range vars {
			if !inBody[v] {
				delete(e.assigned, v)
			}
		}
	}
	e.visit(nil)
}

func hasLiteral(n ast.Node) (has bool) {
	if n == nil || n == ast.Expr(nil) || n == ast.Stmt(nil) {
		return false
	}
	ast.Inspect(n, func(n ast.Node) bool {
		_, lit := n.(*ast.FuncLit)
		has = has || lit
		return !has
	})
	return has
}

func (e *escape) ident(id *ast.Ident) {
	if o := e.f.info.Defs[id]; o != nil {
		e.home[o] = e.here()
		return
	}
	if o, ok := e.f.info.Uses[id].(*types.Var); ok {
		if home, ok := e.home[o]; ok && home != e.here() || !ok && e.here() != nil && !o.IsField() {
			e.captured[o] = true // declared in another function, or as a parameter, result or implicitly
		}
	}
}

func (e *escape) assign(x ast.Expr) {
	if o := e.f.rootVar(x); o != nil {
		e.assigned[o] = true
	}
}

func (e *escape) address(x ast.Expr) {
	if o := e.f.rootVar(x); o != nil {
		e.f.boxed[o] = true
	}
}

// method marks the receiver of a call that takes its address.
func (e *escape) method(n *ast.SelectorExpr) {
	x := e.f.typeOf(n.X)
	if _, ok := x.Underlying().(*types.Pointer); ok {
		return
	}
	obj, _, indirect := types.LookupFieldOrMethod(x, true, e.f.pkgOf(n), n.Sel.Name)
	m, ok := obj.(*types.Func)
	if !ok || indirect {
		return
	}
	if r := m.Signature().Recv(); r != nil {
		if _, ptr := r.Type().(*types.Pointer); ptr {
			e.address(n.X)
		}
	}
}

func (f *fn) pkgOf(n *ast.SelectorExpr) *types.Package {
	if sel := f.info.Selections[n]; sel != nil {
		return sel.Obj().Pkg()
	}
	return nil
}

// rootVar returns the local variable whose storage x denotes a part of, nil if there is none.
func (f *fn) rootVar(x ast.Expr) types.Object {
	for {
		switch e := x.(type) {
		case *ast.ParenExpr:
			x = e.X
		case *ast.Ident:
			o, ok := f.info.ObjectOf(e).(*types.Var)
			if !ok || o.IsField() {
				return nil
			}
			return o
		case *ast.SelectorExpr:
			sel := f.info.Selections[e]
			if sel == nil || sel.Kind() != types.FieldVal || sel.Indirect() && f.derefs(e) {
				return nil
			}
			x = e.X
		case *ast.IndexExpr:
			if _, ok := f.typeOf(e.X).Underlying().(*types.Array); !ok {
				return nil
			}
			x = e.X
		default:
			return nil
		}
	}
}

// derefs reports whether selecting the field goes through a pointer right at its operand.
func (f *fn) derefs(e *ast.SelectorExpr) bool {
	_, ok := f.typeOf(e.X).Underlying().(*types.Pointer)
	return ok
}

// loopVars returns the variables that a loop's init statement defines.
func (f *fn) loopVars(n *ast.ForStmt) (vars []types.Object) {
	a, ok := n.Init.(*ast.AssignStmt)
	if !ok || a.Tok != token.DEFINE {
		return nil
	}
	for _, x := range a.Lhs {
		if o := f.info.Defs[x.(*ast.Ident)]; o != nil && o.Name() != "_" {
			vars = append(vars, o)
		}
	}
	return vars
}
