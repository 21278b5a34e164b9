//go:build amd64 || arm64

package rt

import (
	"errors"
	"reflect"
	"sync/atomic"
	"unsafe"
)

const (
	slotCount  = 8192
	stubStride = 16
)

// slots holds the function values that the stubs jump to; it also keeps them alive.
var slots [slotCount]unsafe.Pointer

var slotsUsed atomic.Int64

//lint:ignore U1000 the assembly refers to it
func stubs()

func stubBase() uintptr

var errStubs = errors.New("too many methods were declared in this session; restart it")

// newStub returns the address of code that behaves as f, to stand in a method table.
func newStub(f reflect.Value) (unsafe.Pointer, error) {
	n := slotsUsed.Add(1) - 1
	if n >= slotCount {
		return nil, errStubs
	}
	i := f.Interface()
	slots[n] = (*eface)(unsafe.Pointer(&i)).data
	code := stubBase() + uintptr(n)*stubStride
	return *(*unsafe.Pointer)(unsafe.Pointer(&code)), nil
}
