package repl

import "github.com/groupnb/groupnb/repl/display"

// An Event is something that a cell shows while it runs: a [Stream], [Display], [Clear] or [Notice].
type Event interface{ isEvent() }

// Stream is printed text, whole runes only, in the order it was printed.
type Stream struct {
	Name string // stdout or stderr
	Text string
}

// Display shows a bundle, or with Update replaces what was shown under the same ID.
type Display struct {
	Bundle display.Bundle
	ID     string
	Update bool
}

// Clear removes the outputs of the cell; with Wait, when the next one arrives.
type Clear struct{ Wait bool }

// Notice is a line for the user that is no output of the cell, such as a variable dropped because its type changed.
type Notice struct{ Text string }

func (Stream) isEvent()  {}
func (Display) isEvent() {}
func (Clear) isEvent()   {}
func (Notice) isEvent()  {}
