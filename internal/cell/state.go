package cell

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
)

// A unit is one live declaration of the session: a type, a function, a method or a group of constants.
type unit struct {
	key   string   // "P", "f", "P.M", "const A"
	names []string // names declared in the session; none for methods
	decl  ast.Decl // a GenDecl with the one type or the const group, or a FuncDecl
	src   *source
	text  string // source text, to see that a repeated declaration changes nothing
	of    string // the type whose method it is; "" for others

	info   *types.Info // of the declaration, without function bodies
	body   *types.Info // of the function body
	deps   map[string]bool
	broken *Error // why it no longer compiles; nil for a unit in use
}

// object returns what the unit's function declares.
func (u *unit) object() *types.Func {
	return u.info.Defs[u.decl.(*ast.FuncDecl).Name].(*types.Func)
}

// state is what the session has declared so far. Committed states never change: Compile works on a clone.
type state struct {
	imports map[string]string // local name to path
	dots    []string          // paths of dot imports
	blanks  []string          // paths imported for their effects
	units   map[string]*unit
	owners  map[string]string       // keys of the units that declare the names
	order   []string                // keys of units in order of declaration
	objs    map[string]types.Object // by session name: what the name means now
	vars    map[string]bool         // which of objs are variables
	lowered map[types.Object]string // backend names of session objects
	methods map[string]string       // backend names of methods by "P.M"
	inst    map[string]string       // backend names of instances of generic functions by key
	types   *typeTable
	funcs   map[string]*funcInfo // by backend name; statements of a cell by "cell " and its name
	sources map[string]string    // cell texts by name, for excerpts
	serial  int                  // last number used in a backend name
}

func newState() *state {
	return &state{
		imports: map[string]string{}, owners: map[string]string{}, units: map[string]*unit{}, objs: map[string]types.Object{}, vars: map[string]bool{},
		lowered: map[types.Object]string{}, methods: map[string]string{}, inst: map[string]string{}, types: newTypeTable(), funcs: map[string]*funcInfo{},
		sources: map[string]string{},
	}
}

// clone copies what a compilation may change. sources and funcs are shared: they grow with every cell, and what a
// refused cell leaves there is under names that nothing refers to.
func (s *state) clone() *state {
	c := *s
	c.owners = maps.Clone(s.owners)
	c.imports, c.units, c.objs, c.vars = maps.Clone(s.imports), maps.Clone(s.units), maps.Clone(s.objs), maps.Clone(s.vars)
	c.lowered, c.methods, c.inst = maps.Clone(s.lowered), maps.Clone(s.methods), maps.Clone(s.inst)
	c.types = s.types.clone()
	c.dots, c.blanks, c.order = slices.Clone(s.dots), slices.Clone(s.blanks), slices.Clone(s.order)
	return &c
}

// put adds u or replaces the unit of that key in its place.
func (s *state) put(u *unit) {
	if s.units[u.key] == nil {
		s.order = append(s.order, u.key)
	}
	s.units[u.key] = u
	for _, n := range u.names {
		s.owners[n] = u.key
	}
}

// drop removes a unit and the names it declares.
func (s *state) drop(key string) {
	u := s.units[key]
	if u == nil {
		return
	}
	for _, n := range u.names {
		delete(s.objs, n)
		delete(s.owners, n)
	}
	delete(s.units, key)
	s.order = slices.DeleteFunc(s.order, func(k string) bool { return k == key })
}

// owner returns the unit that declares a session name.
func (s *state) owner(name string) *unit { return s.units[s.owners[name]] }

func receiverName(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
