package cell

import (
	"go/types"
	"reflect"
	"unsafe"
)

// resetScope empties the scope of p. All cells of a session are one package with one scope, because go/types lets code
// set the unexported fields of a struct only in the very package that declares it; but it has no way to declare a name
// again, which is what notebooks do.
func resetScope(p *types.Package) *types.Package {
	scope := reflect.ValueOf(p.Scope()).Elem()
	for _, name := range []string{"elems", "children"} {
		f := scope.FieldByName(name)
		reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().SetZero()
	}
	return p
}
