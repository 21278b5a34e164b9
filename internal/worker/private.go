package worker

import (
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/traefik/yaegi/interp"
)

// private reaches the fields of the interpreter that have no method: its way of ending a run leaves a run id with which
// earlier frames do nothing. A test guards the interpreter's version.
type private struct {
	id     *uint64       // frames with another id stop at their next step
	roots  reflect.Value // syntax trees of all that was ever compiled, for its debugger
	scopes reflect.Value // by package; each keeps all inner scopes, which nothing reads, and with them syntax trees

	globals *[]reflect.Value // the frame of global variables
	types   *[]reflect.Type  // of what they hold; new ones are added when a program is compiled
	filled  *int             // how many globals have their variable
}

// globalsAhead is how many globals have room from the start; some cells need one, most a few.
const globalsAhead = 1 << 14

func privateFields(in *interp.Interpreter) private {
	v := reflect.ValueOf(in).Elem()
	p := private{
		id:      (*uint64)(fieldOf(v, "id", reflect.TypeFor[uint64]())),
		globals: (*[]reflect.Value)(fieldOf(v.FieldByName("frame").Elem(), "data", reflect.TypeFor[[]reflect.Value]())),
		types:   (*[]reflect.Type)(fieldOf(v.FieldByName("universe").Elem(), "types", reflect.TypeFor[[]reflect.Type]())),
		filled:  new(int),
	}
	p.roots = settable(v.FieldByName("roots"))
	p.scopes = settable(v.FieldByName("scopes"))
	return p
}

// fieldOf returns a pointer to a private field, whose type must be the one known.
func fieldOf(v reflect.Value, name string, typ reflect.Type) unsafe.Pointer {
	f := v.FieldByName(name)
	if !f.IsValid() || f.Type() != typ {
		panic("worker: the interpreter has no field " + name + " of type " + typ.String())
	}
	return unsafe.Pointer(f.UnsafeAddr())
}

// ownGlobals has fillGlobals make global variables from now on. The interpreter does it by replacing the frame, which
// goroutines of earlier cells read meanwhile.
func (p private) ownGlobals() {
	*p.filled = len(*p.globals)
	p.makeRoom(globalsAhead)
}

// fillGlobals makes the variables of a program that has been compiled.
func (p private) fillGlobals() {
	types := *p.types
	if len(types) > len(*p.globals) {
		p.makeRoom(2 * len(types))
	}
	for i := *p.filled; i < len(types); i++ {
		(*p.globals)[i] = reflect.New(types[i]).Elem()
	}
	*p.filled = len(types)
}

func (p private) makeRoom(n int) {
	data := make([]reflect.Value, n)
	copy(data, *p.globals)
	*p.globals = data
}

// bumpID stops all frames and returns the id that they carry.
func (p private) bumpID() uint64 { return atomic.AddUint64(p.id, 1) - 1 }

func (p private) setID(id uint64) { atomic.StoreUint64(p.id, id) }

// forgetSyntax lets go of what no function or variable needs any more.
func (p private) forgetSyntax() {
	p.roots.SetZero()
	if main := p.scopes.MapIndex(reflect.ValueOf("main")); main.IsValid() {
		settable(main.Elem().FieldByName("child")).SetZero()
	}
}

// settable makes a private field as good as an exported one.
func settable(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem()
}
