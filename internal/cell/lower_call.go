package cell

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

func (f *fn) call(c *ast.CallExpr) string {
	fun := ast.Unparen(c.Fun)
	if tv := f.info.Types[fun]; tv.IsType() {
		return f.conversion(c.Args[0], f.typeOf(fun))
	}
	if name, ok := f.builtin(fun); ok {
		return f.builtinCall(c, name)
	}
	sig := f.typeOf(fun).Underlying().(*types.Signature)
	if tup, ok := f.spread(c); ok {
		return f.spreadCall(c, sig, tup)
	}
	args := f.args(c, sig)
	if e, ok := fun.(*ast.SelectorExpr); ok {
		if sel := f.info.Selections[e]; sel != nil && sel.Kind() == types.MethodVal {
			fun, recv := f.callee(f.method(e))
			f.called(fun, c.Pos())
			return fun + "(" + strings.Join(append(recv, args...), ", ") + ")"
		}
	}
	if t, ok := types.Unalias(f.typeOf(fun)).(*types.Named); ok && !f.declared(fun) {
		f.called("", c.Pos())
		return f.apply(t, sig) + "(" + strings.Join(append([]string{f.expr(fun)}, args...), ", ") + ")"
	}
	text := f.expr(fun)
	f.called(text, c.Pos())
	return text + "(" + strings.Join(args, ", ") + ")"
}

// apply returns a function that calls its first parameter, a function of a named type, with the others. The backend
// calls values of such types only when they are in a variable.
func (f *fn) apply(t *types.Named, sig *types.Signature) string {
	key := "apply " + f.l.typ(t)
	name := f.l.st.inst[key]
	if name == "" {
		name = f.l.serial("apply")
		f.l.st.inst[key] = name
		ps, args := f.forward(sig)
		if ps != "" {
			ps = ", " + ps
		}
		ret := ""
		if sig.Results().Len() > 0 {
			ret = "return "
		}
		fmt.Fprintf(&f.l.out.funcs, "func %s(f %s%s) %s {\n%sf(%s)\n}\n", name, f.l.typ(t), ps, f.results(sig), ret, args)
	}
	return name
}

// spread reports whether the only argument is a call with several results.
func (f *fn) spread(c *ast.CallExpr) (*types.Tuple, bool) {
	if len(c.Args) != 1 {
		return nil, false
	}
	tup, ok := f.typeOf(c.Args[0]).(*types.Tuple)
	return tup, ok && tup.Len() > 1
}

// spreadCall renders f(g()) where g has several results, as a function that names them.
func (f *fn) spreadCall(c *ast.CallExpr, sig *types.Signature, tup *types.Tuple) string {
	var results []types.Type
	for i := range sig.Results().Len() {
		results = append(results, sig.Results().At(i).Type())
	}
	return f.inline(results, func() {
		temps := f.tuple(c.Args[0], nil)
		for i := range temps {
			temps[i] = f.convert(temps[i], tup.At(i).Type(), paramType(sig, i))
		}
		text := f.calleeText(c) + joinNames(temps) + ")"
		if len(results) > 0 {
			text = "return " + text
		}
		f.emit("%s\n", text)
	})
}

// calleeText renders the call up to its arguments.
func (f *fn) calleeText(c *ast.CallExpr) string {
	if e, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr); ok {
		if sel := f.info.Selections[e]; sel != nil && sel.Kind() == types.MethodVal {
			fun, recv := f.callee(f.method(e))
			if len(recv) > 0 {
				return fun + "(" + recv[0] + ", "
			}
			return fun + "("
		}
	}
	return f.expr(c.Fun) + "("
}

// paramType returns the type of the i-th argument; each of a variadic list has the element type.
func paramType(sig *types.Signature, i int) types.Type {
	n := sig.Params().Len()
	if sig.Variadic() && i >= n-1 {
		if s, ok := sig.Params().At(n - 1).Type().Underlying().(*types.Slice); ok {
			return s.Elem()
		}
	}
	return sig.Params().At(i).Type()
}

// args renders the arguments of a call, each converted to its parameter's type.
func (f *fn) args(c *ast.CallExpr, sig *types.Signature) (args []string) {
	for i, x := range c.Args {
		if c.Ellipsis.IsValid() && i == len(c.Args)-1 {
			args = append(args, f.value(x, sig.Params().At(sig.Params().Len()-1).Type())+"...")
			continue
		}
		args = append(args, f.argument(x, paramType(sig, i)))
	}
	if n := sig.Params().Len(); sig.Variadic() && len(c.Args) == n-1 { // the backend would make an empty list, not a nil one
		args = append(args, f.nilOf(f.env.subst(sig.Params().At(n-1).Type()))+"...")
	}
	return args
}

// splitCall evaluates the function, the receiver and the arguments of a call into locals of the current frame; the
// result renders the call from them, also inside a literal.
func (f *fn) splitCall(c *ast.CallExpr) func() string {
	if name, ok := f.builtin(ast.Unparen(c.Fun)); ok {
		return f.splitBuiltin(c, name)
	}
	sig := f.typeOf(c.Fun).Underlying().(*types.Signature)
	hold := func(t types.Type, text string) func() string {
		o, _ := f.temp("_a", f.env.subst(t))
		f.defineTemp(o, text)
		return func() string { return f.variable(o) }
	}
	var fun func() string
	var args []func() string
	if m, ok := f.calledMethod(c); ok {
		rt := m.typ
		if m.addr {
			rt = types.NewPointer(rt)
		} else if m.deref {
			rt = rt.Underlying().(*types.Pointer).Elem()
		}
		recv := hold(rt, m.receiver())
		if wait := waits[m.fn.FullName()]; m.compiled && wait != "" {
			fun = func() string { return wait }
			args = append(args, recv)
		} else if m.compiled {
			fun = func() string { return recv() + "." + m.fn.Name() }
		} else {
			name := f.l.methodName(m.fn, m.typ)
			fun = func() string { return name }
			args = append(args, recv)
		}
	} else if o := f.declared(c.Fun); o {
		text := f.expr(c.Fun)
		fun = func() string { return text }
	} else {
		fun = hold(sig, f.expr(c.Fun))
	}
	dots := ""
	switch tup, ok := f.spread(c); {
	case ok:
		for i, t := range f.tuple(c.Args[0], nil) {
			pt := paramType(sig, i)
			args = append(args, hold(pt, f.convert(t, tup.At(i).Type(), pt)))
		}
	default:
		for i, x := range c.Args {
			t := f.env.subst(paramType(sig, i))
			if c.Ellipsis.IsValid() && i == len(c.Args)-1 {
				t = f.env.subst(sig.Params().At(sig.Params().Len() - 1).Type())
				dots = "..."
			}
			args = append(args, hold(t, f.value(x, t)))
		}
	}
	return func() string {
		texts := make([]string, len(args))
		for i, a := range args {
			texts[i] = a()
		}
		return fun() + "(" + joinNames(texts) + dots + ")"
	}
}

// defineTemp writes the definition of a temporary.
func (f *fn) defineTemp(o types.Object, text string) {
	if t := f.objType(o); isInterface(t) {
		f.emit("var %s %s\n%s = %s\n", f.names[o], f.l.typ(t), f.names[o], text)
		return
	}
	f.emit("%s := %s\n", f.names[o], text)
}

// calledMethod resolves the method that a call selects.
func (f *fn) calledMethod(c *ast.CallExpr) (method, bool) {
	e, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr)
	if !ok {
		return method{}, false
	}
	if sel := f.info.Selections[e]; sel == nil || sel.Kind() != types.MethodVal {
		return method{}, false
	}
	return f.method(e), true
}

// declared reports whether x names a declared function, which needs no evaluation.
func (f *fn) declared(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		_, ok := f.info.Uses[x].(*types.Func)
		return ok
	case *ast.SelectorExpr:
		_, ok := f.info.Uses[x.Sel].(*types.Func)
		return ok && f.info.Selections[x] == nil
	case *ast.IndexExpr:
		return f.declared(x.X)
	case *ast.IndexListExpr:
		return f.declared(x.X)
	}
	return false
}

func (f *fn) builtin(fun ast.Expr) (string, bool) {
	var id *ast.Ident
	switch x := fun.(type) {
	case *ast.Ident:
		id = x
	case *ast.SelectorExpr:
		id = x.Sel
	default:
		return "", false
	}
	b, ok := f.info.Uses[id].(*types.Builtin)
	if !ok {
		return "", false
	}
	return b.Name(), true
}

// splitBuiltin is splitCall for builtins.
func (f *fn) splitBuiltin(c *ast.CallExpr, name string) func() string {
	switch name {
	case "recover":
		return f.recoverCall
	case "panic", "print", "println", "close", "delete", "clear", "copy":
	default:
		f.l.refuse(c.Pos(), "%s can't be deferred or started", name)
	}
	var names []types.Object
	for _, x := range c.Args {
		t := types.Default(f.typeOf(x))
		if name == "panic" {
			t = anyType
		}
		o, _ := f.temp("_a", t)
		f.defineTemp(o, f.valueAs(x, t))
		names = append(names, o)
	}
	return func() string {
		args := make([]string, len(names))
		for i, o := range names {
			args[i] = f.variable(o)
		}
		if name == "copy" {
			return "_ = copy(" + joinNames(args) + ")"
		}
		return f.builtinText(name, args)
	}
}

func (f *fn) builtinText(name string, args []string) string {
	switch name {
	case "panic":
		return "_gnb.Panic(" + joinNames(args) + ")"
	case "print":
		return "_gnb.Print(" + joinNames(args) + ")"
	case "println":
		return "_gnb.Println(" + joinNames(args) + ")"
	case "clear":
		return "_gnb.Clear(" + joinNames(args) + ")"
	}
	return name + "(" + joinNames(args) + ")"
}

func (f *fn) builtinCall(c *ast.CallExpr, name string) string {
	if tup, ok := f.spread(c); ok {
		switch name {
		case "append", "complex":
			return f.spreadBuiltin(c, name, tup)
		}
		f.l.refuse(c.Args[0].Pos(), "%s can't take the results of a call in a cell yet; assign them to variables first", name)
	}
	switch name {
	case "recover":
		return f.recoverCall()
	case "make":
		return f.makeCall(c)
	case "new":
		if f.info.Types[c.Args[0]].IsType() {
			return "new(" + f.l.typ(f.typeOf(c.Args[0])) + ")"
		}
		t := f.typeOf(c).Underlying().(*types.Pointer).Elem()
		return f.newValue(t, func() string { return f.valueAs(c.Args[0], t) })
	case "append":
		return f.appendCall(c)
	case "min", "max":
		return f.extreme(c, name)
	case "panic":
		return "_gnb.Panic(" + f.valueAs(c.Args[0], anyType) + ")"
	case "delete":
		m := f.typeOf(c.Args[0]).Underlying().(*types.Map)
		return "delete(" + f.expr(c.Args[0]) + ", " + f.value(c.Args[1], m.Key()) + ")"
	case "Sizeof", "Alignof", "String", "StringData", "Slice", "SliceData", "Add":
		return f.unsafeCall(c, name)
	}
	return f.builtinText(name, f.exprs(c.Args))
}

// spreadBuiltin renders append(g()) and complex(g()) where g has several results.
func (f *fn) spreadBuiltin(c *ast.CallExpr, name string, tup *types.Tuple) string {
	t := f.typeOf(c)
	var targets []types.Type
	if s, ok := t.Underlying().(*types.Slice); ok {
		targets = slices.Repeat([]types.Type{s.Elem()}, tup.Len())
		targets[0] = t
	}
	return f.inline([]types.Type{t}, func() {
		f.emit("return %s(%s(%s))\n", f.l.typ(t), name, joinNames(f.tuple(c.Args[0], targets)))
	})
}

// makeCall renders make; the backend makes no channels of one direction.
func (f *fn) makeCall(c *ast.CallExpr) string {
	t := f.typeOf(c.Args[0])
	args := f.exprs(c.Args[1:])
	if ch, ok := t.Underlying().(*types.Chan); ok && ch.Dir() != types.SendRecv {
		both := types.NewChan(types.SendRecv, ch.Elem())
		return f.convert("make("+joinNames(append([]string{f.l.typ(both)}, args...))+")", both, t)
	}
	return "make(" + joinNames(append([]string{f.l.typ(t)}, args...)) + ")"
}

func (f *fn) exprs(xs []ast.Expr) []string {
	texts := make([]string, len(xs))
	for i, x := range xs {
		if f.isNil(x) {
			texts[i] = "nil"
			continue
		}
		texts[i] = f.expr(x)
	}
	return texts
}

func (f *fn) appendCall(c *ast.CallExpr) string {
	s, ok := f.typeOf(c.Args[0]).Underlying().(*types.Slice)
	if !ok {
		s = f.typeOf(c).Underlying().(*types.Slice)
	}
	args := []string{f.valueAs(c.Args[0], f.typeOf(c))}
	for i, x := range c.Args[1:] {
		if c.Ellipsis.IsValid() && i == len(c.Args)-2 {
			if f.isNil(x) {
				continue
			}
			args = append(args, f.expr(x)+"...")
			continue
		}
		args = append(args, f.item(x, s.Elem()))
	}
	if len(args) == 1 {
		return args[0]
	}
	text := "append(" + joinNames(args) + ")"
	if t := f.typeOf(c); t != t.Underlying() { // the backend forgets names of types here
		return f.l.typ(t) + "(" + text + ")"
	}
	return text
}

// extreme renders min and max as a call of a small function, written once for each type.
func (f *fn) extreme(c *ast.CallExpr, name string) string {
	t := types.Default(f.typeOf(c))
	b := t.Underlying().(*types.Basic)
	typ := f.l.typ(t)
	text := f.valueAs(c.Args[0], t)
	if b.Info()&types.IsFloat != 0 {
		fun := f.l.out.pkg("math") + "." + strings.ToUpper(name[:1]) + name[1:]
		for _, x := range c.Args[1:] {
			text = fun + "(float64(" + text + "), float64(" + f.valueAs(x, t) + "))"
		}
		return typ + "(" + text + ")"
	}
	key := name + " " + typ
	fun := f.l.st.inst[key]
	if fun == "" {
		fun = f.l.serial(name)
		f.l.st.inst[key] = fun
		body := "if b " + map[string]string{"min": "<", "max": ">"}[name] + " a {\nreturn b\n}\nreturn a\n"
		f.l.out.funcs.WriteString("func " + fun + "(a, b " + typ + ") " + typ + " {\n" + body + "}\n")
	}
	for _, x := range c.Args[1:] {
		text = fun + "(" + text + ", " + f.valueAs(x, t) + ")"
	}
	return text
}
