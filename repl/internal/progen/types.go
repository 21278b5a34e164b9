package progen

import (
	"fmt"
	"strings"
)

type kind int

const (
	signed kind = iota
	unsigned
	float
	complexNumber
	boolean
	text
	slice
	array
	mapping
	structure
	pointer
	iface
	empty // the empty interface
)

type typ struct {
	name    string
	kind    kind
	bits    int
	elem    *typ
	key     *typ
	len     int
	fields  []variable
	methods []function // with value receivers
	setter  string     // a method with a pointer receiver that takes the first field; "" if there is none
	named   bool
}

func basic(name string, k kind, bits int) *typ { return &typ{name: name, kind: k, bits: bits} }

var (
	intType    = basic("int", signed, 64)
	stringType = basic("string", text, 0)
	boolType   = basic("bool", boolean, 0)
	anyType    = basic("any", empty, 0)
)

var numbers = []*typ{
	intType, basic("int8", signed, 8), basic("int16", signed, 16), basic("int32", signed, 32), basic("int64", signed, 64),
	basic("uint", unsigned, 64), basic("uint8", unsigned, 8), basic("uint16", unsigned, 16), basic("uint32", unsigned, 32), basic("uint64", unsigned, 64),
	basic("float64", float, 64), basic("float32", float, 32), basic("complex128", complexNumber, 128), basic("complex64", complexNumber, 64),
}

func (t *typ) number() bool  { return t.kind <= complexNumber }
func (t *typ) integer() bool { return t.kind <= unsigned }
func (t *typ) ordered() bool { return t.kind <= float || t.kind == text }

// comparable reports whether == can't panic.
func (t *typ) comparable() bool {
	switch t.kind {
	case slice, mapping, empty, iface, pointer:
		return false
	case array:
		return t.elem.comparable()
	case structure:
		for _, f := range t.fields {
			if !f.t.comparable() {
				return false
			}
		}
	}
	return true
}

// shown reports whether printing a value tells no address.
func (t *typ) shown() bool {
	switch t.kind {
	case pointer:
		return false
	case slice, array, iface:
		return t.elem.shown()
	case mapping:
		return t.elem.shown() && t.key.shown()
	case structure:
		for _, f := range t.fields {
			if !f.t.shown() {
				return false
			}
		}
	}
	return true
}

func (g *generator) declareTypes() {
	for range 2 + g.n(3) {
		g.declareType()
	}
	if g.n(2) == 0 {
		g.declareInterface()
	}
}

func (g *generator) declareType() {
	t := &typ{named: true, name: g.global("T")}
	switch g.n(4) {
	case 0, 1:
		t.kind = structure
		var b strings.Builder
		for i := range 1 + g.n(3) {
			f := variable{name: fmt.Sprintf("%s%d", []string{"f", "F"}[g.n(2)], i), t: g.fieldType()}
			t.fields = append(t.fields, f)
			fmt.Fprintf(&b, "\t%s %s\n", f.name, f.t.name)
		}
		if e := g.namedType(structure); e != nil && g.n(3) == 0 {
			t.fields = append(t.fields, variable{name: e.name, t: e})
			fmt.Fprintf(&b, "\t%s\n", e.name)
		}
		g.emit("type %s struct {\n%s}", t.name, b.String())
	case 2:
		u := g.pickType(numbers)
		t.kind, t.bits = u.kind, u.bits
		g.emit("type %s %s", t.name, u.name)
	default:
		u := g.composite()
		n := t.name
		*t = *u
		t.name, t.named = n, true
		g.emit("type %s %s", t.name, u.name)
	}
	g.flush()
	g.types = append(g.types, t)
	for range g.n(3) {
		g.declareMethod(t)
	}
	if t.kind == structure && g.n(2) == 0 {
		t.setter = g.fresh("set")
		g.emit("func (t *%s) %s(v %s) { t.%s = v }", t.name, t.setter, t.fields[0].t.name, t.fields[0].name)
		g.flush()
	}
}

func (g *generator) namedType(k kind) *typ {
	for _, t := range g.types {
		if t.kind == k && g.n(2) == 0 {
			return t
		}
	}
	return nil
}

func (g *generator) declareMethod(t *typ) {
	m := function{name: g.fresh("m"), result: g.simpleType(), params: []*typ{g.simpleType()}, recv: t}
	if t.shown() && g.n(4) == 0 && !t.has("String") {
		m = function{name: "String", result: stringType, recv: t}
		g.emit("func (t %s) String() string { return %s }", t.name, g.leaf(stringType)) // formatting t here would never end
		g.flush()
	} else {
		g.function(m)
	}
	t.methods = append(t.methods, m)
}

func (t *typ) has(method string) bool {
	for _, m := range t.methods {
		if m.name == method {
			return true
		}
	}
	for _, f := range t.fields {
		if f.name == f.t.name && f.t.has(method) {
			return true
		}
	}
	return false
}

// declareInterface declares the interface of one method of a type.
func (g *generator) declareInterface() {
	for _, t := range g.types {
		if len(t.methods) > 0 {
			m := t.methods[0]
			i := &typ{name: g.global("I"), kind: iface, named: true, elem: t, methods: []function{m}}
			ps := ""
			if len(m.params) > 0 {
				ps = m.params[0].name
			}
			g.emit("type %s interface{ %s(%s) %s }", i.name, m.name, ps, m.result.name)
			g.flush()
			g.ifaces = append(g.ifaces, i)
			return
		}
	}
}

func (g *generator) pickType(ts []*typ) *typ { return ts[g.n(len(ts))] }

// simpleType is a basic type or a named one of a number.
func (g *generator) simpleType() *typ {
	switch g.n(8) {
	case 0, 1:
		return intType
	case 2:
		return stringType
	case 3:
		return boolType
	case 4:
		for _, t := range g.types {
			if t.number() && g.n(2) == 0 {
				return t
			}
		}
	}
	return g.pickType(numbers)
}

func (g *generator) composite() *typ {
	e := g.simpleType()
	switch g.n(3) {
	case 0:
		return &typ{name: "[]" + e.name, kind: slice, elem: e}
	case 1:
		n := 1 + g.n(4)
		return &typ{name: fmt.Sprintf("[%d]%s", n, e.name), kind: array, elem: e, len: n}
	}
	k := g.keyType()
	return &typ{name: "map[" + k.name + "]" + e.name, kind: mapping, elem: e, key: k}
}

func (g *generator) keyType() *typ {
	for {
		if k := g.simpleType(); k.kind != float && k.kind != complexNumber {
			return k
		}
	}
}

func (g *generator) fieldType() *typ {
	switch g.n(8) {
	case 5:
		return g.composite()
	case 6:
		if len(g.types) > 0 {
			return g.pickType(g.types)
		}
	case 7:
		return anyType
	}
	return g.simpleType()
}

// anyKind is any type that variables, parameters and results may have.
func (g *generator) anyKind() *typ {
	switch g.n(10) {
	case 0, 1, 2, 3:
		return g.simpleType()
	case 4:
		return g.composite()
	case 5:
		return anyType
	case 6:
		if t := g.pickType(g.types); t.kind == structure {
			return &typ{name: "*" + t.name, kind: pointer, elem: t}
		}
	case 7:
		e := g.pickType(g.types)
		return &typ{name: "[]" + e.name, kind: slice, elem: e}
	case 8:
		if len(g.ifaces) > 0 {
			return g.pickType(g.ifaces)
		}
	}
	return g.pickType(g.types)
}
