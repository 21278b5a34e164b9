package cell

import (
	"go/ast"
	"go/types"
	"strings"
)

// display writes the cell's last expression and the publication of its value.
func (f *fn) display(x ast.Expr) {
	tv := f.info.Types[x]
	switch {
	case tv.IsType():
		f.l.refuse(x.Pos(), "%s is a type, not a value", types.ExprString(x))
	case tv.IsBuiltin():
		f.l.refuse(x.Pos(), "%s is a builtin, not a value", types.ExprString(x))
	case tv.IsVoid(), f.prints(x):
		f.exprStmt(x)
		return
	case f.isNil(x):
		f.emit("_gnb.Result(nil)\n")
		return
	}
	if tup, ok := tv.Type.(*types.Tuple); ok {
		if tup.Len() == 0 {
			f.exprStmt(x)
			return
		}
		values := f.tuple(x, nil)
		for i := range values {
			values[i] = f.asAny(values[i], tup.At(i).Type())
		}
		f.emit("_gnb.Result(%s)\n", joinNames(values))
		return
	}
	f.emit("_gnb.Result(%s)\n", f.valueAs(x, anyType))
}

// prints reports whether x is a call of fmt.Print and its like, whose results nobody wants to see.
func (f *fn) prints(x ast.Expr) bool {
	c, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	o, ok := f.info.Uses[s.Sel].(*types.Func)
	return ok && o.Pkg() != nil && o.Pkg().Path() == "fmt" && (strings.HasPrefix(o.Name(), "Print") || strings.HasPrefix(o.Name(), "Fprint"))
}
