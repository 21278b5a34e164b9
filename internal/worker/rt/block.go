package rt

import (
	"reflect"
	"unsafe"
)

// A block is the memory of one type descriptor: the part for its kind, the uncommon part, for functions the parameter
// types, then the methods.
type block struct {
	header  *header
	unc     *uncommon
	params  []*header
	methods []methodDesc
}

// kindSize returns a Go type that mirrors the descriptor of a kind.
func kindMirror(k reflect.Kind) reflect.Type {
	switch k {
	case reflect.Pointer:
		return reflect.TypeFor[ptrType]()
	case reflect.Slice:
		return reflect.TypeFor[sliceType]()
	case reflect.Array:
		return reflect.TypeFor[arrayType]()
	case reflect.Chan:
		return reflect.TypeFor[chanType]()
	case reflect.Map:
		return reflect.TypeFor[mapType]()
	case reflect.Interface:
		return reflect.TypeFor[interfaceType]()
	case reflect.Struct:
		return reflect.TypeFor[structType]()
	case reflect.Func:
		return reflect.TypeFor[funcType]()
	}
	return reflect.TypeFor[header]()
}

// newBlock allocates a descriptor that begins as a copy of model's.
func newBlock(model reflect.Type, methods, params int) *block {
	mirror := kindMirror(model.Kind())
	layout := reflect.StructOf([]reflect.StructField{
		{Name: "Kind", Type: mirror},
		{Name: "Uncommon", Type: reflect.TypeFor[uncommon]()},
		{Name: "Params", Type: reflect.ArrayOf(params, reflect.TypeFor[*header]())},
		{Name: "Methods", Type: reflect.ArrayOf(methods, reflect.TypeFor[methodDesc]())},
	})
	v := reflect.New(layout)
	base := v.UnsafePointer()
	reflect.NewAt(mirror, base).Elem().Set(reflect.NewAt(mirror, unsafe.Pointer(headerOf(model))).Elem())
	at := func(i int) unsafe.Pointer { return unsafe.Add(base, layout.Field(i).Offset) }
	b := &block{header: (*header)(base), unc: (*uncommon)(at(1))}
	*b.unc = uncommon{pkgPath: nameOff("main", false), mcount: uint16(methods), moff: uint32(layout.Field(3).Offset - layout.Field(1).Offset)}
	if params > 0 {
		b.params = unsafe.Slice((**header)(at(2)), params)
	}
	if methods > 0 {
		b.methods = unsafe.Slice((*methodDesc)(at(3)), methods)
	}
	blocks = append(blocks, base)
	return b
}

// blocks keeps every descriptor reachable.
var blocks []unsafe.Pointer
