package jupyter

import (
	"context"

	"github.com/groupnb/groupnb/repl"
)

// A Session runs cells, one at a time: a [repl.Session], in tests something simpler. Offsets count bytes. The kernel
// adds the commands of internal/magic to it.
type Session interface {
	Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error)
	Complete(src string, cursor int) repl.Completion
	Inspect(src string, cursor, detail int) (repl.Doc, bool)
	IsComplete(src string) (status, indent string)
	Vars() []repl.Var
	Interrupt()
	Restart(ctx context.Context) error
	Close() error
}

// A Start makes the session of a kernel; late is for [repl.Options], whatever else the session's options are.
type Start func(ctx context.Context, late func(cell string, e repl.Event)) (Session, error)
