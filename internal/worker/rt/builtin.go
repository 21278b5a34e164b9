package rt

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
)

// Equal is == of two values of which at least one is an interface.
func Equal(a, b any) bool { return a == b }

// Any is the conversion to an empty interface.
func Any(v any) any { return v }

// truncate converts a number as compiled code does, also one that does not fit.
func truncate[T int8 | int16 | int32 | uint8 | uint16 | uint32](x float64) T { return T(x) }

// NegativeShift panics as a shift by a negative count does.
func NegativeShift() { _ = 1 << negative }

// nilDeref has the text of the run-time error for a nil pointer.
func nilDeref() {
	var p *int
	_ = *p
}

// NonNil panics as a method value of a nil interface does.
func NonNil(v any) {
	if v == nil {
		nilDeref()
	}
}

// Clear is the builtin clear.
func Clear(v any) {
	if rv := reflect.ValueOf(v); !rv.IsNil() {
		rv.Clear()
	}
}

// Runes decodes a string as a range over it does: the runes and where each begins.
func Runes(s string) (at []int, runes []rune) {
	at, runes = make([]int, 0, len(s)), make([]rune, 0, len(s))
	for i, r := range s {
		at, runes = append(at, i), append(runes, r)
	}
	return at, runes
}

// Print is the builtin print.
func Print(args ...any) {
	text := ""
	for _, a := range args {
		text += printed(a)
	}
	io.WriteString(stderr(), text)
}

// Println is the builtin println.
func Println(args ...any) {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = printed(a)
	}
	io.WriteString(stderr(), strings.Join(texts, " ")+"\n")
}

func stderr() io.Writer {
	if host.Stderr != nil {
		return host.Stderr
	}
	return os.Stderr
}

// printed renders a value as the builtin print does.
func printed(a any) string {
	v := reflect.ValueOf(a)
	switch v.Kind() {
	case reflect.Invalid:
		return "nil"
	case reflect.Float32, reflect.Float64:
		return fmt.Sprintf("%+e", v.Float())
	case reflect.Complex64, reflect.Complex128:
		c := v.Complex()
		return fmt.Sprintf("(%+e%+ei)", real(c), imag(c))
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return fmt.Sprintf("%#x", v.Pointer())
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return fmt.Sprint(plain(v))
	}
	return fmt.Sprint(a)
}

// plain strips a basic value of its named type, and so of its String method.
func plain(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.CanInt():
		return v.Int()
	}
	return v.Uint()
}

// A Case is one communication of a select statement.
type Case struct {
	ch, val reflect.Value
	ok      *bool
}

// Send is the case of sending *val on ch.
func Send(ch, val any) Case { return Case{ch: reflect.ValueOf(ch), val: reflect.ValueOf(val)} }

// Recv is the case of receiving from ch into *val and *ok.
func Recv(ch, val any, ok *bool) Case { return Case{reflect.ValueOf(ch), reflect.ValueOf(val), ok} }

// Select makes one of the n communications and returns its number, or -1 for the default.
func Select(hasDefault bool, n int, cases ...Case) int {
	list := make([]reflect.SelectCase, n, n+1)
	for i, c := range cases {
		if c.ok == nil {
			list[i] = reflect.SelectCase{Dir: reflect.SelectSend, Chan: c.ch, Send: c.val.Elem()}
		} else {
			list[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: c.ch}
		}
	}
	switch {
	case hasDefault:
		list = append(list, reflect.SelectCase{Dir: reflect.SelectDefault})
	case host.Done != nil:
		list = append(list, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(host.Done())})
	}
	i, v, ok := reflect.Select(list)
	if i >= n {
		if !hasDefault {
			end()
		}
		return -1
	}
	if c := cases[i]; c.ok != nil {
		*c.ok = ok
		c.val.Elem().Set(v)
	}
	return i
}
