// Package display shows values in a notebook, a terminal or a plain program.
//
//	display.Show(fig)                       // a value with its best representation
//	display.ShowAs("loss", curve)           // the same, replaceable:
//	display.Update("loss", curve)
//	bar := display.Progress("epoch 1", 46)  // a bar that moves in place
//
// A notebook host installs itself with [SetHost] and turns what is shown into outputs of the running cell. Without a
// host, text/plain forms are printed on standard output, so the same code works in a program. The package knows no
// front end and imports none.
package display

import (
	"context"
	"fmt"
	"sync/atomic"
)

// A Host receives what a program shows. Its methods are called from any goroutine.
type Host interface {
	// Display shows b. With update, it replaces what was shown before under the same id; id "" can't be updated.
	Display(b Bundle, id string, update bool)
	// Clear removes the outputs of the running cell; with wait, when the next output arrives.
	Clear(wait bool)
	// Context is done when the user interrupts the running cell.
	Context() context.Context
}

type holder struct{ Host }

var current atomic.Value // of holder

func init() { current.Store(holder{console{}}) }

// SetHost installs h, or with nil the default that prints text/plain, and returns a func that puts the former back.
func SetHost(h Host) (restore func()) {
	if h == nil {
		h = console{}
	}
	old := current.Swap(holder{h})
	return func() { current.Store(old) }
}

func host() Host { return current.Load().(holder).Host }

// Show displays each value in turn.
func Show(values ...any) {
	for _, v := range values {
		host().Display(Of(v), "", false)
	}
}

// ShowAs displays v under an id that [Update] refers to.
func ShowAs(id string, v any) { host().Display(Of(v), id, false) }

// Update replaces, wherever it is visible, what [ShowAs] displayed under id.
func Update(id string, v any) { host().Display(Of(v), id, true) }

// Clear removes the outputs of the running cell; with wait, only when the next output arrives, which avoids flicker.
func Clear(wait bool) { host().Clear(wait) }

// Context returns the context of the running cell, done when the user interrupts it; context.Background() in a plain
// program. Long compiled calls poll it.
func Context() context.Context { return host().Context() }

// console is the host of a plain program. It cannot replace what it printed, so it prints only first showings.
type console struct{}

func (console) Display(b Bundle, _ string, update bool) {
	if !update {
		fmt.Println(b.Text())
	}
}
func (console) Clear(bool)               {}
func (console) Context() context.Context { return context.Background() }
