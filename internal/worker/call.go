package worker

import (
	"reflect"
	"sync/atomic"
)

// amendedCall is for calls of declared functions. The interpreter leaves a parameter as it is, zero, if the argument is
// zero, and takes a negative zero for one, also within structs and arrays.
func amendedCall(n *node) {
	call(n)
	if def := n.callee(); def != nil {
		if e := newFunctionCall(n, def); e != nil {
			n.exec = e.exec
		}
	}
}

// callee returns the declared function that a call names, nil if it calls anything else.
func (n *node) callee() *node {
	s := n.child[0].sym
	if k := kindName(n.anc.kind); s == nil || s.index >= 0 || k == "goStmt" || k == "deferStmt" {
		return nil
	}
	v := genValue(n.child[0])(nil)
	if !v.IsValid() || v.Type() != reflect.PointerTo(interpNode) {
		return nil
	}
	def := (*node)(v.UnsafePointer())
	if def.rval.IsValid() || len(def.child) != 4 {
		return nil
	}
	return def
}

// A functionCall is a call of a declared function.
type functionCall struct {
	def          *node
	results      []func(*frame) reflect.Value // where they go; nil for nowhere
	args         []argument
	list         int // the parameter that takes the arguments from there on; -1 if there is none
	tnext, fnext exec
}

type argument struct {
	value func(*frame) reflect.Value
	// skip says that a zero need not be passed. The interpreter's own types for what has no type yet can't be.
	skip bool
}

func newFunctionCall(n, def *node) *functionCall {
	t := reflected(n.child[0].typ)
	c := &functionCall{def: def, list: -1, tnext: getExec(n.tnext), fnext: getExec(n.fnext)}
	if t.IsVariadic() && actionName(n.action) != "callSlice" {
		c.list = t.NumIn() - 1
	} else if t.NumIn() != len(n.child)-1 {
		return nil
	}
	for i := range t.NumOut() {
		c.results = append(c.results, n.result(i))
	}
	for i, x := range n.child[1:] {
		pt := t.In(min(i, t.NumIn()-1))
		if c.list >= 0 && i >= c.list {
			pt = pt.Elem()
		}
		c.args = append(c.args, x.argument(pt))
	}
	return c
}

// result returns where the caller wants the i-th result of a call.
func (n *node) result(i int) func(*frame) reflect.Value {
	at, level := n.findex+i, n.level
	switch kindName(n.anc.kind) {
	case "defineXStmt", "assignXStmt":
		if n.anc.child[i].ident == "_" {
			return nil
		}
	case "returnStmt":
		return func(f *frame) reflect.Value { return f.data[at] }
	}
	return func(f *frame) reflect.Value { return getFrame(f, level).data[at] }
}

func (n *node) argument(t reflect.Type) argument {
	a := argument{value: genValue(n)}
	switch t.Kind() {
	case reflect.Func:
		a.value = genFuncValue(n)
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128, reflect.Struct, reflect.Array, reflect.Interface:
		return a
	}
	a.skip = true
	return a
}

func (c *functionCall) exec(f *frame) exec {
	types := c.def.types
	nf := newFrame(f, len(types), atomic.LoadUint64(&f.id))
	for i, r := range c.results {
		if r != nil {
			nf.data[i] = r(f)
		} else {
			nf.data[i] = reflect.New(types[i]).Elem()
		}
	}
	n := len(c.results)
	for i, t := range types[n:] {
		nf.data[n+i] = reflect.New(t).Elem()
	}
	for i, a := range c.args {
		if v := a.value(f); c.list >= 0 && i >= c.list {
			list := nf.data[n+c.list]
			list.Set(reflect.Append(list, v))
		} else if !a.skip || !v.IsZero() {
			nf.data[n+i].Set(v)
		}
	}
	runCfg(c.def.child[3].start, nf, c.def, nil)
	if c.fnext != nil && !nf.data[0].Bool() {
		return c.fnext
	}
	return c.tnext
}
