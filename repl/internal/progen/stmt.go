package progen

import (
	"fmt"
	"strings"
)

const exprDepth = 3

func (g *generator) declareFunc() {
	f := function{name: g.global("f"), result: g.anyKind()}
	for range g.n(4) {
		f.params = append(f.params, g.anyKind())
	}
	g.function(f)
	g.funcs = append(g.funcs, f)
}

// function writes a function or method.
func (g *generator) function(f function) {
	g.vars, g.labels, g.loops, g.result, g.budget = nil, nil, 0, f.result, 4
	recv := ""
	if f.recv != nil {
		g.vars = append(g.vars, variable{"t", f.recv, true})
		recv = "(t " + f.recv.name + ") "
	}
	var params []string
	for i, p := range f.params {
		v := variable{fmt.Sprintf("p%d", i), p, p.kind == slice || p.kind == mapping || p.kind == pointer}
		g.vars = append(g.vars, v)
		params = append(params, v.name+" "+p.name)
	}
	named := g.n(4) == 0 && f.result.kind != pointer
	result := f.result.name
	if named {
		result = "(r " + result + ")"
		g.vars = append(g.vars, variable{"r", f.result, false})
	}
	g.emit("func %s%s(%s) %s {", recv, f.name, strings.Join(params, ", "), result)
	if named {
		g.emit("defer func() {")
		if g.n(2) == 0 {
			g.emit("if e := recover(); e != nil {\nr = %s\n}", g.expr(f.result, 1))
		}
		g.emit("r = %s\n}()", g.expr(f.result, 2))
	}
	g.block(2 + g.n(3))
	g.emit("return %s\n}", g.expr(f.result, exprDepth))
	g.flush()
}

func (g *generator) declareMain() {
	g.vars, g.labels, g.loops, g.result = nil, nil, 0, nil
	var global []variable
	for range g.n(3) {
		v := variable{g.global("v"), g.anyKind(), false}
		g.emit("var %s %s = %s", v.name, v.t.name, g.literal(v.t, 0))
		g.flush()
		global = append(global, v)
	}
	g.emit("func main_%d() {", g.id)
	for i := range 3 + g.n(4) {
		g.vars, g.budget = global, 12
		g.emit("try(%q, func() {", fmt.Sprint("part ", i))
		g.inFunc++
		g.block(4 + g.n(4))
		g.print()
		g.inFunc--
		g.emit("})")
	}
	g.vars = global
	g.print()
	g.emit("}")
	g.flush()
}

// block writes statements whose variables end with it.
func (g *generator) block(n int) {
	mark := len(g.vars)
	for range n {
		if g.budget <= 0 {
			break
		}
		g.budget--
		g.stmt()
	}
	g.vars = g.vars[:mark]
}

func (g *generator) body(n int) {
	g.block(n)
	g.emit("}")
}

func (g *generator) stmt() {
	switch g.n(25) {
	case 0, 1, 2, 3:
		g.define()
	case 4, 5, 6:
		g.assign()
	case 7, 8:
		g.print()
	case 9:
		g.emit("if %s {", g.expr(boolType, 2))
		g.block(2)
		if g.n(2) == 0 {
			g.emit("} else {")
			g.block(2)
		}
		g.emit("}")
	case 10, 11, 12:
		g.loop()
	case 13:
		g.switchStmt()
	case 14:
		g.typeSwitch()
	case 15, 16:
		g.closure()
	case 17:
		g.mutate()
	case 18:
		g.risk()
	case 19:
		g.channels()
	case 20:
		g.swap()
	case 21:
		g.pointers()
	case 22:
		g.generics()
	case 23:
		g.results()
	default:
		g.jump()
	}
}

// define declares a variable.
func (g *generator) define() {
	t := g.anyKind()
	name := g.fresh("v")
	switch g.n(3) {
	case 0:
		g.emit("var %s %s", name, t.name)
	case 1:
		g.emit("var %s %s = %s", name, t.name, g.expr(t, exprDepth))
	default:
		g.emit("%s := %s", name, g.typed(t, g.expr(t, exprDepth)))
	}
	if g.n(3) == 0 && t.kind == pointer {
		g.emit("%s = %s", name, g.expr(t, 1))
	} else if t.kind == pointer {
		g.emit("if %s == nil {\n%s = %s\n}", name, name, g.literal(t, 1))
	}
	g.emit("_ = %s", name)
	g.vars = append(g.vars, variable{name, t, false})
}

// target finds a variable that may be assigned.
func (g *generator) target(ok func(*typ) bool) (variable, bool) {
	var found []variable
	for _, v := range g.vars {
		if !v.readonly && ok(v.t) {
			found = append(found, v)
		}
	}
	if len(found) == 0 {
		return variable{}, false
	}
	return found[g.n(len(found))], true
}

func whatever(*typ) bool { return true }

func (g *generator) assign() {
	v, ok := g.target(whatever)
	if !ok {
		g.define()
		return
	}
	t, place := v.t, v.name
	switch {
	case t.kind == structure && g.n(2) == 0:
		f := t.fields[g.n(len(t.fields))]
		place, t = place+"."+f.name, f.t
	case t.kind == array && g.n(2) == 0:
		place, t = fmt.Sprintf("%s[%d]", place, g.n(t.len)), t.elem
	}
	switch {
	case t.integer() && g.n(3) == 0:
		g.emit("%s%s", place, []string{"++", "--"}[g.n(2)])
	case t.integer() && g.n(3) == 0:
		g.emit("%s %s= (%s & 15)", place, []string{"<<", ">>"}[g.n(2)], g.expr(g.pickType(numbers[:10]), 1))
	case t.number() && g.n(2) == 0:
		g.emit("%s %s= %s", place, []string{"+", "-", "*"}[g.n(3)], g.operand(t, 2))
	case v.t.kind == text && g.n(2) == 0:
		g.emit("%s += %s", place, g.operand(t, 2))
	default:
		g.emit("%s = %s", place, g.expr(t, exprDepth))
	}
	if v.t.kind == text {
		g.emit("if len(%s) > 40 {\n%s = %s[:7]\n}", v.name, v.name, v.name)
	}
}

// print shows some variables.
func (g *generator) print() {
	args := []string{fmt.Sprintf("%q", g.fresh("at "))}
	for range 1 + g.n(3) {
		v, ok := g.target((*typ).shown)
		if !ok {
			break
		}
		switch g.n(8) {
		case 0:
			args = append(args, fmt.Sprintf("fmt.Sprintf(%q, %s, %s)", "%T %#v", v.name, v.name))
		case 1:
			args = append(args, fmt.Sprintf("fmt.Sprintf(%q, %s)", "%+v", v.name))
		default:
			args = append(args, v.name)
		}
	}
	if len(args) == 1 {
		args = append(args, g.expr(g.simpleType(), exprDepth))
	}
	g.emit("fmt.Println(%s)", strings.Join(args, ", "))
}

// loop writes a loop that ends soon.
func (g *generator) loop() {
	if g.loops >= 2 {
		g.assign()
		return
	}
	g.loops++
	defer func() { g.loops-- }()
	label := ""
	if g.n(3) == 0 {
		label = g.fresh("L")
		g.emit("%s:", label)
	}
	mark := len(g.vars)
	defer func() { g.vars = g.vars[:mark] }()
	g.labels = append(g.labels, label)
	defer func() { g.labels = g.labels[:len(g.labels)-1] }()
	bind := func(name string, t *typ) {
		g.vars = append(g.vars, variable{name, t, t.kind == slice || t.kind == mapping})
	}
	i, x := g.fresh("i"), g.fresh("x")
	used := ""
	switch g.n(7) {
	case 0:
		g.emit("for %s := 0; %s < %d; %s++ {", i, i, 1+g.n(4), i)
		g.vars = append(g.vars, variable{i, intType, true})
		used = i
	case 1:
		g.emit("for %s := range %d {", i, g.n(4))
		bind(i, intType)
		used = i
	case 2:
		t := g.pickType(numbers[:10])
		g.emit("for %s := range %s(%d) {", i, t.name, g.n(4))
		bind(i, t)
		used = i
	case 3:
		t := &typ{kind: slice, elem: g.simpleOrNamed()}
		t.name = "[]" + t.elem.name
		g.emit("for %s, %s := range %s {", i, x, g.expr(t, 2))
		bind(i, intType)
		bind(x, t.elem)
		used = i + ", " + x
	case 4:
		g.emit("for %s, %s := range %s {", i, x, g.expr(stringType, 2))
		bind(i, intType)
		bind(x, numbers[3])
		used = i + ", " + x
	case 5:
		t := &typ{kind: slice, elem: g.simpleOrNamed()}
		t.name = "[]" + t.elem.name
		g.emit("for %s, %s := range each(%s) {", i, x, g.expr(t, 2))
		bind(i, intType)
		bind(x, t.elem)
		used = i + ", " + x
	default:
		g.emit("for %s := range count(int8(%d)) {", i, g.n(4))
		bind(i, numbers[1])
		used = i
	}
	g.emit("_%s = %s", strings.Repeat(", _", strings.Count(used, ",")), used)
	g.body(3)
	if label != "" && !strings.Contains(g.out.String(), " "+label+"\n") {
		g.unlabel(label)
	}
}

// unlabel removes a label that no statement names.
func (g *generator) unlabel(label string) {
	text := strings.Replace(g.out.String(), label+":\n", "", 1)
	g.out.Reset()
	g.out.WriteString(text)
}

func (g *generator) jump() {
	if g.loops == 0 || g.inLiteral() {
		g.print()
		return
	}
	word := []string{"break", "continue"}[g.n(2)]
	label := g.labels[g.n(len(g.labels))]
	g.emit("if %s {\n%s %s\n}", g.expr(boolType, 2), word, label)
}

// inLiteral reports whether the loops around are outside the innermost function literal.
func (g *generator) inLiteral() bool { return len(g.labels) == 0 }

func (g *generator) switchStmt() {
	t := g.simpleType()
	if t.kind == boolean || g.n(3) == 0 {
		g.emit("switch {\ncase %s:", g.expr(boolType, 2))
		g.block(2)
		g.emit("case %s, %s:", g.expr(boolType, 2), g.expr(boolType, 1))
	} else {
		g.emit("switch %s {\ncase %s:", g.expr(t, 2), g.expr(t, 1))
		g.block(2)
		if g.n(3) == 0 {
			g.emit("fallthrough")
		}
		g.emit("case %s, %s:", g.expr(t, 1), g.expr(t, 1))
	}
	g.block(2)
	if g.n(2) == 0 {
		g.emit("default:")
		g.block(2)
	}
	g.emit("}")
}

func (g *generator) typeSwitch() {
	x := g.fresh("x")
	v, ok := g.target(func(t *typ) bool { return t.kind == empty || t.kind == iface })
	operand := v.name
	if !ok {
		operand = g.expr(anyType, 2)
		v.t = anyType
	}
	g.emit("switch %s := %s.(type) {", x, operand)
	seen := map[string]bool{}
	clause := func(t *typ) {
		if seen[t.name] || v.t.kind == iface && t.name != v.t.elem.name {
			return
		}
		seen[t.name] = true
		g.emit("case %s:\n_ = %s", t.name, x)
		mark := len(g.vars)
		g.vars = append(g.vars, variable{x, t, false})
		g.block(2)
		g.print()
		g.vars = g.vars[:mark]
	}
	for range 2 {
		clause(g.simpleType())
		clause(g.pickType(g.types))
	}
	if v.t.kind == empty {
		for _, i := range g.ifaces {
			clause(i)
		}
		g.emit("case nil, error:\nfmt.Println(%q, %s)", "nil or error", x)
	}
	g.emit("default:\n_ = %s", x)
	g.block(1)
	g.emit("}")
}
