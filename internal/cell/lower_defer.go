package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// frameType is the type of the local that holds a function's deferred calls, _gnb.Frame.
var frameType = types.NewNamed(types.NewTypeName(token.NoPos, nil, "Frame", nil), types.NewStruct(nil, nil), nil)

// hasDefer reports whether the function body defers calls itself; bodies of ranges over functions count, literals
// don't.
func hasDefer(b *ast.BlockStmt) (found bool) {
	ast.Inspect(b, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			found = true
		}
		return !found
	})
	return found
}

// deferPrologue makes the function keep its deferred calls in an _gnb.Frame, which one deferred literal runs. When a
// panic was recovered the results are what the named ones hold, or zero; otherwise deferred calls may still have
// changed named results.
func (f *fn) deferPrologue() {
	fr := f.cur
	obj, name := f.temp("_frame", frameType)
	fr.defers = obj
	f.emit("%s := _gnb.NewFrame()\ndefer func() {\n", name)
	if len(fr.named) > 0 {
		f.emit("%s.Finish(_gnb.Recovered(recover()))\n", name)
		for i, o := range fr.named {
			f.emit("_r%d = %s\n", i, f.variable(o))
		}
	} else {
		f.emit("if %s.Finish(_gnb.Recovered(recover())) {\n", name)
		for i, t := range fr.results {
			f.emit("_r%d = %s\n", i, f.zero(t))
		}
		f.emit("}\n")
	}
	f.emit("}()\n")
}

// recoverCall renders the builtin recover, which must know how many of the backend's own functions are around it.
func (f *fn) recoverCall() string {
	within := 0
	for fr := f.cur; fr != nil; fr = fr.outer {
		if fr.loop != nil {
			return "_gnb.Recover(-1)"
		}
		if !fr.inner {
			break
		}
		within++
	}
	return fmt.Sprintf("_gnb.Recover(%d)", within)
}

// deferStmt evaluates the function and the arguments now and pushes the call.
func (f *fn) deferStmt(n *ast.DeferStmt) {
	fr := f.cur
	for fr.defers == nil && fr.loop != nil {
		fr = fr.outer
	}
	method := "DeferCall"
	if _, ok := plainLiteral(n.Call); ok {
		method = "Defer"
	}
	call := f.thunk(n.Call)
	f.emit("%s.%s(%s)\n", f.use(fr.defers), method, call)
}

// goStmt evaluates the function and the arguments now and starts the call in a goroutine that reports its panics.
func (f *fn) goStmt(n *ast.GoStmt) { f.emit("_gnb.Go(%s)\n", f.thunk(n.Call)) }

// thunk renders a func() that makes the call with operands evaluated now.
func (f *fn) thunk(c *ast.CallExpr) string {
	sig := types.NewSignatureType(nil, nil, nil, nil, nil, false)
	none := &ast.FuncType{Params: &ast.FieldList{}}
	if lit, ok := plainLiteral(c); ok {
		return f.literal(lit)
	}
	call := f.splitCall(c)
	return f.closure(none, sig, func() {
		f.emit("%s\n", call())
	})
}

// plainLiteral returns the literal that c calls, if that is a func() already.
func plainLiteral(c *ast.CallExpr) (*ast.FuncLit, bool) {
	lit, ok := ast.Unparen(c.Fun).(*ast.FuncLit)
	return lit, ok && len(c.Args) == 0 && lit.Type.Results == nil
}
