package worker

import (
	"reflect"
	"unsafe"

	"github.com/traefik/yaegi/interp"
)

// The interpreter's compiled form is a tree of nodes. Before it runs, a node's generator makes the function that
// executes the node, which returns the next one. What generators get wrong and lowered code can't avoid is mended by
// giving nodes other generators, between compiling and running. A test compares the layouts here with the
// interpreter's.

// An exec executes a node in a frame and returns what to execute next.
type exec func(*frame) exec

type node struct {
	debug               *struct{}
	child               []*node
	anc                 *node
	param               []*nodeType
	start, tnext, fnext *node
	interp              *interp.Interpreter
	index               int64
	findex, level       int
	nleft, nright       int
	kind                nodeKind
	pos                 int
	sym                 *symbol
	typ                 *nodeType
	recv                *struct{}
	types               []reflect.Type // of the frame, for functions
	scope               *scope
	action              nodeAction
	exec                exec
	gen                 func(*node)
	val                 any
	rval                reflect.Value
	ident               string
	redeclared          bool
	meta                any
}

// The first fields of a frame, which holds the variables and temporaries of one call.
type frame struct {
	id   uint64
	_    [3]unsafe.Pointer
	data []reflect.Value
}

// The first fields of a symbol.
type symbol struct {
	_     [7]uintptr
	index int
}

type (
	nodeKind   uint
	nodeAction uint
	nodeType   struct{}
	scope      struct{}
)

// program mirrors interp.Program.
type program struct {
	pkgName string
	root    *node
	init    []*node
}

//go:linkname genValue github.com/traefik/yaegi/interp.genValue
func genValue(*node) func(*frame) reflect.Value

//go:linkname genDestValue github.com/traefik/yaegi/interp.genDestValue
func genDestValue(*nodeType, *node) func(*frame) reflect.Value

//go:linkname genFuncValue github.com/traefik/yaegi/interp.genFuncValue
func genFuncValue(*node) func(*frame) reflect.Value

//go:linkname genValueArray github.com/traefik/yaegi/interp.genValueArray
func genValueArray(*node) func(*frame) reflect.Value

//go:linkname getExec github.com/traefik/yaegi/interp.getExec
func getExec(*node) exec

//go:linkname getFrame github.com/traefik/yaegi/interp.getFrame
func getFrame(f *frame, level int) *frame

//go:linkname newFrame github.com/traefik/yaegi/interp.newFrame
func newFrame(caller *frame, length int, id uint64) *frame

//go:linkname runCfg github.com/traefik/yaegi/interp.runCfg
func runCfg(start *node, f *frame, function, call *node)

//go:linkname isBinCall github.com/traefik/yaegi/interp.isBinCall
func isBinCall(*node, *scope) bool

//go:linkname isRegularCall github.com/traefik/yaegi/interp.isRegularCall
func isRegularCall(*node) bool

//go:linkname reflected github.com/traefik/yaegi/interp.(*itype).TypeOf
func reflected(*nodeType) reflect.Type

//go:linkname kindName github.com/traefik/yaegi/interp.nkind.String
func kindName(nodeKind) string

//go:linkname actionName github.com/traefik/yaegi/interp.action.String
func actionName(nodeAction) string

//go:linkname call github.com/traefik/yaegi/interp.call
func call(*node)

//go:linkname recv github.com/traefik/yaegi/interp.recv
func recv(*node)

//go:linkname recv2 github.com/traefik/yaegi/interp.recv2
func recv2(*node)

//go:linkname send github.com/traefik/yaegi/interp.send
func send(*node)

//go:linkname rangeChan github.com/traefik/yaegi/interp.rangeChan
func rangeChan(*node)

//go:linkname getIndexArray github.com/traefik/yaegi/interp.getIndexArray
func getIndexArray(*node)

//go:linkname slice github.com/traefik/yaegi/interp.slice
func slice(*node)

//go:linkname slice0 github.com/traefik/yaegi/interp.slice0
func slice0(*node)

// amendments are the generators that replace the interpreter's, by the address of those.
var amendments = map[uintptr]func(*node){
	address(call):          amendedCall,
	address(recv):          amendedReceive,
	address(recv2):         amendedReceive2,
	address(send):          amendedSend,
	address(rangeChan):     amendedRangeChan,
	address(getIndexArray): amendedIndex,
	address(slice):         func(n *node) { amendedSlice(n, slice, false) },
	address(slice0):        func(n *node) { amendedSlice(n, slice0, true) },
}

func address(gen func(*node)) uintptr { return reflect.ValueOf(gen).Pointer() }

// interpNode is the interpreter's type for nodes.
var interpNode = privateType(reflect.TypeFor[interp.Program](), "root").Elem()

func privateType(t reflect.Type, field string) reflect.Type {
	f, ok := t.FieldByName(field)
	if !ok {
		panic("worker: the interpreter's " + t.String() + " has no field " + field)
	}
	return f.Type
}

// amend gives the nodes of a compiled program that has not run yet their generators. Compiling has made functions for
// the nodes of function literals already; they are made again.
func amend(p *interp.Program, at *position) { (*program)(unsafe.Pointer(p)).root.amend(at) }

func (n *node) amend(at *position) {
	n.exec = nil
	if n.setsPosition() {
		n.gen = at.generate
	} else if n.gen != nil {
		if better := amendments[address(n.gen)]; better != nil {
			n.gen = better
		}
	}
	for _, c := range n.child {
		c.amend(at)
	}
}
