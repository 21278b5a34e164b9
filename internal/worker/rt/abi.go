package rt

import (
	"reflect"
	"unsafe"
)

// The memory layout of the runtime's type descriptors (internal/abi), as far as a type made at run time needs it,
// and of what refers to them. The test of this file's sizes fails if a later Go changes it.

type header struct {
	size, ptrBytes    uintptr
	hash              uint32
	tflag             uint8
	align, fieldAlign uint8
	kind              uint8
	equal             func(unsafe.Pointer, unsafe.Pointer) bool
	gcdata            *byte
	str               int32
	ptrToThis         int32
}

const (
	flagUncommon  = 1 << 0
	flagExtraStar = 1 << 1
	flagNamed     = 1 << 2
)

type uncommon struct {
	pkgPath        int32
	mcount, xcount uint16
	moff           uint32
	_              uint32
}

type methodDesc struct{ name, mtyp, ifn, tfn int32 }

type ptrType struct {
	header
	elem *header
}

type sliceType struct {
	header
	elem *header
}

type arrayType struct {
	header
	elem, slice *header
	len         uintptr
}

type chanType struct {
	header
	elem *header
	dir  int
}

type mapType struct {
	header
	key, elem, group             *header
	hasher                       func(unsafe.Pointer, uintptr) uintptr
	groupSize, slotSize, elemOff uintptr
	flags                        uint32
}

type imethod struct{ name, typ int32 }

type interfaceType struct {
	header
	pkgPath *byte
	methods []imethod
}

type structField struct {
	name *byte
	typ  *header
	//lint:ignore U1000 part of the layout
	offset uintptr
}

type structType struct {
	header
	pkgPath *byte
	fields  []structField
}

type funcType struct {
	header
	in, out uint16
}

type eface struct {
	typ  *header
	data unsafe.Pointer
}

// An assertionFailure is laid out as a runtime.TypeAssertionError.
type assertionFailure struct {
	from, concrete, asserted *header
	missing                  string // method
}

// headerOf returns the descriptor behind a reflect.Type.
func headerOf(t reflect.Type) *header {
	z := reflect.Zero(reflect.PointerTo(t)).Interface() // (*T)(nil)
	return (*ptrType)(unsafe.Pointer((*eface)(unsafe.Pointer(&z)).typ)).elem
}

// typeOf returns the reflect.Type of a descriptor.
func typeOf(h *header) reflect.Type {
	var z any
	(*eface)(unsafe.Pointer(&z)).typ = h
	return reflect.TypeOf(z)
}

// addReflectOff registers a pointer with the runtime and returns the offset that stands for it in descriptors. The Go
// project keeps this name linkable for packages that make types at run time.
//
//go:linkname addReflectOff reflect.addReflectOff
func addReflectOff(ptr unsafe.Pointer) int32

// newName encodes a name as descriptors hold it. pkgPath is for unexported names that aren't fields.
func newName(name, tag string, exported, embedded bool, pkgPath string) *byte {
	b := []byte{0}
	b = appendString(b, name)
	if exported {
		b[0] |= 1 << 0
	}
	if tag != "" {
		b[0] |= 1 << 1
		b = appendString(b, tag)
	}
	if pkgPath != "" {
		b[0] |= 1 << 2
		off := addReflectOff(unsafe.Pointer(newName(pkgPath, "", false, false, "")))
		b = append(b, byte(off), byte(off>>8), byte(off>>16), byte(off>>24))
	}
	if embedded {
		b[0] |= 1 << 3
	}
	return &b[0]
}

func appendString(b []byte, s string) []byte {
	n := len(s)
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(append(b, byte(n)), s...)
}

func nameOff(name string, exported bool) int32 {
	return addReflectOff(unsafe.Pointer(newName(name, "", exported, false, "")))
}
