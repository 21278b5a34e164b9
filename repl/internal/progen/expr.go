package progen

import (
	"fmt"
	"strconv"
	"strings"
)

// expr writes an expression of type t that has no effect. It is not constant, as constants overflow at compile time.
func (g *generator) expr(t *typ, depth int) string {
	if depth <= 0 || g.n(4) == 0 {
		if v, ok := g.variable(t); ok {
			return v
		}
		return g.leaf(t)
	}
	if g.n(4) == 0 {
		if s, ok := g.generalExpr(t, depth-1); ok {
			return s
		}
	}
	switch t.kind {
	case signed, unsigned, float, complexNumber:
		return g.numberExpr(t, depth-1)
	case boolean:
		return g.boolExpr(depth - 1)
	case text:
		return g.textExpr(depth - 1)
	case slice:
		return g.sliceExpr(t, depth-1)
	case pointer:
		return "&" + g.literal(t.elem, depth-1)
	case empty:
		return "any(" + g.expr(g.simpleOrNamed(), depth-1) + ")"
	}
	return g.literal(t, depth-1)
}

func (g *generator) simpleOrNamed() *typ {
	if g.n(2) == 0 {
		return g.simpleType()
	}
	return g.pickType(g.types)
}

// variable finds a variable of the type, or a part of one.
func (g *generator) variable(t *typ) (string, bool) {
	var found []string
	for _, v := range g.vars {
		if v.t.name == t.name {
			found = append(found, v.name, v.name)
		}
		switch v.t.kind {
		case structure, pointer:
			fields := v.t.fields
			if v.t.kind == pointer {
				fields = v.t.elem.fields
			}
			for _, f := range fields {
				if f.t.name == t.name {
					found = append(found, v.name+"."+f.name)
				}
			}
		case array:
			if v.t.elem.name == t.name {
				found = append(found, fmt.Sprintf("%s[%d]", v.name, g.n(v.t.len)))
			}
		case slice:
			if v.t.elem.name == t.name {
				found = append(found, fmt.Sprintf("at(%s, %d)", v.name, g.n(5)))
			}
		case mapping:
			if v.t.elem.name == t.name {
				found = append(found, fmt.Sprintf("%s[%s]", v.name, g.leaf(v.t.key)))
			}
		}
	}
	if len(found) == 0 {
		return "", false
	}
	return found[g.n(len(found))], true
}

// leaf writes a value without looking further.
func (g *generator) leaf(t *typ) string {
	if t.number() || t.kind == text || t.kind == boolean {
		return "same(" + t.name + "(" + g.constant(t) + "))"
	}
	return g.literal(t, 0)
}

var integers = []int64{0, 1, 2, 3, 7, -1, -2, 100, 127, -128, 128, 255, 256, 32767, -32768, 65535, 1 << 31, -1 << 31, 1<<63 - 1, -1 << 63}

// constant writes a constant for a value of a basic type.
func (g *generator) constant(t *typ) string {
	switch t.kind {
	case signed:
		for {
			if x := integers[g.n(len(integers))]; x>>(t.bits-1) == 0 || x>>(t.bits-1) == -1 {
				return strconv.FormatInt(x, 10)
			}
		}
	case unsigned:
		for {
			if x := integers[g.n(len(integers))]; x >= 0 && (t.bits == 64 || x>>t.bits == 0) {
				return strconv.FormatInt(x, 10)
			}
		}
	case float:
		return []string{"0", "1", "-1.5", "0.1", "1e10", "-0.25", "3", "1e-7", "16777217"}[g.n(9)]
	case complexNumber:
		return []string{"0", "1", "2i", "1-1i", "0.5+3i"}[g.n(5)]
	case boolean:
		return []string{"false", "true"}[g.n(2)]
	}
	return strconv.Quote([]string{"", "a", "abc", "héllo", "日本", "x y", "\xff!", "0"}[g.n(8)])
}

// operand writes a right operand, which may be a constant.
func (g *generator) operand(t *typ, depth int) string {
	if g.n(3) == 0 {
		return t.name + "(" + g.constant(t) + ")"
	}
	return g.expr(t, depth)
}

func (g *generator) numberExpr(t *typ, depth int) string {
	x := g.expr(t, depth)
	switch g.n(12) {
	case 0, 1:
		return "(" + x + " + " + g.operand(t, depth) + ")"
	case 2:
		return "(" + x + " - " + g.operand(t, depth) + ")"
	case 3:
		return "(" + x + " * " + g.operand(t, depth) + ")"
	case 4:
		return "(-" + x + ")"
	case 5:
		if t.integer() {
			return fmt.Sprintf("(%s %s (%s | 1))", x, []string{"/", "%"}[g.n(2)], g.expr(t, depth))
		}
		return "(" + x + " / " + g.expr(t, depth) + ")"
	case 6:
		if t.integer() {
			return fmt.Sprintf("(%s %s %s)", x, []string{"&", "|", "^", "&^"}[g.n(4)], g.operand(t, depth))
		}
	case 7:
		if t.integer() {
			c := []*typ{intType, numbers[6], numbers[5], numbers[9]}[g.n(4)]
			return fmt.Sprintf("(%s %s (%s & 127))", x, []string{"<<", ">>"}[g.n(2)], g.expr(c, depth))
		}
	case 8:
		if t.integer() {
			return "(^" + x + ")"
		}
	case 9:
		return g.conversion(t, depth)
	case 10:
		if t.kind != complexNumber {
			return fmt.Sprintf("%s(%s, %s)", []string{"min", "max"}[g.n(2)], x, g.expr(t, depth))
		}
		part := "float64"
		if t.bits == 64 {
			part = "float32"
		}
		return fmt.Sprintf("%s(complex(%s(%s), %s(%s)))", t.name, part, g.expr(numbers[10], depth), part, g.expr(numbers[11], depth))
	case 11:
		if t.name == "int" {
			return g.length(depth)
		}
	}
	return x
}

func (g *generator) length(depth int) string {
	for _, v := range g.vars {
		switch v.t.kind {
		case slice, array, mapping, text:
			if g.n(2) == 0 {
				return "len(" + v.name + ")"
			}
		}
	}
	return "len(" + g.expr(stringType, depth) + ")"
}

// conversion converts another number to t; floats are brought into a range where the language says what happens.
func (g *generator) conversion(t *typ, depth int) string {
	from := g.pickType(numbers)
	switch {
	case t.kind == complexNumber:
		for from.kind != complexNumber {
			from = g.pickType(numbers[12:])
		}
	case from.kind == complexNumber:
		from = numbers[10]
	}
	x := g.expr(from, depth)
	if t.integer() && from.kind == float {
		x = "clamp(" + x + ")"
	}
	return t.name + "(" + x + ")"
}

func (g *generator) boolExpr(depth int) string {
	switch g.n(6) {
	case 0:
		return "(!" + g.expr(boolType, depth) + ")"
	case 1:
		return fmt.Sprintf("(%s %s %s)", g.expr(boolType, depth), []string{"&&", "||", "==", "!="}[g.n(4)], g.expr(boolType, depth))
	case 2:
		for _, t := range g.types {
			if t.comparable() && t.kind != boolean && g.n(2) == 0 {
				return fmt.Sprintf("(%s == %s)", g.expr(t, depth), g.expr(t, depth))
			}
		}
	case 3:
		a := "any(" + g.expr(g.comparableType(), depth) + ")"
		return fmt.Sprintf("(%s == any(%s))", a, g.expr(g.comparableType(), depth))
	}
	t := g.simpleType()
	ops := []string{"==", "!=", "<", "<=", ">", ">="}
	if !t.ordered() {
		ops = ops[:2]
	}
	return fmt.Sprintf("(%s %s %s)", g.expr(t, depth), ops[g.n(len(ops))], g.operand(t, depth))
}

func (g *generator) comparableType() *typ {
	if t := g.pickType(g.types); t.comparable() {
		return t
	}
	return g.simpleType()
}

// textExpr writes a string; what makes one longer is cut short, so that none grows from turn to turn of a loop.
func (g *generator) textExpr(depth int) string {
	x := g.expr(stringType, depth)
	switch g.n(7) {
	case 0, 1:
		return "short(" + x + " + " + g.operand(stringType, depth) + ")"
	case 2:
		return "short(string([]rune(" + x + ")))"
	case 3:
		return "string([]byte(" + x + "))"
	case 4:
		t := g.simpleOrNamed()
		if t.shown() {
			return fmt.Sprintf("short(fmt.Sprintf(%q, %s))", []string{"%v", "%T", "%+v", "%#v"}[g.n(4)], g.expr(t, depth))
		}
	case 5:
		return fmt.Sprintf("short(strings.ToUpper(%s))", x)
	case 6:
		return fmt.Sprintf("short(strings.Repeat(%s, int(%s&3)))", x, g.expr(numbers[6], depth))
	}
	return x
}

func (g *generator) sliceExpr(t *typ, depth int) string {
	switch g.n(4) {
	case 0:
		return fmt.Sprintf("append(%s(nil), %s, %s)", t.paren(), g.expr(t.elem, depth), g.expr(t.elem, depth))
	case 1:
		return fmt.Sprintf("append(%s{}, %s...)", t.name, g.expr(t, depth))
	case 2:
		return fmt.Sprintf("make(%s, %d, %d)", t.name, g.n(3), 2+g.n(3))
	}
	return g.literal(t, depth)
}

func (t *typ) paren() string {
	if t.named {
		return t.name
	}
	return "(" + t.name + ")"
}

// generalExpr writes an expression that any type may have.
func (g *generator) generalExpr(t *typ, depth int) (string, bool) {
	switch g.n(6) {
	case 0:
		for _, f := range g.funcs {
			if f.result.name == t.name && g.n(2) == 0 {
				return g.call(f, depth), true
			}
		}
	case 1:
		p := g.simpleType()
		mark := len(g.vars)
		name := g.fresh("p")
		arg := g.expr(p, depth)
		g.vars = append(g.vars, variable{name: name, t: p})
		body := g.expr(t, depth)
		g.vars = g.vars[:mark]
		return fmt.Sprintf("func(%s %s) %s { return %s }(%s)", name, p.name, t.name, body, arg), true
	case 2:
		return "same(" + g.typed(t, g.expr(t, depth)) + ")", true
	case 3:
		return fmt.Sprintf("pick(%s, %s, %s)", g.expr(boolType, depth), g.typed(t, g.expr(t, depth)), g.typed(t, g.expr(t, depth))), true
	case 4:
		if t.kind != empty && t.kind != iface {
			return "any(" + g.typed(t, g.expr(t, depth)) + ").(" + t.name + ")", true
		}
	case 5:
		for _, v := range g.vars {
			for _, m := range v.t.methods {
				if m.result.name == t.name && v.t.kind != iface && g.n(2) == 0 {
					return g.methodCall(v, m, depth), true
				}
			}
		}
	}
	return "", false
}

// methodCall calls a method of a variable: directly, as a method value or as a method expression.
func (g *generator) methodCall(v variable, m function, depth int) string {
	args := g.args(m, depth)
	switch g.n(4) {
	case 0:
		return "same(" + v.name + "." + m.name + ")(" + args + ")"
	case 1:
		if args != "" {
			args = ", " + args
		}
		return v.t.name + "." + m.name + "(" + v.name + args + ")"
	}
	return v.name + "." + m.name + "(" + args + ")"
}

// typed makes sure that an expression has its type where none is expected.
func (g *generator) typed(t *typ, x string) string {
	if t.kind == empty || t.kind == iface {
		return t.name + "(" + x + ")"
	}
	return x
}

func (g *generator) call(f function, depth int) string {
	if f.recv != nil {
		return g.literal(f.recv, 0) + "." + f.name + "(" + g.args(f, depth) + ")"
	}
	return f.name + "(" + g.args(f, depth) + ")"
}

func (g *generator) args(f function, depth int) string {
	var args []string
	for _, p := range f.params {
		args = append(args, g.expr(p, depth))
	}
	return strings.Join(args, ", ")
}

// literal writes a composite literal, or a conversion for what has none.
func (g *generator) literal(t *typ, depth int) string {
	var parts []string
	switch t.kind {
	case structure:
		for _, f := range t.fields {
			if g.n(5) > 0 || depth == 0 {
				parts = append(parts, f.name+": "+g.value(f.t, depth))
			}
		}
	case slice:
		for range g.n(4) {
			parts = append(parts, g.value(t.elem, depth))
		}
	case array:
		for range g.n(t.len + 1) {
			parts = append(parts, g.value(t.elem, depth))
		}
	case mapping:
		for i := range g.n(3) {
			parts = append(parts, fmt.Sprintf("%s: %s", g.distinctKey(t.key, i), g.value(t.elem, depth)))
		}
	case pointer:
		return "&" + g.literal(t.elem, depth)
	case iface:
		return t.name + "(" + g.value(t.elem, depth) + ")"
	case empty:
		return "any(" + g.value(g.simpleType(), depth) + ")"
	default:
		return t.name + "(" + g.constant(t) + ")"
	}
	return t.name + "{" + strings.Join(parts, ", ") + "}"
}

// distinctKey writes the i-th of different constants.
func (g *generator) distinctKey(t *typ, i int) string {
	switch t.kind {
	case text:
		return strconv.Quote([]string{"a", "b", "c"}[i])
	case boolean:
		return "same(" + t.name + "(" + []string{"true", "false", "true"}[i] + "))"
	}
	return fmt.Sprintf("%s(%d)", t.name, i)
}

func (g *generator) value(t *typ, depth int) string {
	if depth > 0 {
		return g.expr(t, depth-1)
	}
	return g.literal(t, 0)
}
