// Package rt is the run-time support of lowered cells: what the source that internal/cell produces calls as _gnb.X.
//
// The worker installs a [Host], makes [Exports] importable as "gnb/rt", and before each program's declarations makes
// what [Define] returns importable as "gnb/types". The package is plain Go and knows no interpreter.
//
// Types declared in cells are real types of the running program: Define builds their descriptors in memory, with
// method tables whose entries lead to the cells' functions. So fmt, encoding/json, errors.As, type switches and every
// compiled interface see them as they see compiled types.
package rt

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"hash"
	"hash/maphash"
	"io"
	"reflect"
	"slices"

	"github.com/groupnb/groupnb/repl/display"
)

// A Host is how support functions reach the worker. Nil functions are skipped.
type Host struct {
	// Publish receives the value of the cell's last expression.
	Publish func(display.Bundle)
	// GoPanic receives a panic of a goroutine started by a cell, and its trace: one "cell:line:col: function" each.
	GoPanic func(value any, trace []string)
	// Panicking is told when a panic reaches a function that defers calls, before it makes them; Recovered, when one of
	// them recovered.
	Panicking, Recovered func()
	// Lookup finds the type of a compiled package by import path and name, for Define.
	Lookup func(path, name string) reflect.Type
	// Instance finds the instance of a compiled package's generic type that compiled code has, by its String, for Define.
	Instance func(name string) reflect.Type
	// Done returns a channel that is closed when the running cell is interrupted, so that blocked selects end.
	Done func() <-chan struct{}
	// Stop ends the calling goroutine if it is the one that is to stop.
	Stop func()
	// Stderr receives what the builtins print and println write; nil for os.Stderr.
	Stderr io.Writer
}

var host Host

// SetHost installs h for all later calls.
func SetHost(h Host) { host = h }

// Exports returns what lowered cells may use by name: functions, and types as (*T)(nil).
func Exports() map[string]reflect.Value {
	funcs := map[string]any{
		"Result": Result, "Bind": Bind, "Renew": Renew, "Retype": Retype, "NegativeShift": NegativeShift, "Any": Any, "Equal": Equal, "NonNil": NonNil, "Panic": Panic, "Recover": Recover,
		"Recovered": Recovered, "NewFrame": NewFrame, "Go": Go, "Select": Select, "Send": Send, "Recv": Recv,
		"Sort_int": slices.Sort[[]int], "Sort_float64": slices.Sort[[]float64], "Sort_float32": slices.Sort[[]float32],
		"Sort_string": slices.Sort[[]string], "Comparable": maphash.Comparable[any], "WriteComparable": maphash.WriteComparable[any],
		"PBKDF2": pbkdf2.Key[hash.Hash], "HKDF": hkdf.Key[hash.Hash], "HKDFExtract": hkdf.Extract[hash.Hash], "HKDFExpand": hkdf.Expand[hash.Hash],
		"UnsafeAdd": unsafeAdd, "UnsafeString": unsafeString, "StringData": stringData,
		"Clear": Clear, "Print": Print, "Println": Println, "RangeDone": RangeDone, "RangeEnd": RangeEnd, "Stop": Stop, "Runes": Runes,
		"Int8": truncate[int8], "Int16": truncate[int16], "Int32": truncate[int32], "Uint8": truncate[uint8], "Uint16": truncate[uint16], "Uint32": truncate[uint32],
		"Lock": Lock, "WriteLock": WriteLock, "ReadLock": ReadLock, "WaitGroup": WaitGroup, "WaitCond": WaitCond,
		"LockLocker": LockLocker, "Do": Do,
	}
	m := map[string]reflect.Value{"Frame": reflect.ValueOf((*Frame)(nil)), "Case": reflect.ValueOf((*Case)(nil))}
	for name, f := range funcs {
		m[name] = reflect.ValueOf(f)
	}
	return m
}
