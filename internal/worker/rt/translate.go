package rt

import (
	"reflect"
	"runtime"
	"strings"
)

// A RuntimeError is a run-time error that the interpreter meets inside reflection, in the words of package runtime.
type RuntimeError struct{ text string }

func (e *RuntimeError) Error() string { return "runtime error: " + e.text }

// RuntimeError marks the error as one of package runtime's kind.
func (e *RuntimeError) RuntimeError() {}

var negative = -1

// Run-time errors, as compiled code panics with them.
var (
	nilPointer = caught(nilDeref)
	noLength   = caught(func() { _ = make([]byte, negative) })
	noCapacity = caught(func() { _ = make([]byte, 0, negative) })
)

// Translate turns a panic value that comes from the interpreter's use of reflection into the one that compiled code
// would have panicked with, and returns any other unchanged.
func Translate(v any) any {
	switch e := v.(type) {
	case reflect.Value:
		if e.IsValid() && e.CanInterface() {
			return Translate(e.Interface())
		}
	case *reflect.ValueError:
		if e.Kind == reflect.Invalid {
			return nilPointer
		}
	case runtime.Error:
		if e.Error() == "runtime: allocation size out of range" {
			return noLength
		}
		if t, ok := strings.CutPrefix(e.Error(), "hash of unhashable type: "); ok {
			return &RuntimeError{"hash of unhashable type " + t}
		}
	case string:
		return translateText(e)
	case error:
		if t, ok := strings.CutPrefix(e.Error(), "hash of unhashable type: "); ok { // reflection's own wording
			return &RuntimeError{"hash of unhashable type " + t}
		}
	}
	return v
}

func translateText(s string) any {
	switch {
	case s == "reflect: Method on nil interface value", s == "reflect.Value.Call: call of nil function",
		s == "reflect: Call using zero Value argument",
		strings.HasPrefix(s, "reflect: call of reflect.Value.") && strings.HasSuffix(s, "on zero Value"):
		return nilPointer
	case strings.HasPrefix(s, "reflect: ") && strings.HasSuffix(s, " index out of range"):
		return &RuntimeError{"index out of range"}
	case strings.HasPrefix(s, "reflect.Value.Slice") && strings.Contains(s, "out of bounds"),
		strings.HasPrefix(s, "reflect: slice") && strings.Contains(s, "out of bounds"):
		return &RuntimeError{"slice bounds out of range"}
	case strings.HasPrefix(s, "reflect.MakeSlice: negative len"):
		return noLength
	case strings.HasPrefix(s, "reflect.MakeSlice: negative cap"), strings.HasPrefix(s, "reflect.MakeSlice: len > cap"):
		return noCapacity
	case strings.HasPrefix(s, "reflect: cannot convert slice with length "):
		lengths, _, _ := strings.Cut(strings.TrimPrefix(s, "reflect: "), " to ")
		return &RuntimeError{lengths + " to array or pointer to array" + s[strings.LastIndex(s, " with length "):]}
	case strings.HasPrefix(s, "reflect.MakeChan: negative buffer"):
		return caught(func() { close(make(chan int, negative)) })
	}
	return s
}
