package worker

import (
	"sync/atomic"

	"github.com/traefik/yaegi/interp"
)

// positionVar is the variable that lowered code sets to the position of each statement that may panic.
const positionVar = "_gnbLine"

// A position is that variable. Goroutines of several cells set it without regard for each other; a trace uses it only
// where it fits.
type position struct{ atomic.Uintptr }

func newPosition(in *interp.Interpreter) *position {
	return (*position)(variable(in, positionVar, "uintptr"))
}

// setsPosition tells whether a node is an assignment to the position.
func (n *node) setsPosition() bool { return len(n.child) == 2 && n.child[0].ident == positionVar }

// generate makes the function of such a node, which is atomic and takes a fraction of what the interpreter's takes.
func (p *position) generate(n *node) {
	at := uintptr(genDestValue(n.child[0].typ, n.child[1])(nil).Uint())
	next := getExec(n.tnext)
	n.exec = func(*frame) exec {
		p.Store(at)
		return next
	}
}
