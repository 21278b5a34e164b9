package progen

import (
	"fmt"
	"strings"
)

// closure writes a literal that changes a variable around it, and calls of it.
func (g *generator) closure() {
	v, ok := g.target(whatever)
	if !ok || g.inFunc > 2 {
		g.define()
		return
	}
	labels := g.labels
	g.labels = nil
	g.inFunc++
	f, p := g.fresh("f"), g.fresh("p")
	t, r := g.simpleType(), g.simpleType()
	g.emit("%s := func(%s %s) %s {", f, p, t.name, r.name)
	mark := len(g.vars)
	g.vars = append(g.vars, variable{p, t, false})
	if g.n(3) == 0 {
		g.emit("defer func() { recover() }()")
	}
	g.emit("%s = %s", v.name, g.expr(v.t, 2))
	loops := g.loops
	g.loops = 1
	g.block(2)
	g.loops = loops
	g.emit("return %s\n}", g.expr(r, 2))
	g.vars = g.vars[:mark]
	g.labels = labels
	g.inFunc--
	res := g.fresh("v")
	switch g.n(4) {
	case 0:
		g.emit("defer %s(%s)", f, g.expr(t, 2))
		g.emit("var %s %s", res, r.name)
	case 1:
		g.emit("%s(%s)", f, g.expr(t, 2))
		g.emit("%s := %s(%s)", res, f, g.expr(t, 2))
	case 2:
		g.emit("%s := func() %s { return %s(%s) }()", res, r.name, f, g.expr(t, 2))
	default:
		g.emit("%s := %s(%s)", res, f, g.expr(t, 2))
	}
	g.emit("_ = %s", res)
	g.vars = append(g.vars, variable{res, r, false})
}

// mutate changes a slice, a map or a struct in place.
func (g *generator) mutate() {
	v, ok := g.target(func(t *typ) bool { return t.kind == slice || t.kind == mapping || t.setter != "" })
	if !ok {
		g.define()
		return
	}
	e := v.t.elem
	switch {
	case v.t.setter != "":
		g.emit("%s.%s(%s)", v.name, v.t.setter, g.expr(v.t.fields[0].t, 2))
	case v.t.kind == mapping:
		switch g.n(4) {
		case 0:
			g.emit("delete(%s, %s)", v.name, g.expr(v.t.key, 1))
		case 1:
			x, found := g.fresh("x"), g.fresh("ok")
			g.emit("%s, %s := %s[%s]\nfmt.Println(%s)", x, found, v.name, g.expr(v.t.key, 1), found)
			g.vars = append(g.vars, variable{x, e, true})
			g.emit("_ = %s", x)
		case 2:
			n := g.fresh("n")
			g.emit("%s := 0\nfor range %s {\n%s++\n}\nfmt.Println(%s, len(%s))", n, v.name, n, n, v.name)
		default:
			g.emit("if %s == nil {\n%s = %s{}\n}", v.name, v.name, v.t.name)
			if e.number() && g.n(2) == 0 {
				g.emit("%s[%s] += %s", v.name, g.leaf(v.t.key), g.operand(e, 1))
			} else {
				g.emit("%s[%s] = %s", v.name, g.leaf(v.t.key), g.expr(e, 2))
			}
		}
	default:
		switch g.n(5) {
		case 0:
			g.emit("%s = append(%s, %s)", v.name, v.name, g.expr(e, 2))
		case 1:
			g.emit("if len(%s) > 1 {\n%s[1] = %s\n%s = %s[1:]\n}", v.name, v.name, g.expr(e, 2), v.name, v.name)
		case 2:
			g.emit("fmt.Println(copy(%s, %s))", v.name, g.expr(v.t, 1))
		case 3:
			g.emit("for i := range %s {\n%s[i] = %s\n}", v.name, v.name, g.expr(e, 2))
		default:
			g.emit("clear(%s)", v.name)
		}
	}
}

// risk does one thing that may panic.
func (g *generator) risk() {
	x := g.fresh("x")
	i := fmt.Sprintf("int(%s&7)", g.expr(intType, 1))
	switch g.n(6) {
	case 0:
		if v, ok := g.target(func(t *typ) bool { return t.kind == slice || t.kind == array }); ok {
			g.emit("%s := %s\n_ = %s[%s]", x, i, v.name, x)
			return
		}
	case 1:
		if v, ok := g.target(func(t *typ) bool { return t.kind == slice || t.kind == text }); ok {
			y := g.fresh("y")
			g.emit("%s, %s := %s, %s\n_ = %s[%s:%s]", x, y, i, fmt.Sprintf("int(%s&7)", g.expr(intType, 1)), v.name, x, y)
			return
		}
	case 2:
		if v, ok := g.target(func(t *typ) bool { return t.kind == empty }); ok {
			g.emit("%s := %s.(%s)\n_ = %s", x, v.name, g.simpleOrNamed().name, x)
			return
		}
	case 3:
		t := g.pickType(numbers[:10])
		g.emit("%s := %s & 1\nfmt.Println(%s / %s)", x, g.expr(t, 2), g.expr(t, 1), x)
		return
	case 4:
		g.emit("if %s {\npanic(%s)\n}", g.expr(boolType, 2), g.expr(g.simpleType(), 2))
		return
	}
	g.emit("if %s {\npanic(fmt.Errorf(%q, %s))\n}", g.expr(boolType, 2), "wrong: %v", g.expr(g.simpleType(), 1))
}

// channels sends and receives where the outcome is certain.
func (g *generator) channels() {
	t := g.simpleOrNamed()
	c, x := g.fresh("c"), g.fresh("x")
	switch g.n(4) {
	case 0:
		g.emit("%s := make(chan %s, 2)\n%s <- %s\n%s <- %s\nclose(%s)", c, t.name, c, g.expr(t, 2), c, g.expr(t, 2), c)
		g.emit("for %s := range %s {\n_ = %s", x, c, x)
		g.vars = append(g.vars, variable{x, t, true})
		labels := g.labels
		g.labels = nil
		g.block(1)
		g.labels = labels
		g.vars = g.vars[:len(g.vars)-1]
		g.emit("}")
		return
	case 1:
		g.emit("%s := make(chan %s)\ngo func() { %s <- %s }()\n%s := <-%s", c, t.name, c, g.leaf(t), x, c)
	case 2:
		g.emit("%s := make(chan %s, 1)\nselect {\ncase %s <- %s:\ndefault:\nfmt.Println(%q)\n}", c, t.name, c, g.expr(t, 2), "full")
		g.emit("var %s %s\nselect {\ncase %s = <-%s:\ncase <-make(chan int):\n}", x, t.name, x, c)
	default:
		ok := g.fresh("ok")
		g.emit("%s := make(chan %s, 1)\nclose(%s)\n%s, %s := <-%s\nfmt.Println(%s)", c, t.name, c, x, ok, c, ok)
	}
	g.emit("_ = %s", x)
	g.vars = append(g.vars, variable{x, t, false})
}

// swap assigns several places at once.
func (g *generator) swap() {
	a, ok := g.target(whatever)
	if !ok {
		g.define()
		return
	}
	b, _ := g.target(func(t *typ) bool { return t.name == a.t.name })
	switch {
	case a.t.kind == array && g.n(2) == 0:
		g.emit("%s[0], %s[%d] = %s[%d], %s[0]", a.name, a.name, a.t.len-1, a.name, a.t.len-1, a.name)
	default:
		g.emit("%s, %s = %s, %s", a.name, b.name, b.name, a.name)
	}
}

// results defines several variables at once, by a function whose operands of return call what they like.
func (g *generator) results() {
	var names, types, operands []string
	var vars []variable
	for range 2 + g.n(2) {
		t, x := g.anyKind(), g.fresh("v")
		operand := g.expr(t, 2)
		if t.name == "int" || g.n(3) == 0 {
			t, operand = intType, g.length(1)
		}
		names, types, operands = append(names, x), append(types, t.name), append(operands, operand)
		vars = append(vars, variable{x, t, false})
	}
	g.emit("%s := func() (%s) {", strings.Join(names, ", "), strings.Join(types, ", "))
	if g.n(3) == 0 {
		g.emit("defer func() { recover() }()")
	}
	g.emit("return %s\n}()", strings.Join(operands, ", "))
	for _, x := range names {
		g.emit("_ = %s", x)
	}
	g.vars = append(g.vars, vars...)
}

// pointers changes a variable through its address.
func (g *generator) pointers() {
	v, ok := g.target(func(t *typ) bool { return t.kind != pointer })
	if !ok {
		g.define()
		return
	}
	p := g.fresh("p")
	g.emit("%s := &%s\n*%s = %s", p, v.name, p, g.expr(v.t, 2))
	switch {
	case v.t.kind == structure:
		f := v.t.fields[g.n(len(v.t.fields))]
		g.emit("%s.%s = %s", p, f.name, g.expr(f.t, 2))
		g.vars = append(g.vars, variable{p, &typ{name: "*" + v.t.name, kind: pointer, elem: v.t}, true})
	case v.t.kind == array:
		g.emit("%s[%d] = %s", p, g.n(v.t.len), g.expr(v.t.elem, 2))
	case v.t.number():
		g.emit("*%s += %s", p, g.operand(v.t, 1))
	}
}

// generics uses the generic declarations of the prelude.
func (g *generator) generics() {
	k, t := g.keyType(), g.simpleOrNamed()
	x := g.fresh("x")
	switch g.n(3) {
	case 0:
		g.emit("%s := pairOf(%s, %s)\n%s.set(%s)", x, g.expr(k, 2), g.expr(t, 2), x, g.expr(t, 2))
		if t.shown() {
			g.emit("fmt.Printf(%q, %s, %s, %s.key)", "%v %T %v\n", x, x, x)
		}
	case 1:
		g.emit("%s := fold([]%s{%s, %s}, %s, func(a %s, x %s) %s {", x, k.name, g.expr(k, 1), g.expr(k, 1), g.expr(t, 1), t.name, k.name, t.name)
		g.emit("if x == %s {\nreturn %s\n}\nreturn a\n})\n_ = %s", g.expr(k, 1), g.expr(t, 1), x)
		g.vars = append(g.vars, variable{x, t, false})
	default:
		g.emit("%s := map[pair[%s, int]]%s{}\n%s[pairOf(%s, 1)] = %s", x, k.name, t.name, x, g.expr(k, 2), g.expr(t, 1))
		if t.shown() {
			g.emit("fmt.Println(%s)", x)
		}
	}
}
