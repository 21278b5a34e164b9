//go:build !amd64 && !arm64

package rt

import (
	"errors"
	"reflect"
	"unsafe"
)

func newStub(reflect.Value) (unsafe.Pointer, error) {
	return nil, errors.New("methods declared in cells need an amd64 or arm64 machine")
}
