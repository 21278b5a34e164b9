package worker

import (
	"reflect"
	"runtime"
	"sync"

	"github.com/groupnb/groupnb/internal/symbols"
	"github.com/groupnb/groupnb/internal/worker/rt"
	"github.com/groupnb/groupnb/internal/worker/wire"
	"github.com/groupnb/groupnb/repl/display"
)

// installSupport connects the support functions of lowered code.
func (w *worker) installSupport() {
	all, instances := sync.OnceValue(typesByName), sync.OnceValue(symbols.Instances)
	rt.SetHost(rt.Host{
		Publish:   func(b display.Bundle) { w.cells.mine().result.Store(&b) },
		GoPanic:   w.goroutinePanic,
		Done:      w.done,
		Panicking: func() { w.interp.panicking() },
		Recovered: func() { w.interp.takeTrace() },
		Stop:      w.leave,
		Stderr:    stream{w.out, wire.Stderr},
		Lookup:    func(path, name string) reflect.Type { return all()[path+"."+name] },
		Instance:  func(name string) reflect.Type { return instances()[name] },
	})
}

// done is closed when the calling goroutine is to stop: the one that runs an interrupted cell. Others go on.
func (w *worker) done() <-chan struct{} {
	if c := w.cells.mine(); c.isMain() {
		return c.ctx.Done()
	}
	return nil
}

// leave ends the calling goroutine if it runs a cell that is to stop, once: deferred calls may take their time.
func (w *worker) leave() {
	if c := w.cells.mine(); c.isMain() && c.stopped() != nil && c.leaving.CompareAndSwap(false, true) {
		runtime.Goexit()
	}
}

// goroutinePanic takes a panic that would have ended a Go program: it ends the cell, or is told if the cell is over.
func (w *worker) goroutinePanic(value any, trace []string) {
	c := w.cells.mine()
	at := 0
	if trace == nil {
		trace, at = w.interp.takeTrace()
	}
	fault := &wire.Fault{Kind: "panic", Text: panicText(value) + " (in a goroutine)", Trace: trace, At: at}
	if !c.isOver() {
		w.stop(c, fault)
		return
	}
	text := "panic: " + fault.Text + "\n"
	for _, line := range trace {
		text += "\t" + line + "\n"
	}
	stream{w.out, wire.Stderr}.Write([]byte(text))
}

func typesByName() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for key, table := range symbols.Values() {
		path := key[:max(0, lastSlash(key))]
		for name, v := range table {
			if t := v.Type(); t.Kind() == reflect.Pointer && !v.CanAddr() && v.IsNil() && name[0] != '_' {
				types[path+"."+name] = t.Elem()
			}
		}
	}
	return types
}

func lastSlash(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' {
			return i
		}
	}
	return -1
}
