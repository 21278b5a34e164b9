package cell

import (
	"fmt"
	"go/ast"
	"go/types"
)

// sizes are those of the platforms that groupnb runs on.
var sizes = types.SizesFor("gc", "amd64")

// unsafeCall renders a call of package unsafe that is not a constant of the source; the backend has few of them.
func (f *fn) unsafeCall(c *ast.CallExpr, name string) string {
	arg := func(i int) string { return f.expr(c.Args[i]) }
	count := func() string { return "int(" + arg(1) + ")" } // of any integer type
	t := f.typeOf(c.Args[0])
	switch name {
	case "Sizeof":
		return fmt.Sprintf("uintptr(%d)", sizes.Sizeof(t))
	case "Alignof":
		return fmt.Sprintf("uintptr(%d)", sizes.Alignof(t))
	case "Slice":
		return f.l.op("SliceAt", "("+f.l.spell(t, "")+", int) "+f.l.spell(f.typeOf(c), "")) + "(" + arg(0) + ", " + count() + ")"
	case "SliceData":
		return f.l.op("SliceData", "("+f.l.spell(t, "")+") "+f.l.spell(f.typeOf(c), "")) + "(" + arg(0) + ")"
	case "StringData":
		return "_gnb.StringData(" + f.valueAs(c.Args[0], types.Typ[types.String]) + ")"
	}
	return "_gnb.Unsafe" + name + "(" + arg(0) + ", " + count() + ")"
}
