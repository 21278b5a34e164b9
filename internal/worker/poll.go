package worker

import (
	"reflect"
	"unsafe"

	"github.com/traefik/yaegi/interp"
)

// A poll is the variable that lowered code reads at each turn of a loop and each call, to end there when its cell is to
// stop. A variable of the interpreter's own takes it next to no time to read.
type poll bool

func newPoll(in *interp.Interpreter) *poll {
	return (*poll)(variable(in, "_gnbStopping", "bool"))
}

// variable declares a variable of package main and returns a pointer to it.
func variable(in *interp.Interpreter, name, typ string) unsafe.Pointer {
	var v reflect.Value
	_, err := in.Eval("package main\nvar " + name + " " + typ)
	if err == nil {
		v, err = in.Eval("&" + name)
	}
	if err != nil {
		panic("worker: variable " + name + ": " + err.Error())
	}
	return v.UnsafePointer()
}

// set changes the variable. The race detector does not see it: code may notice late, and then asks whether it is meant.
//
//go:norace
func (p *poll) set(on bool) { *p = poll(on) }
