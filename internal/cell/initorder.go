package cell

import (
	"go/ast"
	"go/token"
)

// initOrder puts the variables of a cell that only declares into the order in which Go initialises those of a package:
// each time the first that needs none of the others any more, be it through functions and methods of the cell. A cell
// with other statements runs from top to bottom, and so does one with an initialisation cycle.
func initOrder(decls []ast.Decl, body []ast.Stmt) []ast.Stmt {
	specs, ok := varSpecs(body)
	if !ok || len(specs) < 2 {
		return body
	}
	vars, funcs := map[string]int{}, map[string][]*ast.FuncDecl{}
	for i, s := range specs {
		for _, n := range s.Names {
			vars[n.Name] = i
		}
	}
	delete(vars, "_")
	for _, d := range decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			funcs[f.Name.Name] = append(funcs[f.Name.Name], f)
		}
	}
	needs := make([]map[int]bool, len(specs))
	for i, s := range specs {
		needs[i] = map[int]bool{}
		seen := map[*ast.FuncDecl]bool{}
		for _, v := range s.Values {
			uses(v, vars, funcs, seen, needs[i])
		}
		delete(needs[i], i)
	}
	var ordered []ast.Stmt
	done := map[int]bool{}
	for len(done) < len(specs) {
		i := ready(specs, needs, done)
		if i < 0 {
			return body
		}
		done[i] = true
		d := &ast.GenDecl{Tok: token.VAR, TokPos: specs[i].Pos(), Specs: []ast.Spec{specs[i]}}
		ordered = append(ordered, &ast.DeclStmt{Decl: d})
	}
	return ordered
}

// varSpecs returns the variables that statements declare; ok is false if they do anything else.
func varSpecs(body []ast.Stmt) (specs []*ast.ValueSpec, ok bool) {
	for _, s := range body {
		d, ok := s.(*ast.DeclStmt)
		if !ok {
			return nil, false
		}
		for _, spec := range d.Decl.(*ast.GenDecl).Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok {
				return nil, false
			}
			specs = append(specs, v)
		}
	}
	return specs, true
}

// uses adds the variables that an expression or function body names. It goes by names alone: a local of the same name
// counts too, and so does a method of any type.
func uses(n ast.Node, vars map[string]int, funcs map[string][]*ast.FuncDecl, seen map[*ast.FuncDecl]bool, found map[int]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		if i, ok := vars[id.Name]; ok {
			found[i] = true
		}
		for _, f := range funcs[id.Name] {
			if !seen[f] {
				seen[f] = true
				uses(f.Body, vars, funcs, seen, found)
			}
		}
		return true
	})
}

// ready returns the next variable to initialise, those without a value first; -1 if there is a cycle.
func ready(specs []*ast.ValueSpec, needs []map[int]bool, done map[int]bool) int {
	next := -1
	for i, s := range specs {
		if done[i] {
			continue
		}
		if len(s.Values) == 0 {
			return i
		}
		waits := false
		for n := range needs[i] {
			waits = waits || !done[n]
		}
		if !waits && next < 0 {
			next = i
		}
	}
	return next
}
