package cell

import (
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A FrontEnd holds what the cells of one session have declared so far.
type FrontEnd struct {
	imp   types.Importer
	known map[string][]string // package name to import paths
	fset  *token.FileSet
	pkg   *types.Package // of all cells
	lib   *library
	state *state
}

// New makes the front end of one session. imp gives the types of compiled packages; known lists their import paths.
func New(imp types.Importer, known []string) *FrontEnd {
	f := &FrontEnd{imp: imp, known: map[string][]string{}, fset: token.NewFileSet(), pkg: types.NewPackage("main", "main"), state: newState()}
	f.lib = &library{fset: f.fset, imp: imp, pkgs: map[string]*libPackage{}}
	for _, p := range known {
		n := packageName(p)
		f.known[n] = append(f.known[n], p)
	}
	return f
}

// Compile turns a cell into a program. It changes nothing: only Commit makes the cell's declarations part of the
// session. The error is of type Errors.
func (f *FrontEnd) Compile(name, src string) (*Program, error) {
	s, errs := parse(f.fset, name, src)
	if len(errs) > 0 {
		return nil, errs
	}
	var notices []string
	var auto map[string]string
	for range 20 {
		c := &compilation{front: f, src: s, st: f.state.clone(), auto: auto, notices: notices}
		p, errs := c.compile()
		if len(errs) == 0 {
			return p, nil
		}
		var more bool
		if auto, more = f.autoImport(errs, s, auto); !more {
			return nil, errs
		}
		notices = importNotices(auto)
	}
	return nil, errs
}

// Commit tells that the worker holds p's declarations now. Call it before the entry function runs.
func (f *FrontEnd) Commit(p *Program) {
	if p.next != nil {
		f.state = p.next
	}
}

// Vars returns the live variables, sorted by name.
func (f *FrontEnd) Vars() []Var {
	var vars []Var
	for n := range f.state.vars {
		vars = append(vars, Var{n, types.TypeString(f.state.objs[n].Type(), shortQualifier)})
	}
	slices.SortFunc(vars, func(a, b Var) int { return strings.Compare(a.Name, b.Name) })
	return vars
}

// shortQualifier names packages as source does and the notebook's own types without one.
func shortQualifier(p *types.Package) string {
	if p.Path() == "main" {
		return ""
	}
	return p.Name()
}
