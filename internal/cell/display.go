package cell

import (
	"go/ast"
	"go/constant"
	"go/types"
	"math"
	"strings"
)

// display writes the cell's last expression and the publication of its value.
func (f *fn) display(x ast.Expr) {
	tv := f.info.Types[x]
	switch {
	case tv.IsVoid(), f.prints(x):
		f.exprStmt(x)
		return
	case f.isNil(x):
		f.emit("_gnb.Result(nil)\n")
		return
	case overflows(tv):
		f.l.refuse(x.Pos(), "%s (%s constant %s) overflows %s: convert it to a type that holds it", types.ExprString(x), tv.Type, tv.Value, types.Default(tv.Type))
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

// overflows reports whether x is an untyped constant that the type it would get as a value does not hold.
func overflows(x types.TypeAndValue) bool {
	if x.Value == nil || types.Default(x.Type) == x.Type {
		return false
	}
	switch types.Default(x.Type).(*types.Basic).Kind() {
	case types.Int:
		_, fits := constant.Int64Val(x.Value)
		return !fits
	case types.Float64:
		v, _ := constant.Float64Val(x.Value)
		return math.IsInf(v, 0)
	case types.Complex128:
		re, _ := constant.Float64Val(constant.Real(x.Value))
		im, _ := constant.Float64Val(constant.Imag(x.Value))
		return math.IsInf(re, 0) || math.IsInf(im, 0)
	}
	return false
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
