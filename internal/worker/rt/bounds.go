package rt

import (
	"go/constant"
	"reflect"
	"strings"
)

// IndexError turns what reflection panicked with at an index into the run-time error of compiled code; any other panic
// value stays.
func IndexError(r any, base, index reflect.Value) any {
	if s, ok := r.(string); !ok || !strings.HasPrefix(s, "reflect: ") {
		return r
	}
	n := base.Len()
	if i := integer(index); i.CanUint() {
		return orElse(r, func() { _ = make([]struct{}, n)[i.Uint()] })
	} else {
		return orElse(r, func() { _ = make([]struct{}, n)[i.Int()] })
	}
}

// SliceError is IndexError for slice expressions with one, two or three bounds.
func SliceError(r any, base reflect.Value, bounds []reflect.Value) any {
	if s, ok := r.(string); !ok || !strings.HasPrefix(s, "reflect") {
		return r
	}
	limit, counted := base.Len(), "length"
	if base.Kind() == reflect.Slice {
		limit, counted = base.Cap(), "capacity"
	}
	if len(bounds) == 1 { // up to the length
		bounds = append(bounds, reflect.ValueOf(base.Len()))
	}
	at := make([]reflect.Value, len(bounds))
	for i, b := range bounds {
		at[i] = integer(b)
	}
	last := len(at) - 1
	err := outside(at[last], limit, last == 2)
	for ; err == nil && last > 0; last-- {
		err = crossed(at[last-1], int(at[last].Convert(intType).Int()), last == 2, len(at) == 3)
	}
	switch {
	case err == nil:
		return r
	case last == len(at)-1 && counted == "length":
		return &RuntimeError{strings.Replace(strings.TrimPrefix(err.Error(), "runtime error: "), "capacity", counted, 1)}
	}
	return err
}

var intType = reflect.TypeFor[int]()

// integer returns the value of an index, which may be a constant.
func integer(v reflect.Value) reflect.Value {
	if c, ok := v.Interface().(constant.Value); ok {
		n, _ := constant.Int64Val(constant.ToInt(c))
		return reflect.ValueOf(n)
	}
	return v
}

// outside returns the error of a last bound beyond the limit.
func outside(v reflect.Value, limit int, three bool) error {
	s := make([]struct{}, 0, limit)
	switch {
	case v.CanUint() && three:
		return caught(func() { _ = s[0:0:v.Uint()] })
	case v.CanUint():
		return caught(func() { _ = s[:v.Uint()] })
	case three:
		return caught(func() { _ = s[0:0:v.Int()] })
	}
	return caught(func() { _ = s[:v.Int()] })
}

// crossed returns the error of a bound that is greater than the next one, which is the last of three or not.
func crossed(v reflect.Value, next int, last, three bool) error {
	s := make([]struct{}, 0, next)
	switch {
	case last && v.CanUint():
		return caught(func() { _ = s[0:v.Uint():next] })
	case last:
		return caught(func() { _ = s[0:v.Int():next] })
	case three && v.CanUint():
		return caught(func() { _ = s[v.Uint():next:next] })
	case three:
		return caught(func() { _ = s[v.Int():next:next] })
	case v.CanUint():
		return caught(func() { _ = s[v.Uint():next] })
	}
	return caught(func() { _ = s[v.Int():next] })
}

// caught returns the run-time error of f.
func caught(f func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	f()
	return nil
}

func orElse(r any, f func()) any {
	if err := caught(f); err != nil {
		return err
	}
	return r
}
