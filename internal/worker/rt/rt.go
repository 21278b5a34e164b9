// Package rt is the run-time support of lowered cells: what the source that internal/cell produces calls as _gnb.X.
//
// The worker installs a [Host], makes [Exports] importable as "gnb/rt", and before each program's declarations makes
// what [Define] returns importable too. The package is plain Go and knows no interpreter.
package rt

import (
	"reflect"

	"github.com/groupnb/groupnb/repl/display"
)

// A Host is how support functions reach the worker. Nil functions are skipped.
type Host struct {
	// Publish receives the value of the cell's last expression.
	Publish func(display.Bundle)
	// GoPanic receives a panic of a goroutine started by a cell, and its trace: one "cell:line:col: function" each.
	GoPanic func(value any, trace []string)
	// Lookup finds the type of a compiled package by import path and name, for Define.
	Lookup func(path, name string) reflect.Type
}

var host Host

// SetHost installs h for all later calls.
func SetHost(h Host) { host = h }

// Exports returns every function of this package that lowered cells may call, by name.
func Exports() map[string]reflect.Value {
	return map[string]reflect.Value{
		"Result": reflect.ValueOf(Result),
	}
}

// Define makes the types declared by a program, in the notation of cell.Program.Types. The result is importable as
// "gnb/types": name to (*T)(nil), as interpreters of Go expect types.
func Define(decls string) (map[string]reflect.Value, error) { return nil, nil }

// Result publishes the values of a cell's last expression.
func Result(values ...any) {
	if host.Publish == nil || len(values) == 0 {
		return
	}
	if len(values) == 1 {
		host.Publish(display.Of(values[0]))
		return
	}
	text := ""
	for i, v := range values {
		if i > 0 {
			text += " "
		}
		text += display.Of(v).Text()
	}
	host.Publish(display.NewText(text))
}
