package jupyter

import (
	"context"

	"github.com/groupnb/groupnb/repl/display"
)

// A Session runs cells, one at a time. All offsets count bytes of the source.
type Session interface {
	// Execute runs a cell until it ends or, after ctx is done, is interrupted. emit receives its output in order.
	Execute(ctx context.Context, c Cell, emit func(Event)) (Result, error)
	Complete(src string, cursor int) Completion
	Inspect(src string, cursor, detail int) (Doc, bool)
	IsComplete(src string) (status, indent string)
	Restart(ctx context.Context) error
	Close() error
}

type Cell struct {
	Source string
	Name   string
	Silent bool
	Stdin  func(prompt string, password bool) (string, error)
}

type Result struct {
	Count int
	Value *display.Bundle
}

type CellError struct {
	Name      string
	Msg       string
	Cell      string
	Line, Col int
	Traceback []string
	Lost      bool
	LostVars  []string
}

func (e *CellError) Error() string { return e.Name + ": " + e.Msg }

type Event interface{ isEvent() }

type (
	Stream  struct{ Name, Text string }
	Display struct {
		Bundle display.Bundle
		ID     string
		Update bool
	}
	Clear  struct{ Wait bool }
	Notice struct{ Text string }
)

func (Stream) isEvent()  {}
func (Display) isEvent() {}
func (Clear) isEvent()   {}
func (Notice) isEvent()  {}

type Completion struct {
	Start, End int
	Items      []Item
}
type Item struct{ Text, Kind, Type string }
type Doc struct{ Name, Signature, Text, Source, Path, Symbol string }
