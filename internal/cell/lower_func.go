package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// A fn is one declared function while it is lowered, with all the literals in it. Its locals get names that are unique
// within it, so that no scoping is left to the backend.
type fn struct {
	l        *lowerer
	info     *types.Info
	env      env
	names    map[types.Object]string
	used     map[string]int
	boxed    map[types.Object]bool // variables that live behind a pointer
	assigned map[types.Object]bool // variables that change after their definition
	owner    map[types.Object]*frame
	cur      *frame
	inHeader bool            // of a loop, where only a simple statement can stand
	gotos    map[string]bool // labels that goto statements name
	targets  []*target
}

// A frame is a function body of the backend: the declared function's or a literal's.
type frame struct {
	outer    *frame
	body     strings.Builder
	captures []types.Object
	results  []types.Type
	named    []types.Object // named results
	defers   types.Object   // the local that holds the function's _gnb.Frame; nil if it defers nothing
	loop     *funcBody      // set inside the body of a range over a function
	info     *funcInfo      // of the source's function; nil for others
	inner    bool           // a function of the backend's own, around an expression
}

func (l *lowerer) newFunc(info *types.Info) *fn {
	return &fn{l: l, info: info, env: env{}, names: map[types.Object]string{}, used: map[string]int{},
		boxed: map[types.Object]bool{}, owner: map[types.Object]*frame{}, gotos: map[string]bool{}}
}

// bindParams gives the type parameters of d, which the second round of checking declared, their arguments.
func (f *fn) bindParams(d *ast.FuncDecl, args []types.Type) {
	if len(args) == 0 {
		return
	}
	var ids []*ast.Ident
	if d.Recv != nil {
		ids = receiverParams(d)
	} else {
		for _, p := range d.Type.TypeParams.List {
			ids = append(ids, p.Names...)
		}
	}
	for i, id := range ids {
		obj := f.info.Defs[id]
		if obj == nil {
			obj = f.info.Uses[id]
		}
		if tn, ok := obj.(*types.TypeName); ok && i < len(args) {
			if tp, ok := tn.Type().(*types.TypeParam); ok {
				f.env[tp] = args[i]
			}
		}
	}
}

func (f *fn) typeOf(e ast.Expr) types.Type {
	t := f.info.TypeOf(e)
	if t == nil {
		return types.Typ[types.Invalid]
	}
	return f.env.subst(t)
}

func (f *fn) objType(o types.Object) types.Type { return f.env.subst(o.Type()) }

// declare writes the function as a declaration of the backend.
func (f *fn) declare(name string, recv *ast.FieldList, typ *ast.FuncType, body *ast.BlockStmt) {
	f.escapes(typ, body)
	f.findGotos(body)
	fr := f.push(typ)
	fr.info = f.l.st.funcs[name]
	params := append(f.params(recv), f.params(typ.Params)...)
	f.funcBody(typ, body)
	f.pop()
	fmt.Fprintf(&f.l.out.funcs, "func %s(%s) %s {\n%s}\n", name, strings.Join(params, ", "), f.resultList(fr), fr.body.String())
}

func (f *fn) push(typ *ast.FuncType) *frame {
	fr := &frame{outer: f.cur}
	if typ != nil && typ.Results != nil {
		for _, r := range typ.Results.List {
			for range max(len(r.Names), 1) {
				fr.results = append(fr.results, f.typeOf(r.Type))
			}
		}
	}
	f.cur = fr
	return fr
}

func (f *fn) pop() { f.cur = f.cur.outer }

// resultList renders the results, named where deferred calls must set them.
func (f *fn) resultList(fr *frame) string {
	rs := make([]string, len(fr.results))
	for i, t := range fr.results {
		rs[i] = f.l.typ(t)
		if fr.defers != nil {
			rs[i] = fmt.Sprintf("_r%d %s", i, rs[i])
		}
	}
	if len(rs) == 0 {
		return ""
	}
	return "(" + strings.Join(rs, ", ") + ")"
}

// params declares the parameters of a list and renders them; boxed ones are moved by the body's prologue.
func (f *fn) params(list *ast.FieldList) (ps []string) {
	if list == nil {
		return nil
	}
	for _, p := range list.List {
		t := f.typeOf(p.Type)
		text := f.l.typ(t)
		if e, ok := p.Type.(*ast.Ellipsis); ok {
			text = "..." + f.l.typ(f.typeOf(e.Elt))
		}
		names := p.Names
		if len(names) == 0 {
			names = []*ast.Ident{{Name: "_"}}
		}
		for _, id := range names {
			obj := f.info.Defs[id]
			if obj == nil || id.Name == "_" {
				ps = append(ps, f.fresh("_p")+" "+text)
				continue
			}
			name := f.local(obj)
			if !f.boxed[obj] {
				ps = append(ps, name+" "+text)
				continue
			}
			arg := f.fresh(name)
			ps = append(ps, arg+" "+text)
			f.defineBox(name, arg, t)
		}
	}
	return ps
}

// local declares obj in the current frame and returns its backend name.
func (f *fn) local(obj types.Object) string {
	name := f.fresh(obj.Name())
	f.names[obj] = name
	f.owner[obj] = f.cur
	return name
}

// fresh makes a name unique in the function; names that mean something to Go or to lowered code are avoided.
func (f *fn) fresh(name string) string {
	if name == "_" {
		name = "_b"
	}
	f.used[name]++
	if n := f.used[name]; n > 1 || types.Universe.Lookup(name) != nil || strings.HasPrefix(name, "p_") || token.IsKeyword(name) {
		return fmt.Sprintf("%s_%d", name, n)
	}
	return name
}

// temp declares a local of the backend's own.
func (f *fn) temp(name string, t types.Type) (types.Object, string) {
	obj := types.NewVar(token.NoPos, nil, name, t)
	return obj, f.local(obj)
}

func (f *fn) emit(format string, args ...any) { fmt.Fprintf(&f.cur.body, format, args...) }

// use returns the name under which the current frame sees obj, capturing it through the literals in between.
func (f *fn) use(obj types.Object) string {
	owner := f.owner[obj]
	for fr := f.cur; fr != owner && fr != nil; fr = fr.outer {
		seen := false
		for _, c := range fr.captures {
			seen = seen || c == obj
		}
		if !seen {
			fr.captures = append(fr.captures, obj)
		}
	}
	return f.names[obj]
}

// hold defines a temporary that holds a rendered value of type t.
func (f *fn) hold(name, text string, t types.Type) string {
	name = f.fresh(name)
	if isInterface(t) {
		f.emit("var %s %s\n%s = %s\n", name, f.l.typ(t), name, text)
	} else {
		f.emit("%s := %s\n", name, text)
	}
	return name
}

// store assigns a rendered value to a place. What has to be computed goes through a variable first unless the place is
// one: the backend computes right into the place, and gets some places wrong. A struct literal, or a function that
// compiled code returns, it would put in the variable's place, and pointers to the variable would not see it.
func (f *fn) store(place, text string, t types.Type) {
	_, structure := t.Underlying().(*types.Struct)
	if (strings.ContainsAny(place, "*.[") || structure || isFunc(t)) && strings.ContainsAny(text, "({") {
		text = f.hold("_f", text, t)
	}
	f.emit("%s = %s\n", place, text)
}

// defineBox defines a local that lives behind a pointer.
func (f *fn) defineBox(name, text string, t types.Type) {
	f.emit("%s := new(%s)\n", name, f.l.typ(t))
	f.store("*"+name, text, t)
}

// global returns the backend name of a session variable, "" for a local.
func (f *fn) global(obj types.Object) string {
	if n := f.l.vars[obj]; n != "" {
		return n
	}
	return f.l.st.lowered[obj]
}

// variable renders the value of a variable.
func (f *fn) variable(obj types.Object) string {
	if n := f.global(obj); n != "" {
		return n
	}
	if f.names[obj] == "" {
		f.l.refuse(f.l.pos, "internal error: no backend name for %s", obj.Name())
	}
	if f.boxed[obj] {
		return "(*" + f.use(obj) + ")"
	}
	return f.use(obj)
}

// funcBody writes the body of a function or literal, with what its results and deferred calls need.
func (f *fn) funcBody(typ *ast.FuncType, body *ast.BlockStmt) {
	fr := f.cur
	if typ.Results != nil {
		for _, r := range typ.Results.List {
			for _, id := range r.Names {
				obj := f.info.Defs[id]
				if obj == nil || id.Name == "_" {
					obj, _ = f.temp("_res", f.typeOf(r.Type))
				} else {
					f.local(obj)
				}
				f.zeroVar(obj)
				fr.named = append(fr.named, obj)
			}
		}
	}
	f.directive(body)
	f.poll()
	if hasDefer(body) {
		f.deferPrologue()
	}
	f.stmts(body.List)
}

// lit lowers a function literal to a declared function that takes what the literal captures and returns it.
func (f *fn) literal(e *ast.FuncLit) string {
	name := "func"
	if outer := f.cur.around().info; outer != nil && outer.shown != "" {
		name = outer.shown + ".func"
	}
	return f.closure(e.Type, f.typeOf(e), func() {
		f.cur.info = newFuncInfo(name, e)
		f.funcBody(e.Type, e.Body)
	})
}

// closure writes the maker of a literal of type t and returns the call of it.
func (f *fn) closure(typ *ast.FuncType, t types.Type, body func()) string {
	fr := f.push(typ)
	params := f.params(typ.Params)
	body()
	f.pop()
	maker := f.l.serial("lit")
	if fr.info != nil {
		f.l.st.funcs[maker] = fr.info
	}
	ps, args := f.passed(fr)
	fmt.Fprintf(&f.l.out.funcs, "func %s(%s) %s {\nreturn func(%s) %s {\n%s}\n}\n",
		maker, ps, f.l.typ(t), strings.Join(params, ", "), f.resultList(fr), fr.body.String())
	return maker + "(" + args + ")"
}

// inline writes a function of the backend around body, which returns results itself, and returns the call of it.
func (f *fn) inline(results []types.Type, body func()) string {
	fr := f.push(nil)
	fr.results, fr.inner = results, true
	body()
	f.pop()
	name := f.l.serial("do")
	ps, args := f.passed(fr)
	fmt.Fprintf(&f.l.out.funcs, "func %s(%s) %s {\n%s}\n", name, ps, f.resultList(fr), fr.body.String())
	return name + "(" + args + ")"
}

// passed renders the captures of a frame as parameters, and as arguments seen from the frame around it.
func (f *fn) passed(fr *frame) (params, args string) {
	var ps, as []string
	for _, c := range fr.captures {
		t := "*_gnb.Frame"
		if c.Type() != frameType {
			t = f.l.typ(f.objType(c))
		}
		if f.boxed[c] {
			t = "*" + t
		}
		ps = append(ps, f.names[c]+" "+t)
		as = append(as, f.use(c))
	}
	return strings.Join(ps, ", "), strings.Join(as, ", ")
}
