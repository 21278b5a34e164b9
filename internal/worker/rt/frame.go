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
	calls     []deferred
	value     any
	panicking bool
	recovered bool
	within    int // of the deferred call that is being made
}

// A deferred is a deferred call.
type deferred struct {
	call func()
	// within is 1 if call is a function that makes the call that was deferred, 0 if it is that function itself
	within int
}

// NewFrame begins a function that defers calls.
func NewFrame() *Frame { return &Frame{} }

// Defer adds a function to be called when the function ends.
func (f *Frame) Defer(call func()) { f.calls = append(f.calls, deferred{call, 0}) }

// DeferCall adds a function that makes one call to be made when the function ends.
func (f *Frame) DeferCall(call func()) { f.calls = append(f.calls, deferred{call, 1}) }

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
	if host.Panicking != nil {
		host.Panicking()
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
	d := f.calls[len(f.calls)-1]
	f.calls = f.calls[:len(f.calls)-1]
	panicking := f.panicking
	if panicking {
		f.within = d.within
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
	if panicking {
		callPanicking(d.call)
	} else {
		callReturning(d.call)
	}
	done = true
}

// callPanicking and callReturning make a deferred call; Recover finds them on the stack.
//
//go:noinline
func callPanicking(call func()) { call() }

//go:noinline
func callReturning(call func()) { call() }

// direct reports whether the function that called Recover is the one that a panicking function deferred: whether the
// interpreter is in depth calls since it was called.
func direct(depth int) bool {
	pcs := make([]uintptr, 64)
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs)
		frames := runtime.CallersFrames(pcs[:n])
		for more := n > 0; more; {
			var fr runtime.Frame
			fr, more = frames.Next()
			switch {
			case strings.HasSuffix(fr.Function, "/interp.runCfg"):
				depth--
			case strings.HasSuffix(fr.Function, "rt.callPanicking"):
				return depth == 0
			case strings.HasSuffix(fr.Function, "rt.callReturning"):
				return false
			}
		}
		if n < len(pcs) {
			return false
		}
	}
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

// Recover is the builtin recover. It is called from within as many functions of the backend's own, inside the function
// of the source; a negative number stands for a place where that is unknown.
func Recover(within int) any {
	if panicCount.Load() == 0 {
		return nil
	}
	v, ok := panics.Load(goid())
	if !ok {
		return nil
	}
	list := *v.(*[]*Frame)
	f := list[len(list)-1]
	if !f.panicking || within >= 0 && !direct(within+f.within+1) {
		return nil
	}
	f.panicking, f.recovered = false, true
	if host.Recovered != nil {
		host.Recovered()
	}
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
