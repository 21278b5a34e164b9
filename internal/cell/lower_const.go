package cell

import (
	"fmt"
	"go/constant"
	"go/types"
	"strconv"
	"strings"
)

// constant renders a constant of type t. All constant expressions are folded here.
func (f *fn) constant(v constant.Value, t types.Type) string {
	b, ok := t.Underlying().(*types.Basic)
	if !ok { // untyped constant in an interface: go/types has given it its default type, but not inside generics
		b = types.Default(untypedOf(v)).(*types.Basic)
		t = b
	}
	b = types.Default(b).(*types.Basic)
	if u, ok := t.(*types.Basic); ok {
		t = types.Default(u)
	}
	text := literal(v, b)
	switch {
	case t == types.Typ[types.Int], t == types.Typ[types.String], t == types.Typ[types.Bool]:
		return text
	}
	return f.l.typ(t) + "(" + text + ")"
}

func untypedOf(v constant.Value) types.Type {
	switch v.Kind() {
	case constant.Bool:
		return types.Typ[types.UntypedBool]
	case constant.String:
		return types.Typ[types.UntypedString]
	case constant.Int:
		return types.Typ[types.UntypedInt]
	case constant.Float:
		return types.Typ[types.UntypedFloat]
	}
	return types.Typ[types.UntypedComplex]
}

// literal renders v as a literal for a value of basic type b.
func literal(v constant.Value, b *types.Basic) string {
	switch info := b.Info(); {
	case info&types.IsBoolean != 0:
		return strconv.FormatBool(constant.BoolVal(v))
	case info&types.IsString != 0:
		return strconv.Quote(constant.StringVal(v))
	case info&types.IsInteger != 0:
		s := constant.ToInt(v).ExactString()
		if s[0] == '-' {
			return "(" + s + ")"
		}
		return s
	case info&types.IsFloat != 0:
		return floatLiteral(v, b.Kind() == types.Float32)
	case info&types.IsComplex != 0:
		c := constant.ToComplex(v)
		return fmt.Sprintf("complex(float64(%s), float64(%s))", floatLiteral(constant.Real(c), false), floatLiteral(constant.Imag(c), false))
	}
	return v.ExactString()
}

func floatLiteral(v constant.Value, single bool) string {
	x, _ := constant.Float64Val(constant.ToFloat(v))
	bits := 64
	if single {
		s, _ := constant.Float32Val(constant.ToFloat(v))
		x, bits = float64(s), 32
	}
	s := strconv.FormatFloat(x, 'g', -1, bits)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	if s[0] == '-' {
		return "(" + s + ")"
	}
	return s
}
