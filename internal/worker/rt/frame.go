package rt

import (
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A Frame holds the deferred calls of one call of a function.
type Frame struct {
	calls     []func()
	value     any
	panicking bool
	recovered bool
}

// NewFrame begins a function that defers calls.
func NewFrame() *Frame { return &Frame{} }

// Defer adds a call to be made when the function ends.
func (f *Frame) Defer(call func()) { f.calls = append(f.calls, call) }

// A Panicked is what [Recovered] makes of a recovered value.
type Panicked struct{ value any }

// Recovered turns what the interpreter's recover returns into the value that was given to panic; nil if there was none.
func Recovered(v any) *Panicked {
	if r, ok := v.(reflect.Value); ok {
		if !r.IsValid() {
			return nil
		}
		v = r.Interface()
	}
	if v == nil {
		return nil
	}
	return &Panicked{Translate(v)}
}

// Finish makes the deferred calls, last first, with p as the current panic. It panics again unless one of them
// recovered, and reports whether one did.
func (f *Frame) Finish(p *Panicked) bool {
	if p != nil {
		f.value, f.panicking = p.value, true
	}
	for len(f.calls) > 0 {
		f.one()
	}
	if f.panicking {
		panic(f.value)
	}
	return f.recovered
}

// one makes the last deferred call. A panic in it replaces the current one.
func (f *Frame) one() {
	call := f.calls[len(f.calls)-1]
	f.calls = f.calls[:len(f.calls)-1]
	if f.panicking {
		enter(f)
		defer leave()
	}
	done := false
	defer func() {
		if done {
			return
		}
		if r := recover(); r != nil {
			f.value, f.panicking, f.recovered = Translate(r), true, false
		}
	}()
	call()
	done = true
}

// panics holds, for each goroutine that runs deferred calls of a panicking function, those functions.
var panics sync.Map // goroutine id to *[]*Frame

var panicCount atomic.Int64

func enter(f *Frame) {
	panicCount.Add(1)
	v, _ := panics.LoadOrStore(goid(), &[]*Frame{})
	list := v.(*[]*Frame)
	*list = append(*list, f)
}

func leave() {
	panicCount.Add(-1)
	id := goid()
	v, _ := panics.Load(id)
	list := v.(*[]*Frame)
	if *list = (*list)[:len(*list)-1]; len(*list) == 0 {
		panics.Delete(id)
	}
}

// Recover is the builtin recover, for calls from deferred functions.
func Recover() any {
	if panicCount.Load() == 0 {
		return nil
	}
	v, ok := panics.Load(goid())
	if !ok {
		return nil
	}
	list := *v.(*[]*Frame)
	f := list[len(list)-1]
	if !f.panicking {
		return nil
	}
	f.panicking, f.recovered = false, true
	return f.value
}

// goid returns the number of the calling goroutine, as traces show it.
func goid() int64 {
	var buf [40]byte
	s := strings.TrimPrefix(string(buf[:runtime.Stack(buf[:], false)]), "goroutine ")
	s, _, _ = strings.Cut(s, " ")
	id, _ := strconv.ParseInt(s, 10, 64)
	return id
}

// Panic is the builtin panic.
func Panic(v any) { panic(v) }

// Go starts call in a goroutine. A panic there is reported and ends only that goroutine.
func Go(call func()) {
	go func() {
		defer func() {
			if r := recover(); r != nil && host.GoPanic != nil {
				if p := Recovered(r); p != nil {
					host.GoPanic(p.value, nil)
				}
			}
		}()
		call()
	}()
}

// RangeDone panics as Go does when an iterator goes on after the loop's body has ended it.
func RangeDone() {
	panic("range function continued iteration after function for loop body returned false")
}
