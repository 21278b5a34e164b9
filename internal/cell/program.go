package cell

import (
	"fmt"
	"strings"
)

// A Program is a compiled cell, ready for the worker.
type Program struct {
	Name    string   // the cell's name in positions, such as "In[3]"
	Types   string   // type declarations for rt.Define, whose result the worker makes importable first; "" if none
	Decls   string   // Go source (package main) to install next; "" if none
	Entry   string   // function to call afterwards to run the statements; "" if none
	Notices []string // what the user should know, such as a variable dropped because its type changed

	next *state // what Commit installs
}

// An Error is one diagnostic at a position of a cell. Line and Col count from 1; Col counts bytes.
type Error struct {
	Cell      string
	Line, Col int
	Msg       string
	Excerpt   string // the source line and, below it, a caret
}

func (e Error) Error() string { return fmt.Sprintf("%s:%d:%d: %s", e.Cell, e.Line, e.Col, e.Msg) }

// Errors are the diagnostics of one cell in source order; never empty when returned as an error.
type Errors []Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, d := range e {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// A Var is a live variable of the session.
type Var struct{ Name, Type string }

// A Completion lists what may replace the bytes Start..End of the source.
type Completion struct {
	Start, End int
	Items      []Item
}

// An Item is one possible completion.
type Item struct {
	Text string // what to insert
	Kind string // package, func, method, var, const, type, field, keyword
	Type string // its type or signature; "" if it has none
}

// A Doc describes the object under the cursor.
type Doc struct {
	Name      string
	Signature string // declaration as Go source
	Text      string // doc comment; "" if none is known here
	Source    string // full source for objects of the notebook, with Detail 1
	// Path and Symbol name an object of a compiled package for symbols.Doc: "strings" and "Builder.Len". Path is ""
	// for objects of the notebook.
	Path, Symbol string
}
