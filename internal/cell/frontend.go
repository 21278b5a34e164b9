package cell

import "go/types"

// A FrontEnd holds what the cells of one session have declared so far.
type FrontEnd struct {
	imp   types.Importer
	known []string
	state *state
}

// state is everything Commit replaces.
type state struct{}

// New makes the front end of one session. imp gives the types of compiled packages; known lists their import paths.
func New(imp types.Importer, known []string) *FrontEnd {
	return &FrontEnd{imp: imp, known: known, state: &state{}}
}

// Compile turns a cell into a program. It changes nothing: only Commit makes the cell's declarations part of the
// session. The error is of type Errors.
func (f *FrontEnd) Compile(name, src string) (*Program, error) { return compileNaive(name, src) }

// Commit tells that the worker holds p's declarations now. Call it before the entry function runs.
func (f *FrontEnd) Commit(p *Program) {
	if p.next != nil {
		f.state = p.next
	}
}

// Replay returns the imports and declarations of all that is live, for a fresh worker. Variables have zero values.
func (f *FrontEnd) Replay() *Program { return &Program{Name: "replay"} }

// Vars returns the live variables, sorted by name.
func (f *FrontEnd) Vars() []Var { return nil }

// Complete proposes completions at the byte offset cursor of src.
func (f *FrontEnd) Complete(src string, cursor int) Completion {
	return Completion{Start: cursor, End: cursor}
}

// Inspect describes the object at the byte offset cursor of src; detail 1 adds its source.
func (f *FrontEnd) Inspect(src string, cursor, detail int) (Doc, bool) { return Doc{}, false }
