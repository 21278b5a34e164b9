package rt

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A binding is the function behind a method; a later version of the method replaces it.
type binding struct {
	name string
	fn   atomic.Value // of reflect.Value
}

type bindKey struct{ typ, method string }

var bindings sync.Map // bindKey to *binding

// Bind makes fn the code of a method of a type made by [Define]. Its first parameter is the receiver: T or *T as the
// method was declared.
func Bind(typ, method string, fn any) {
	b, ok := bindings.Load(bindKey{typ, method})
	if !ok {
		panic(fmt.Sprintf("internal error: no method %s.%s", typ, method))
	}
	b.(*binding).fn.Store(reflect.ValueOf(fn))
}

func (b *binding) call(recv reflect.Value, args []reflect.Value, variadic bool) []reflect.Value {
	fn, ok := b.fn.Load().(reflect.Value)
	if !ok {
		panic("internal error: method " + b.name + " is not bound")
	}
	defer func() {
		if r := recover(); r != nil { // compiled code that recovers, as fmt does, sees Go's error
			panic(Translate(r))
		}
	}()
	args = append([]reflect.Value{recv}, args...)
	if variadic {
		return fn.CallSlice(args)
	}
	return fn.Call(args)
}

// direct makes the function that takes the receiver by value.
func (b *binding) direct(t, sig reflect.Type) reflect.Value {
	return reflect.MakeFunc(withReceiver(t, sig), func(in []reflect.Value) []reflect.Value {
		return b.call(in[0], in[1:], sig.IsVariadic())
	})
}

// throughPointer makes the function that takes the receiver as a pointer: to pass it on, or what it points to.
func (b *binding) throughPointer(t, sig reflect.Type, pass bool) reflect.Value {
	return reflect.MakeFunc(withReceiver(reflect.TypeFor[unsafe.Pointer](), sig), func(in []reflect.Value) []reflect.Value {
		recv := reflect.NewAt(t, in[0].UnsafePointer())
		if !pass {
			if recv.IsNil() {
				panic(fmt.Sprintf("value method %s called using nil pointer", b.name))
			}
			c := reflect.New(t).Elem()
			c.Set(recv.Elem())
			recv = c
		}
		return b.call(recv, in[1:], sig.IsVariadic())
	})
}

func withReceiver(recv, sig reflect.Type) reflect.Type {
	in := []reflect.Type{recv}
	for i := range sig.NumIn() {
		in = append(in, sig.In(i))
	}
	var out []reflect.Type
	for i := range sig.NumOut() {
		out = append(out, sig.Out(i))
	}
	return reflect.FuncOf(in, out, sig.IsVariadic())
}
