package worker

import (
	"reflect"
	"unsafe"

	"github.com/groupnb/groupnb/internal/worker/rt"
)

// The interpreter ends a function that waits at a channel when its cell is stopped, and its callers one by one, without
// their deferred calls. With these generators such a wait ends the goroutine, as a loop does, and locks are free after
// it. Goroutines other than the one that runs the cell are not disturbed.

func amendedReceive(n *node) {
	ch, to := genValue(n.child[0]), n.place()
	tnext, fnext := getExec(n.tnext), getExec(n.fnext)
	n.exec = func(f *frame) exec {
		v, _ := rt.Receive(ch(f))
		*to(f) = v
		if fnext != nil && !v.Bool() {
			return fnext
		}
		return tnext
	}
}

// amendedReceive2 is for v, ok := <-ch.
func amendedReceive2(n *node) {
	ch, result, status := genValue(n.child[0]), genValue(n.anc.child[0]), genValue(n.anc.child[1])
	next := getExec(n.tnext)
	n.exec = func(f *frame) exec {
		to, told := result(f), status(f)
		v, ok := rt.Receive(ch(f))
		to.Set(v)
		told.SetBool(ok)
		return next
	}
}

func amendedSend(n *node) {
	ch, value, next := genValue(n.child[0]), genDestValue(n.child[0].typ.elem(), n.child[1]), getExec(n.tnext)
	n.exec = func(f *frame) exec {
		rt.SendValue(ch(f), value(f))
		return next
	}
}

func amendedRangeChan(n *node) {
	ch, at := genValue(n.child[1]), n.child[0].findex
	tnext, fnext := getExec(n.tnext), getExec(n.fnext)
	n.exec = func(f *frame) exec {
		v, ok := rt.Receive(ch(f))
		if !ok {
			return fnext
		}
		f.data[at].Set(v)
		return tnext
	}
}

// place returns where a node's result goes.
func (n *node) place() func(*frame) *reflect.Value {
	at, level := n.findex, n.level
	return func(f *frame) *reflect.Value { return &getFrame(f, level).data[at] }
}

// elem returns the type of what a channel carries.
func (t *nodeType) elem() *nodeType { return *(**nodeType)(unsafe.Add(unsafe.Pointer(t), elemOffset)) }

var elemOffset = func() uintptr {
	f, ok := privateType(interpNode, "typ").Elem().FieldByName("val")
	if !ok || f.Type != privateType(interpNode, "typ") {
		panic("worker: the interpreter's types have no field val")
	}
	return f.Offset
}()
