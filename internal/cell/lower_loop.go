package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// capture returns what emit writes, instead of writing it.
func (f *fn) capture(emit func()) string {
	saved := f.cur.body
	f.cur.body = strings.Builder{}
	emit()
	text := f.cur.body.String()
	f.cur.body = saved
	return text
}

// poll writes the question, at each turn of a loop and each call, whether the cell is to stop. Ending there, and not
// between any two steps, lets deferred calls run and other goroutines alone. The worker has the variable.
func (f *fn) poll() { f.emit("if _gnbStopping {\n_gnb.Stop()\n}\n") }

// body renders the body of a loop.
func (f *fn) body(list []ast.Stmt) string {
	return f.capture(func() {
		f.poll()
		f.stmts(list)
	})
}

// label renders the backend's label of a target that has one in the source.
func (t *target) prefix() string {
	if t.label == "" {
		return ""
	}
	return t.name + ":\n"
}

// forStmt writes a three-clause loop. A variable that lives behind a pointer gets a new one for each iteration, which
// begins as a copy of the last and is copied back before the post statement, as the language says.
func (f *fn) forStmt(s *ast.ForStmt, label string) {
	f.emit("{\n")
	var fresh []types.Object
	for _, v := range f.loopVars(s) {
		if f.boxed[v] && f.global(v) == "" {
			fresh = append(fresh, v)
			f.boxed[v] = false
		}
	}
	if len(fresh) > 0 && (hasLiteral(s.Cond) || hasLiteral(s.Post)) {
		f.l.refuse(s.Pos(), "a function literal in the header of a loop that captures its variables can't be run yet; move it into the body")
	}
	if s.Init != nil {
		f.stmt(s.Init)
	}
	cond := "true"
	if s.Cond != nil {
		cond = f.condition(s.Cond)
	}
	post := ""
	if s.Post != nil {
		f.inHeader = true
		post = f.capture(func() { f.stmt(s.Post) })
		f.inHeader = false
	}
	var begin, end string
	header := map[types.Object]string{}
	for _, v := range fresh {
		header[v] = f.names[v]
		f.boxed[v] = true
		name := f.local(v)
		begin += fmt.Sprintf("%s := new(%s)\n*%s = %s\n", name, f.l.typ(f.objType(v)), name, header[v])
		end += fmt.Sprintf("%s = *%s\n", header[v], name)
	}
	t := f.enter(label, true)
	t.next = end
	simple := strings.Count(post, "\n") == 1 && !strings.Contains(post, "{")
	if !simple && post != "" {
		end += "{\n" + post + "}\n"
		t.next = end
	}
	body := f.body(s.Body.List)
	f.leave()
	if simple {
		f.emit("%sfor ; %s; %s {\n%s%s%s}\n}\n", t.prefix(), cond, strings.TrimSpace(post), begin, body, end)
		return
	}
	f.emit("%sfor %s {\n%s%s%s}\n}\n", t.prefix(), cond, begin, body, end)
}

func (f *fn) rangesOverFunc(s *ast.RangeStmt) bool {
	_, ok := f.typeOf(s.X).Underlying().(*types.Signature)
	return ok
}

func (f *fn) rangeStmt(s *ast.RangeStmt, label string) {
	switch t := f.typeOf(s.X).Underlying().(type) {
	case *types.Signature:
		f.rangeFunc(s, t, label)
	case *types.Basic:
		if t.Info()&types.IsInteger != 0 {
			f.rangeInt(s, label)
			return
		}
		f.rangeString(s, label)
	case *types.Slice:
		f.rangeNative(s, types.Typ[types.Int], t.Elem(), label)
	case *types.Array:
		f.rangeNative(s, types.Typ[types.Int], t.Elem(), label)
	case *types.Pointer:
		f.rangeArray(s, t.Elem().Underlying().(*types.Array), label)
	case *types.Map:
		f.rangeNative(s, t.Key(), t.Elem(), label)
	case *types.Chan:
		f.rangeNative(s, t.Elem(), nil, label)
	default:
		f.l.refuse(s.Pos(), "a range over %s can't be run yet", f.typeOf(s.X))
	}
}

// rangeInt counts up to an integer evaluated once.
func (f *fn) rangeInt(s *ast.RangeStmt, label string) {
	typ := f.typeOf(s.X)
	if s.Key != nil && !isBlank(s.Key) {
		typ = f.typeOf(s.Key)
	}
	typ = types.Default(typ)
	limit, i := f.fresh("_n"), f.fresh("_i")
	f.emit("{\n%s := %s\n", limit, f.valueAs(s.X, typ))
	bind := f.capture(func() { f.bindItems(s, yielded{s.Key, i, typ}) })
	t := f.enter(label, true)
	body := f.body(s.Body.List)
	f.leave()
	zero := "0"
	if typ != types.Typ[types.Int] {
		zero = f.l.typ(typ) + "(0)"
	}
	f.emit("%sfor %s := %s; %s < %s; %s++ {\n%s%s}\n}\n", t.prefix(), i, zero, i, limit, i, bind, body)
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

// A yielded is what an iteration yields for one of the loop's two expressions.
type yielded struct {
	x   ast.Expr // nil if the loop has none
	val string
	typ types.Type
}

// bindItems gives iteration variables their values: new variables, or assignments to what the loop names, which is
// evaluated before any of them.
func (f *fn) bindItems(s *ast.RangeStmt, items ...yielded) {
	items = slices.DeleteFunc(items, func(it yielded) bool { return it.x == nil || isBlank(it.x) })
	if s.Tok == token.ASSIGN {
		places := make([]string, len(items))
		for i, it := range items {
			places[i] = f.steadyPlace(it.x)
		}
		for i, it := range items {
			f.store(places[i], f.convert(it.val, it.typ, f.typeOf(it.x)), f.typeOf(it.x))
		}
		return
	}
	for _, it := range items {
		o := f.info.Defs[it.x.(*ast.Ident)]
		name := f.local(o)
		if f.boxed[o] {
			f.defineBox(name, it.val, it.typ)
			continue
		}
		f.emit("%s := %s\n", name, it.val)
	}
}

// rangeByIndex leaves only the indices to the backend, which takes a range with values that are channels for one over a
// channel.
func (f *fn) rangeByIndex(s *ast.RangeStmt, elem types.Type, label string) {
	f.emit("{\n")
	x, k := f.hold("_x", f.expr(s.X), f.typeOf(s.X)), f.fresh("_k")
	bind := f.capture(func() {
		f.bindItems(s, yielded{s.Key, k, types.Typ[types.Int]}, yielded{s.Value, x + "[" + k + "]", elem})
	})
	t := f.enter(label, true)
	body := f.body(s.Body.List)
	f.leave()
	f.emit("%sfor %s := range %s {\n%s%s}\n}\n", t.prefix(), k, x, bind, body)
}

// rangeEntries takes key and value from one step of rt's iterator, because a key that is not a number finds no value.
func (f *fn) rangeEntries(s *ast.RangeStmt, key, elem types.Type, label string) {
	entries := f.l.op("Entries", fmt.Sprintf("(%s) func() (%s, %s, bool)", f.l.spell(f.typeOf(s.X), ""), f.l.spell(key, ""), f.l.spell(elem, "")))
	next, k, v, ok := f.fresh("_next"), f.fresh("_k"), f.fresh("_v"), f.fresh("_ok")
	f.emit("{\n%s := %s(%s)\n", next, entries, f.expr(s.X))
	bind := f.capture(func() { f.bindItems(s, yielded{s.Key, k, key}, yielded{s.Value, v, elem}) })
	t := f.enter(label, true)
	body := f.body(s.Body.List)
	f.leave()
	f.emit("%sfor {\n%s, %s, %s := %s()\nif !%s {\nbreak\n}\n%s%s}\n}\n", t.prefix(), k, v, ok, next, ok, bind, body)
}

// rangeNative leaves the iteration to the backend.
func (f *fn) rangeNative(s *ast.RangeStmt, key, elem types.Type, label string) {
	if s.Value != nil && !isBlank(s.Value) && isChan(elem) {
		if _, ok := f.typeOf(s.X).Underlying().(*types.Map); ok {
			f.rangeEntries(s, key, elem, label)
		} else {
			f.rangeByIndex(s, elem, label)
		}
		return
	}
	x := f.expr(s.X)
	f.emit("{\n")
	if strings.Contains(x, "{") { // the header would take a composite literal for its block
		x = f.hold("_x", x, f.typeOf(s.X))
	}
	var heads []string
	var items []yielded
	for i, e := range []ast.Expr{s.Key, s.Value} {
		t := key
		if i == 1 {
			t = elem
		}
		if e == nil || isBlank(e) {
			if i == 0 && s.Value != nil && !isBlank(s.Value) {
				heads = append(heads, "_")
			}
			continue
		}
		if o, ok := f.simpleVar(s, e); ok {
			heads = append(heads, f.local(o))
			continue
		}
		val := f.fresh("_v")
		heads = append(heads, val)
		items = append(items, yielded{e, val, t})
	}
	bind := f.capture(func() { f.bindItems(s, items...) })
	t := f.enter(label, true)
	body := f.body(s.Body.List)
	f.leave()
	head := ""
	if len(heads) > 0 {
		head = joinNames(heads) + " := "
	}
	f.emit("%sfor %srange %s {\n%s%s}\n}\n", t.prefix(), head, x, bind, body)
}

// rangeString ranges over the runes of a string, decoded before the loop: the backend loses count where they are
// invalid.
func (f *fn) rangeString(s *ast.RangeStmt, label string) {
	at, runes, i := f.fresh("_at"), f.fresh("_rs"), f.fresh("_i")
	f.emit("{\n%s, %s := _gnb.Runes(string(%s))\n", at, runes, f.expr(s.X))
	bind := f.capture(func() {
		f.bindItems(s, yielded{s.Key, at + "[" + i + "]", types.Typ[types.Int]}, yielded{s.Value, runes + "[" + i + "]", types.Typ[types.Rune]})
	})
	t := f.enter(label, true)
	body := f.body(s.Body.List)
	f.leave()
	f.emit("%sfor %s := range %s {\n%s%s}\n}\n", t.prefix(), i, runes, bind, body)
}

// rangeArray ranges over a pointer to an array, whose elements are read when their turn comes.
func (f *fn) rangeArray(s *ast.RangeStmt, a *types.Array, label string) {
	p, i := f.fresh("_p"), f.fresh("_i")
	f.emit("{\n%s := %s\n", p, f.expr(s.X))
	bind := f.capture(func() {
		f.bindItems(s, yielded{s.Key, i, types.Typ[types.Int]}, yielded{s.Value, "(*" + p + ")[" + i + "]", a.Elem()})
	})
	t := f.enter(label, true)
	body := f.body(s.Body.List)
	f.leave()
	f.emit("%sfor %s := 0; %s < %d; %s++ {\n%s%s}\n}\n", t.prefix(), i, i, a.Len(), i, bind, body)
}

func isChan(t types.Type) bool {
	_, ok := t.Underlying().(*types.Chan)
	return ok
}

// simpleVar returns the variable that a loop defines, if it may be the backend's own iteration variable.
func (f *fn) simpleVar(s *ast.RangeStmt, x ast.Expr) (types.Object, bool) {
	id, ok := x.(*ast.Ident)
	if !ok || s.Tok != token.DEFINE {
		return nil, false
	}
	o := f.info.Defs[id]
	return o, o != nil && !f.boxed[o] && !f.assigned[o]
}
