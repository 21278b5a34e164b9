package worker

import "github.com/traefik/yaegi/interp"

// A poll is the variable that lowered code reads at each turn of a loop and each call, to end there when its cell is to
// stop. A variable of the interpreter's own takes it next to no time to read.
type poll bool

func newPoll(in *interp.Interpreter) *poll {
	if _, err := in.Eval("package main\nvar _gnbStopping bool"); err != nil {
		panic("worker: poll: " + err.Error())
	}
	v, err := in.Eval("&_gnbStopping")
	if err != nil {
		panic("worker: poll: " + err.Error())
	}
	return (*poll)(v.Interface().(*bool))
}

// set changes the variable. The race detector does not see it: code may notice late, and then asks whether it is meant.
//
//go:norace
func (p *poll) set(on bool) { *p = poll(on) }
