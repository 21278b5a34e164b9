package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// A lowerer writes the backend's source for one program.
//
// The backend is trusted with little: functions, assignments, arithmetic, plain control flow. Types are made by
// rt.Define; methods become functions; function literals become functions that return a literal, called with what it
// captures (variables that are captured and assigned live behind pointers); defer, recover, select, goroutines and
// conversions to interfaces go through rt. What remains of Go after that, the interpreter runs as compiled code would.
type lowerer struct {
	fset  *token.FileSet
	cell  string // the cell's name
	st    *state
	lib   *library
	out   *output
	pos   token.Pos // what is being lowered, for refusals
	queue []func()  // declarations still to write
	vars  map[types.Object]string
}

// An output collects the parts of a program.
type output struct {
	imports map[string]string // alias to path
	types   strings.Builder
	vars    strings.Builder
	funcs   strings.Builder
	binds   []string
}

// pkg returns the alias of a compiled package and imports it.
func (o *output) pkg(path string) string {
	alias := "p_" + strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(path)
	o.imports[alias] = path
	return alias
}

// A refusal is the panic by which lowering gives up on a construct that the backend can't do right.
type refusal struct {
	pos token.Pos
	msg string
}

func (l *lowerer) refuse(pos token.Pos, format string, args ...any) {
	panic(refusal{pos, fmt.Sprintf(format, args...)})
}

// serial makes a backend name that was never used before.
func (l *lowerer) serial(name string) string {
	l.st.serial++
	return fmt.Sprintf("%s_%d", name, l.st.serial)
}

func (l *lowerer) later(f func()) { l.queue = append(l.queue, f) }

// drain writes what lowering has asked for so far.
func (l *lowerer) drain() {
	for len(l.queue) > 0 {
		f := l.queue[0]
		l.queue = l.queue[1:]
		f()
	}
}

// decls renders the program's declarations; entry is the name of the function that runs binds and then the statements.
func (o *output) decls(l *lowerer, entry, body string) string {
	var b strings.Builder
	b.WriteString("package main\n\nimport _gnb \"gnb/rt\"\nimport _T \"gnb/types\"\n")
	for _, alias := range slices.Sorted(maps.Keys(o.imports)) {
		fmt.Fprintf(&b, "import %s %q\n", alias, o.imports[alias])
	}
	b.WriteString(o.vars.String())
	b.WriteString(o.funcs.String())
	if entry != "" {
		fmt.Fprintf(&b, "/*line %s/_.go:1:1*/func %s() {\n%s}\n", l.cell, entry, body)
	}
	return b.String()
}

// funcName returns the backend name of a declared function, or of its instance.
func (l *lowerer) funcName(obj *types.Func, args []types.Type) string {
	if len(args) > 0 {
		return l.instance(obj, args)
	}
	if n := l.st.lowered[obj]; n != "" {
		return n
	}
	n := l.serial(strings.ReplaceAll(obj.Name(), "·", "_"))
	l.st.lowered[obj] = n
	u := l.unitOf(obj.Pkg(), obj.Name())
	if u == nil || u.body == nil {
		l.refuse(l.pos, "the function %s has no body here", obj.Name())
	}
	l.later(func() { l.function(u, n, nil) })
	return n
}

// compiledInstances are the instances of generic functions that rt has compiled, because they are slow otherwise, or
// because other instances are lowered from source that calls these.
var compiledInstances = map[string]string{
	"slices.Sort []int": "Sort_int", "slices.Sort []float64": "Sort_float64", "slices.Sort []float32": "Sort_float32", "slices.Sort []string": "Sort_string",
	"hash/maphash.Comparable interface{}": "Comparable", "hash/maphash.WriteComparable interface{}": "WriteComparable",
	"crypto/pbkdf2.Key p_hash.Hash": "PBKDF2", "crypto/hkdf.Extract p_hash.Hash": "HKDFExtract",
	"crypto/hkdf.Expand p_hash.Hash": "HKDFExpand", "crypto/hkdf.Key p_hash.Hash": "HKDF",
}

// instead tells what to use in the place of generics that cells can't have instances of.
var instead = map[string]string{
	"runtime.AddCleanup": "; write runtime.SetFinalizer(ptr, func(*T) { cleanup(arg) })",
	"sql.Null":           "; sql.NullString, sql.NullInt64 and their like can",
	"weak.Make":          "; keep a pointer, and set it to nil when the value may go",
	"weak.Pointer":       "; keep a pointer, and set it to nil when the value may go",
}

// instance returns the backend name of a generic function's instance and has it written when it is new.
func (l *lowerer) instance(obj *types.Func, args []types.Type) string {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = l.spell(a, "")
	}
	if n := compiledInstances[obj.Pkg().Path()+"."+obj.Name()+" "+texts[0]]; n != "" {
		return "_gnb." + n
	}
	u := l.unitOf(obj.Pkg(), obj.Name())
	if u == nil {
		name := obj.Pkg().Name() + "." + obj.Name()
		l.refuse(l.pos, "the generic function %s of a compiled package can't be called from a cell%s", name, instead[name])
	}
	obj = u.object()
	key := fmt.Sprintf("%s@%p[%s]", obj.Name(), obj, strings.Join(texts, ","))
	if n := l.st.inst[key]; n != "" {
		return n
	}
	n := l.serial(obj.Name())
	l.st.inst[key] = n
	l.later(func() { l.function(u, n, args) })
	return n
}

// methodName returns the backend name of a method of a notebook type, writing it when it is new.
func (l *lowerer) methodName(fn *types.Func, recv types.Type) string {
	named := namedOf(recv)
	if src := l.sourceInstance(named); src != nil {
		named = src
	}
	key := typeKey{obj: named.Obj(), args: fn.Name()}
	var args []types.Type
	for i := range named.TypeArgs().Len() {
		args = append(args, named.TypeArgs().At(i))
		key.args += "," + l.spell(args[i], "")
	}
	k := fmt.Sprintf("%p.%s", key.obj, key.args)
	if n := l.st.inst[k]; n != "" {
		return n
	}
	n := l.serial(named.Obj().Name() + "_" + fn.Name())
	l.st.inst[k] = n
	u := l.unitOf(named.Obj().Pkg(), named.Obj().Name()+"."+fn.Name())
	if u == nil {
		l.refuse(l.pos, "the method %s of %s is not known", fn.Name(), named.Obj().Name())
	}
	l.later(func() { l.function(u, n, args) })
	return n
}

// function writes a declared function or method under a backend name; args are the type arguments of an instance.
func (l *lowerer) function(u *unit, name string, args []types.Type) {
	d := u.decl.(*ast.FuncDecl)
	f := l.newFunc(u.body)
	f.bindParams(d, args)
	if u.src != nil {
		l.st.funcs[name] = newFuncInfo(u.shownName(), d)
	}
	f.declare(name, d.Recv, d.Type, d.Body)
}

// namedOf returns the named type of T or *T.
func namedOf(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, _ := t.(*types.Named)
	return n
}

// fromSource reports whether t or what it points to is a named type whose methods are lowered from source: one of the
// notebook, most often.
func (l *lowerer) fromSource(t types.Type) bool {
	n := namedOf(t)
	return n != nil && (l.owns(n.Obj().Pkg()) || l.sourceInstance(n) != nil)
}

// compiledNamed reports whether t or what it points to is a named type of a compiled package.
func (l *lowerer) compiledNamed(t types.Type) bool {
	n := namedOf(t)
	return n != nil && n.Obj().Pkg() != nil && !isInterface(n) && !l.fromSource(n)
}

func isInterface(t types.Type) bool {
	_, ok := t.Underlying().(*types.Interface)
	return ok
}

// typeSource renders the declarations for rt.Define.
func (o *output) typeSource() string {
	if o.types.Len() == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("package t\n")
	for _, alias := range slices.Sorted(maps.Keys(o.imports)) {
		fmt.Fprintf(&b, "import %s %q\n", alias, o.imports[alias])
	}
	return b.String() + o.types.String()
}
