package symbols

import (
	"go/constant"
	"go/types"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageImports(t *testing.T) {
	imp := Importer()
	for _, path := range Packages() {
		p, err := imp.Import(path)
		if err != nil {
			t.Errorf("import %s: %v", path, err)
		} else if p.Path() != path || !p.Complete() {
			t.Errorf("import %s gave %v, complete %v", path, p, p.Complete())
		}
	}
}

// The interpreter and the type checker must agree on what a package exports.
func TestValuesAgreeWithTypes(t *testing.T) {
	imp, values := Importer(), Values()
	for _, path := range Packages() {
		p, err := imp.Import(path)
		if err != nil || path == "unsafe" {
			continue
		}
		table := values[path+"/"+p.Name()]
		for _, name := range p.Scope().Names() {
			o := p.Scope().Lookup(name)
			if o.Exported() && hasValue(o) && !table[name].IsValid() {
				t.Errorf("%s.%s has no value", path, name)
			}
		}
		for name := range table {
			if o := p.Scope().Lookup(strings.TrimPrefix(name, "_")); o == nil {
				t.Errorf("%s.%s has no type", path, name)
			}
		}
	}
}

// hasValue tells objects from generic functions and types and from constraints.
func hasValue(o types.Object) bool {
	if f, ok := o.(*types.Func); ok {
		return f.Signature().TypeParams().Len() == 0
	}
	if t, ok := o.(*types.TypeName); ok {
		if g, ok := t.Type().(interface{ TypeParams() *types.TypeParamList }); ok && g.TypeParams().Len() > 0 {
			return false
		}
		i, ok := t.Type().Underlying().(*types.Interface)
		return !ok || i.IsMethodSet()
	}
	return true
}

func TestValues(t *testing.T) {
	v := Values()
	if got := v["strings/strings"]["ToUpper"].Call([]reflect.Value{reflect.ValueOf("go")})[0].String(); got != "GO" {
		t.Errorf("strings.ToUpper: %q", got)
	}
	if p := v["os/os"]["Stdout"].Addr().Interface(); p != &os.Stdout {
		t.Error("os.Stdout is not the variable itself")
	}
	if typ := v["fmt/fmt"]["Stringer"].Type().String(); typ != "*fmt.Stringer" {
		t.Errorf("fmt.Stringer: %s", typ)
	}
	w := v["fmt/fmt"]["_Stringer"].Type().Elem()
	if w.Field(0).Name != "IValue" || w.Field(1).Name != "WString" || w.NumMethod() != 1 {
		t.Errorf("wrapper of fmt.Stringer: %v", w)
	}
	for name, want := range map[string]string{"MaxInt64": "9223372036854775807", "MaxUint64": "18446744073709551615"} {
		if c := v["math/math"][name].Interface().(constant.Value); c.ExactString() != want {
			t.Errorf("math.%s: %s", name, c.ExactString())
		}
	}
	pi := v["math/math"]["Pi"].Interface().(constant.Value)
	if f, _ := constant.Float64Val(pi); pi.Kind() != constant.Float || f != 3.141592653589793 {
		t.Errorf("math.Pi: %v", pi)
	}
}

func TestPackagesOfThisGo(t *testing.T) {
	for _, want := range []string{"fmt", "iter", "weak", "os/exec", "crypto/mlkem", "testing/synctest", "unsafe",
		"gonum.org/v1/gonum/mat", "gonum.org/v1/plot/plotter", "github.com/groupnb/groupnb/repl/display"} {
		if !slices.Contains(Packages(), want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, p := range Packages() {
		if strings.Contains(p, "internal/") || p == "net/http/pprof" {
			t.Errorf("%s should not be there", p)
		}
	}
	if _, err := Importer().Import("no/such"); err == nil {
		t.Error("an unknown package was imported")
	}
}

func TestDoc(t *testing.T) {
	for _, c := range []struct{ path, name, begins string }{
		{"strings", "", "Package strings implements"},
		{"strings", "ToUpper", "ToUpper returns"},
		{"strings", "Builder.Grow", "Grow grows b's capacity"},
		{"net/http", "Client.Timeout", "Timeout specifies a time limit"},
		{"io", "Reader", "Reader is the interface"},
		{"builtin", "append", "The append built-in function"},
		{"math", "Pi", "https://oeis.org/A000796\n\nMathematical constants"},
		{"gonum.org/v1/plot", "New", "New returns a new plot"},
		{"github.com/groupnb/groupnb/repl/display", "Show", "Show displays"},
	} {
		if text, ok := Doc(c.path, c.name); !ok || !strings.HasPrefix(text, c.begins) {
			t.Errorf("Doc(%q, %q) = %.40q", c.path, c.name, text)
		}
	}
	if text, ok := Doc("strings", "NoSuch"); ok {
		t.Errorf("Doc of an unknown name: %q", text)
	}
}

func BenchmarkImportFmt(b *testing.B) {
	for b.Loop() {
		if _, err := Importer().Import("fmt"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkImportAll(b *testing.B) {
	for b.Loop() {
		imp := Importer()
		for _, p := range Packages() {
			if _, err := imp.Import(p); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkValues(b *testing.B) {
	for b.Loop() {
		Values()
	}
}
