package rt

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"
	"unsafe"
)

// The descriptors are laid out as this version of Go lays them out; a later Go that differs fails here first.
func TestLayout(t *testing.T) {
	for _, c := range []struct {
		kind reflect.Kind
		want uintptr
	}{
		{reflect.Int, 48}, {reflect.Pointer, 56}, {reflect.Slice, 56}, {reflect.Array, 72}, {reflect.Chan, 64},
		{reflect.Interface, 80}, {reflect.Struct, 80}, {reflect.Func, 56},
	} {
		if got := kindMirror(c.kind).Size(); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.kind, got, c.want)
		}
	}
	if h := headerOf(reflect.TypeFor[map[string]int]()); h.size != 8 || reflect.Kind(h.kind) != reflect.Map {
		t.Errorf("header of a map: %+v", h)
	}
	m := (*mapType)(unsafe.Pointer(headerOf(reflect.TypeFor[map[string]int64]())))
	if typeOf(m.key) != reflect.TypeFor[string]() || typeOf(m.elem) != reflect.TypeFor[int64]() || m.slotSize != 24 {
		t.Errorf("map of string to int64: key %v, elem %v, slot %d", typeOf(m.key), typeOf(m.elem), m.slotSize)
	}
	mine, theirs := reflect.TypeFor[assertionFailure](), reflect.TypeFor[runtime.TypeAssertionError]()
	for i, name := range []string{"_interface", "concrete", "asserted", "missingMethod"} {
		if f, ok := theirs.FieldByName(name); !ok || f.Offset != mine.Field(i).Offset || mine.Size() != theirs.Size() {
			t.Errorf("field %s of %v at %d, %t", name, theirs, f.Offset, ok)
		}
	}
}

// define makes types and returns them by backend name.
func define(t testing.TB, decls string) map[string]reflect.Type {
	t.Helper()
	exports, err := Define(decls)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]reflect.Type{}
	for name, v := range exports {
		if v.Kind() == reflect.Pointer {
			types[name] = v.Type().Elem()
		}
	}
	return types
}

// Made types look to compiled code like types of a compiled package main.
func TestDefine(t *testing.T) {
	types := define(t, `package t
type P_1 struct { X int "json:\"x\""; hidden string; E__Base Base_1; Next *P_1; M map[string]P_1 } // main.P
type Base_1 struct { ID int } // main.Base
type F_1 func(F_1) *P_1 // main.F
type L_1 []L_1 // main.L
type C_1 float64 // main.C
type I_1 interface { Area() float64; secret() } // main.I
func (C_1) String() string
func (*P_1) Error() string
func (C_1) Area() float64
func (C_1) secret()
`)
	Bind("C_1", "String", func(c any) string { return "never" }) // replaced below: the latest binding counts
	bind := func(typ, method string, fn func(in []reflect.Value) []reflect.Value, in, out reflect.Type) {
		params, results := []reflect.Type{in}, []reflect.Type{}
		if out != nil {
			results = append(results, out)
		}
		Bind(typ, method, reflect.MakeFunc(reflect.FuncOf(params, results, false), fn).Interface())
	}
	text := reflect.TypeFor[string]()
	c, p := types["C_1"], types["P_1"]
	bind("C_1", "String", func(in []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(fmt.Sprintf("%.1f°", in[0].Float()))}
	}, c, text)
	bind("C_1", "Area", func(in []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(2 * in[0].Float())}
	}, c, reflect.TypeFor[float64]())
	bind("P_1", "Error", func(in []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(fmt.Sprint("p", in[0].Elem().Field(0).Int()))}
	}, reflect.PointerTo(p), text)

	v := reflect.New(c).Elem()
	v.SetFloat(3)
	if got := fmt.Sprintf("%v %T %v", v.Interface(), v.Interface(), []any{v.Interface()}); got != "3.0° main.C [3.0°]" {
		t.Errorf("named float: %s", got)
	}
	if a, ok := v.Interface().(interface{ Area() float64 }); !ok || a.Area() != 6 {
		t.Error("a made type does not implement a compiled interface")
	}
	if !c.Implements(types["I_1"]) || reflect.TypeFor[time.Duration]().Implements(types["I_1"]) {
		t.Error("made interface: wrong implementations")
	}
	ptr := reflect.New(p)
	ptr.Elem().Field(0).SetInt(7)
	ptr.Elem().Field(1).SetString("set") // what the interpreter needs
	boxed := box(ptr)
	err, ok := boxed.Interface().(error)
	if !ok || err.Error() != "p7" {
		t.Fatalf("boxed pointer as error: %v %v", err, ok)
	}
	target := reflect.New(boxed.Type())
	if !errors.As(fmt.Errorf("wrapped: %w", err), target.Interface()) {
		t.Error("errors.As does not find the type")
	}
	b, _ := json.Marshal(boxed.Interface())
	if string(b) != `{"x":7,"ID":0,"Next":null,"M":null}` {
		t.Errorf("json: %s", b)
	}
	if got := fmt.Sprintf("%+v %v", boxed.Elem().Interface(), types["F_1"]); got != "{X:7 hidden:set Base:{ID:0} Next:<nil> M:map[]} main.F" {
		t.Errorf("formatted: %s", got)
	}
	if types["L_1"].Elem() != types["L_1"] || types["F_1"].In(0) != types["F_1"] {
		t.Error("recursive types do not refer to themselves")
	}
}

// Nothing of a made type is lost to the garbage collector.
func TestDefineSurvivesCollection(t *testing.T) {
	for i := range 50 {
		name := fmt.Sprintf("G_%d", i)
		typ := define(t, fmt.Sprintf("package t\ntype %s struct { Name string; next *%s } // main.G%d\nfunc (%s) Len() int\n", name, name, i, name))[name]
		Bind(name, "Len", reflect.MakeFunc(reflect.FuncOf([]reflect.Type{typ}, []reflect.Type{reflect.TypeFor[int]()}, false),
			func(in []reflect.Value) []reflect.Value {
				return []reflect.Value{reflect.ValueOf(in[0].Field(0).Len())}
			}).Interface())
		v := reflect.New(typ).Elem()
		v.Field(0).SetString(fmt.Sprint("name", i))
		runtime.GC()
		x := box(v).Interface()
		if n := x.(interface{ Len() int }).Len(); n != len(fmt.Sprint("name", i)) || reflect.TypeOf(x).String() != fmt.Sprintf("main.G%d", i) {
			t.Fatalf("%d: length %d of a %T", i, n, x)
		}
	}
}

func TestDefineRefuses(t *testing.T) {
	for _, decls := range []string{"package", "package t\ntype A_1 struct { X Missing }", "package t\ntype A_1 struct { A A_1 } // main.A"} {
		if _, err := Define(decls); err == nil {
			t.Errorf("%q: no error", decls)
		}
	}
}
