package worker

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/traefik/yaegi/interp"
)

// private reaches the fields of the interpreter that have no method: its way of ending a run closes a channel that
// closures keep, and leaves a run id with which earlier frames do nothing. A test guards the interpreter's version.
type private struct {
	id     *uint64        // frames with another id stop at their next step
	done   *chan struct{} // receiving from it ends a blocked channel operation
	cancel *bool          // whether channel operations heed done
	roots  reflect.Value  // syntax trees of all that was ever compiled, for its debugger
	scopes reflect.Value  // by package; each keeps all inner scopes, which nothing reads, and with them syntax trees

	mu *sync.Mutex // for done
}

func privateFields(in *interp.Interpreter) private {
	field := func(name string, typ reflect.Type) unsafe.Pointer {
		f := reflect.ValueOf(in).Elem().FieldByName(name)
		if !f.IsValid() || f.Type() != typ {
			panic("worker: the interpreter has no field " + name + " of type " + typ.String())
		}
		return unsafe.Pointer(f.UnsafeAddr())
	}
	p := private{
		id:     (*uint64)(field("id", reflect.TypeFor[uint64]())),
		done:   (*chan struct{})(field("done", reflect.TypeFor[chan struct{}]())),
		cancel: (*bool)(field("cancelChan", reflect.TypeFor[bool]())),
		mu:     new(sync.Mutex),
	}
	p.roots = settable(reflect.ValueOf(in).Elem().FieldByName("roots"))
	p.scopes = settable(reflect.ValueOf(in).Elem().FieldByName("scopes"))
	*p.cancel = true
	return p
}

// newDone gives the next run a channel of its own. Nothing may run at that time.
func (p private) newDone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	*p.done = make(chan struct{})
}

func (p private) getDone() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.done
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
