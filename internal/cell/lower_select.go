package cell

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// selector renders pkg.Name, a field, a method value or a method expression.
func (f *fn) selector(e *ast.SelectorExpr) string {
	sel := f.info.Selections[e]
	if sel == nil {
		return f.qualified(e)
	}
	switch sel.Kind() {
	case types.FieldVal:
		t := f.typeOf(e.X)
		return f.fieldPath(f.expr(e.X), t, f.fieldIndex(t, e, sel))
	case types.MethodVal:
		return f.methodValue(e)
	}
	return f.methodExpr(e)
}

// fieldIndex finds the field again where a type parameter stands for the operand's type.
func (f *fn) fieldIndex(t types.Type, e *ast.SelectorExpr, sel *types.Selection) []int {
	if len(f.env) == 0 {
		return sel.Index()
	}
	_, index, _ := types.LookupFieldOrMethod(t, true, sel.Obj().Pkg(), e.Sel.Name)
	return index
}

func (f *fn) qualified(e *ast.SelectorExpr) string {
	switch o := f.info.Uses[e.Sel].(type) {
	case *types.Func:
		return f.compiledFunc(e.Sel, o)
	case *types.Var:
		return f.l.out.pkg(o.Pkg().Path()) + "." + o.Name()
	}
	f.l.refuse(e.Pos(), "%s can't be used as a value", e.Sel.Name)
	return ""
}

// fieldPath renders the selection of a field through embedded ones.
func (f *fn) fieldPath(x string, t types.Type, index []int) string {
	for _, i := range index {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		field := t.Underlying().(*types.Struct).Field(i)
		x += "." + field.Name()
		t = field.Type()
	}
	return x
}

// A method is a method selected on an operand.
type method struct {
	fn       *types.Func
	operand  string     // the receiver after embedded fields
	typ      types.Type // its type
	addr     bool       // the receiver is to be the operand's address
	deref    bool       // the receiver is to be what the operand points to
	compiled bool       // the backend calls it by selector: compiled, or of an interface
}

// method resolves a selector that names a method.
func (f *fn) method(e *ast.SelectorExpr) method {
	return f.methodOf(f.typeOf(e.X), e.Sel.Name, f.info.Selections[e].Obj().Pkg(), func(addr bool) string {
		if addr {
			return f.address(e.X)
		}
		return f.expr(e.X)
	})
}

// methodOf resolves the method of an operand of type t. operand renders it, or its address.
func (f *fn) methodOf(t types.Type, name string, pkg *types.Package, operand func(addr bool) string) method {
	obj, index, _ := types.LookupFieldOrMethod(t, true, pkg, name)
	m, ok := obj.(*types.Func)
	if !ok {
		f.l.refuse(f.l.pos, "internal error: no method %s", name)
	}
	path := index[:len(index)-1]
	at := t
	for n, i := range path {
		if f.l.compiledNamed(at) { // it has the method itself, and the way there may lead through unexported fields
			path = path[:n]
			break
		}
		if p, ok := at.Underlying().(*types.Pointer); ok {
			at = p.Elem()
		}
		at = at.Underlying().(*types.Struct).Field(i).Type()
	}
	r := method{fn: m, typ: at, compiled: isInterface(at) || !f.l.fromSource(at)}
	_, isPtr := at.Underlying().(*types.Pointer)
	switch sig := m.Signature(); {
	case sig.Recv() == nil || isInterface(at):
	case len(path) < len(index)-1:
		r.addr = !isPtr && types.NewMethodSet(at).Lookup(pkg, name) == nil
	default:
		_, wantPtr := types.Unalias(sig.Recv().Type()).(*types.Pointer)
		r.addr = wantPtr && !isPtr
		r.deref = !wantPtr && isPtr
	}
	if len(path) == 0 && r.addr {
		r.operand, r.addr, r.typ = operand(true), false, types.NewPointer(at)
		return r
	}
	r.operand = f.fieldPath(operand(false), t, path)
	return r
}

// receiver renders the receiver argument.
func (m method) receiver() string {
	switch {
	case m.addr:
		return "(&" + m.operand + ")"
	case m.deref:
		return "(*" + m.operand + ")"
	}
	return m.operand
}

// waits are the functions of rt that stand for methods of compiled types that may wait for ever: an interrupt ends the
// wait.
var waits = map[string]string{
	"(*sync.Mutex).Lock":     "_gnb.Lock",
	"(*sync.RWMutex).Lock":   "_gnb.WriteLock",
	"(*sync.RWMutex).RLock":  "_gnb.ReadLock",
	"(*sync.WaitGroup).Wait": "_gnb.WaitGroup",
	"(*sync.Cond).Wait":      "_gnb.WaitCond",
	"(sync.Locker).Lock":     "_gnb.LockLocker",
	"(*sync.Once).Do":        "_gnb.Do",
}

// callee renders the function to call and the receiver among its arguments, if it is one.
func (f *fn) callee(m method) (fun string, recv []string) {
	if m.compiled {
		if wait := waits[m.fn.FullName()]; wait != "" {
			return wait, []string{m.receiver()}
		}
		return m.receiver() + "." + m.fn.Name(), nil
	}
	return f.l.methodName(m.fn, m.typ), []string{m.receiver()}
}

// methodValue renders x.M as a function that holds the receiver.
func (f *fn) methodValue(e *ast.SelectorExpr) string {
	m := f.method(e)
	check := ""
	if isInterface(m.typ) {
		check = "_gnb.NonNil(r)\n"
	}
	sig := f.typeOf(e).(*types.Signature)
	recvType := m.typ
	if m.deref {
		recvType = m.typ.Underlying().(*types.Pointer).Elem()
	} else if m.addr {
		recvType = types.NewPointer(m.typ)
	}
	maker := f.l.serial("bound")
	ps, args := f.forward(sig)
	fun, recv := "r."+m.fn.Name(), ""
	if wait := waits[m.fn.FullName()]; m.compiled && wait != "" {
		fun, recv = wait, "r"
	} else if !m.compiled {
		fun, recv = f.l.methodName(m.fn, m.typ), "r"
	}
	if recv != "" && args != "" {
		recv += ", "
	}
	ret := ""
	if sig.Results().Len() > 0 {
		ret = "return "
	}
	fmt.Fprintf(&f.l.out.funcs, "func %s(r %s) %s {\n%sreturn func(%s) %s {\n%s%s(%s%s)\n}\n}\n", maker, f.l.typ(recvType), f.l.typ(sig), check, ps, f.results(sig), ret, fun, recv, args)
	return maker + "(" + m.receiver() + ")"
}

// forward renders parameters a0, a1... of a signature and the arguments that pass them on.
func (f *fn) forward(sig *types.Signature) (params, args string) {
	var ps, as []string
	for i := range sig.Params().Len() {
		t := f.env.subst(sig.Params().At(i).Type())
		p, a := f.l.typ(t), fmt.Sprintf("a%d", i)
		if sig.Variadic() && i == sig.Params().Len()-1 {
			ps = append(ps, a+" ..."+f.l.typ(t.(*types.Slice).Elem()))
			as = append(as, a+"...")
			continue
		}
		ps, as = append(ps, a+" "+p), append(as, a)
	}
	return strings.Join(ps, ", "), strings.Join(as, ", ")
}

func (f *fn) results(sig *types.Signature) string {
	var rs []string
	for i := range sig.Results().Len() {
		rs = append(rs, f.l.typ(f.env.subst(sig.Results().At(i).Type())))
	}
	return "(" + strings.Join(rs, ", ") + ")"
}

// methodExpr renders T.M as a function whose first parameter is the receiver.
func (f *fn) methodExpr(e *ast.SelectorExpr) string {
	sig := f.typeOf(e).(*types.Signature)
	return f.methodFunction(sig, f.typeOf(e.X), e.Sel.Name, f.info.Selections[e].Obj().Pkg())
}

// methodFunction renders a function of the backend that calls a method of its first parameter.
func (f *fn) methodFunction(sig *types.Signature, recv types.Type, name string, pkg *types.Package) string {
	m := f.methodOf(recv, name, pkg, func(bool) string { return "a0" })
	fun, first := f.callee(m)
	ps, args := f.forward(sig)
	_, rest, _ := strings.Cut(args, "a0")
	rest = strings.TrimPrefix(rest, ", ")
	if len(first) > 0 && rest != "" {
		first[0] += ", "
	}
	ret := ""
	if sig.Results().Len() > 0 {
		ret = "return "
	}
	n := f.l.serial("method")
	fmt.Fprintf(&f.l.out.funcs, "func %s(%s) %s {\n%s%s(%s%s)\n}\n", n, ps, f.results(sig), ret, fun, strings.Join(first, ""), rest)
	return n
}

// methodFunc renders the function that rt calls for a method of a notebook type: the lowered method itself, or a
// function that goes to an embedded field first.
func (l *lowerer) methodFunc(recv types.Type, sel *types.Selection) string {
	fn := sel.Obj().(*types.Func)
	if len(sel.Index()) == 1 {
		return l.methodName(fn, recv)
	}
	f := l.newFunc(newInfo())
	sig := sel.Type().(*types.Signature)
	params := []*types.Var{types.NewParam(0, nil, "", recv)}
	for i := range sig.Params().Len() {
		params = append(params, sig.Params().At(i))
	}
	return f.methodFunction(types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), sig.Results(), sig.Variadic()), recv, fn.Name(), fn.Pkg())
}
