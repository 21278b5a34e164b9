package repl

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/internal/symbols"
)

// Every interface of the standard library can be implemented in a cell, and compiled code calls the cell's methods.
func TestStandardInterfaces(t *testing.T) {
	s := start(t, Options{})
	imp := symbols.Importer()
	total := 0
	for _, path := range symbols.Packages() {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			continue
		}
		p, err := imp.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		src, n := implementations(p)
		if n == 0 {
			continue
		}
		total += n
		if o := execute(t, s, src); o.err != nil || o.stdout != fmt.Sprintln(n) {
			t.Errorf("%s: %d of its methods: %q, %v\n%s", path, n, o.stdout, o.err, src)
		}
	}
	if total < 300 {
		t.Errorf("only %d methods were called", total)
	}
}

// implementations writes a cell that implements the interfaces of a package, has reflection call every method and
// prints how many were called.
func implementations(p *types.Package) (src string, methods int) {
	w := &cellWriter{pkgs: map[string]string{}}
	var decls, calls strings.Builder
	for _, name := range p.Scope().Names() {
		o, ok := p.Scope().Lookup(name).(*types.TypeName)
		if !ok || !o.Exported() || !implementable(o.Type()) {
			continue
		}
		i := o.Type().Underlying().(*types.Interface)
		impl := "impl" + name
		fmt.Fprintf(&decls, "type %s struct{ n int }\n", impl)
		for m := range i.Methods() {
			fmt.Fprintf(&decls, "func (x *%s) %s%s { x.n++; called += x.n; return }\n", impl, m.Name(), w.signature(m.Signature()))
			fmt.Fprintf(&calls, "{\nvar v %s = &%s{}\ncall(reflect.ValueOf(&v).Elem().MethodByName(%q))\n}\n", w.typ(o.Type()), impl, m.Name())
			methods++
		}
	}
	imports := "import \"fmt\"\nimport \"reflect\"\n"
	for _, path := range slices.Sorted(maps.Keys(w.pkgs)) {
		imports += fmt.Sprintf("import %s %q\n", w.pkgs[path], path)
	}
	return imports + "var called int\nfunc call(f reflect.Value) {\nvar in []reflect.Value\n" +
		"for i := range f.Type().NumIn() {\nin = append(in, reflect.Zero(f.Type().In(i)))\n}\n" +
		"if f.Type().IsVariadic() {\nf.CallSlice(in)\n} else {\nf.Call(in)\n}\n}\n" +
		decls.String() + calls.String() + "fmt.Println(called)\n", methods
}

// implementable reports whether a cell can implement the type: an interface whose methods and their types have names.
func implementable(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	if g, named := t.(*types.Named); !ok || !i.IsMethodSet() || named && g.TypeParams().Len() > 0 {
		return false
	}
	for m := range i.Methods() {
		if !m.Exported() {
			return false
		}
	}
	return true
}

// A cellWriter writes types as a cell does, each package under a name of its own.
type cellWriter struct{ pkgs map[string]string }

func (w *cellWriter) qualify(p *types.Package) string {
	w.pkgs[p.Path()] = strings.NewReplacer("/", "_", ".", "_").Replace(p.Path()) + "_"
	return w.pkgs[p.Path()]
}

func (w *cellWriter) typ(t types.Type) string { return types.TypeString(t, w.qualify) }

// signature writes named results, so that a bare return serves all.
func (w *cellWriter) signature(s *types.Signature) string {
	var results []*types.Var
	for r := range s.Results().Variables() {
		results = append(results, types.NewVar(r.Pos(), nil, fmt.Sprint("r", len(results)), r.Type()))
	}
	var params []*types.Var
	for p := range s.Params().Variables() {
		params = append(params, types.NewVar(p.Pos(), nil, fmt.Sprint("p", len(params)), p.Type()))
	}
	plain := types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), types.NewTuple(results...), s.Variadic())
	return strings.TrimPrefix(w.typ(plain), "func")
}
