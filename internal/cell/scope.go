package cell

import (
	"go/token"
	"go/types"
	"reflect"
	"unsafe"
)

// resetScope gives p a new, empty scope. All cells of a session are one package, because go/types lets code set the
// unexported fields of a struct only in the very package that declares it; but it has no way to declare a name again,
// which is what notebooks do.
func resetScope(p *types.Package) *types.Package {
	f := reflect.ValueOf(p).Elem().FieldByName("scope")
	scope := types.NewScope(types.Universe, token.NoPos, token.NoPos, "notebook")
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(reflect.ValueOf(scope))
	return p
}
