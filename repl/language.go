package repl

import (
	"github.com/groupnb/groupnb/internal/cell"
	"github.com/groupnb/groupnb/internal/symbols"
)

// A Completion lists what may replace a part of the source.
type Completion = cell.Completion

// An Item is one possible completion.
type Item = cell.Item

// A Doc describes an object of Go or of the session.
type Doc = cell.Doc

// A Var is a live variable of the session.
type Var = cell.Var

// Complete proposes completions at the byte offset cursor of src.
func (s *Session) Complete(src string, cursor int) Completion {
	s.lockFront()
	defer s.front.Unlock()
	return s.fe.Complete(src, cursor)
}

// Inspect describes the object at the byte offset cursor of src; detail 1 adds its source. It reports false when there
// is nothing to describe.
func (s *Session) Inspect(src string, cursor, detail int) (Doc, bool) {
	s.lockFront()
	d, ok := s.fe.Inspect(src, cursor, detail)
	s.front.Unlock()
	if ok && d.Text == "" && d.Path != "" {
		d.Text, _ = symbols.Doc(d.Path, d.Symbol)
	}
	return d, ok
}

// IsComplete tells whether src can run as it stands: "complete", "incomplete" (with the indent of the next line) or
// "invalid".
func (s *Session) IsComplete(src string) (status, indent string) {
	s.lockFront()
	defer s.front.Unlock()
	return s.fe.IsComplete(src)
}

// Vars returns the live variables, sorted by name.
func (s *Session) Vars() []Var {
	s.lockFront()
	defer s.front.Unlock()
	return s.fe.Vars()
}
