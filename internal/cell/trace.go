package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// lineVar is the variable of the worker that lowered code sets to the position of each statement that may panic.
const lineVar = "_gnbLine"

// A funcInfo tells about a function of the backend what traces need.
type funcInfo struct {
	shown    string // the user's name for it; "" for the statements of a cell
	from, to token.Pos
	calls    map[string][]token.Pos // where it calls each other function of the backend; "" for function values
}

func newFuncInfo(shown string, n ast.Node) *funcInfo {
	return &funcInfo{shown: shown, from: n.Pos(), to: n.End(), calls: map[string][]token.Pos{}}
}

// shownName is the name of a unit's function as traces print it.
func (u *unit) shownName() string {
	d, ok := u.decl.(*ast.FuncDecl)
	switch {
	case !ok || d.Recv == nil:
		name, _, _ := strings.Cut(u.key, "·")
		return name
	case strings.HasPrefix(types.ExprString(d.Recv.List[0].Type), "*"):
		return "(*" + receiverName(d) + ")." + d.Name.Name
	}
	return u.key
}

// called notes a call for traces; fun is the rendered function.
func (f *fn) called(fun string, pos token.Pos) {
	info := f.cur.around().info
	if info == nil {
		return
	}
	if strings.ContainsAny(fun, ".()[") {
		fun = ""
	}
	info.calls[fun] = append(info.calls[fun], pos)
}

// around returns the frame of the source's function that a frame belongs to.
func (fr *frame) around() *frame {
	for (fr.inner || fr.loop != nil) && fr.outer != nil {
		fr = fr.outer
	}
	return fr
}

// risky reports whether a statement may panic before its nested statements begin.
func risky(s ast.Node) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
			return false
		case *ast.CallExpr, *ast.IndexExpr, *ast.SliceExpr, *ast.StarExpr, *ast.SelectorExpr, *ast.TypeAssertExpr, *ast.SendStmt:
			found = true
		case *ast.BinaryExpr:
			found = found || n.Op == token.QUO || n.Op == token.REM || n.Op == token.SHL || n.Op == token.SHR || n.Op == token.EQL || n.Op == token.NEQ
		case *ast.AssignStmt:
			found = found || n.Tok == token.QUO_ASSIGN || n.Tok == token.REM_ASSIGN
		}
		return !found
	})
	return found
}

// Trace renders the frames of a panic. raw is what the worker tells, innermost first: "In[3]:4:2: add_2", where the
// position is that of the function. pos is the worker's position variable. The result names the cells' functions, with
// the failing statement and the calls as positions where they are known.
func (f *FrontEnd) Trace(pos int, raw []string) []string {
	var lines []string
	callee := ""
	for _, r := range raw {
		place, name, _ := strings.Cut(r, ": ")
		if name == "init.func" { // runs the deferred calls of a cell's statements
			name = ""
		}
		key, isLit := strings.CutSuffix(name, ".func")
		info := f.state.funcs[key]
		if name == "" {
			cell, _, _ := strings.Cut(r, ":")
			info = f.state.funcs["cell "+cell]
		}
		if strings.HasPrefix(name, "do_") { // around an expression: its calls count as the function's
			continue
		}
		if info != nil && isLit == info.literal() {
			at := info.callOf(callee)
			if len(lines) == 0 && info.holds(token.Pos(pos)) {
				at = token.Pos(pos)
			}
			if at.IsValid() {
				place = f.fset.Position(at).String()
			}
			if info.shown != "" {
				place += ": " + info.shown
			}
			lines = append(lines, place)
		}
		if callee = key; isLit {
			callee = ""
		}
	}
	return lines
}

func (i *funcInfo) literal() bool { return i.shown == "func" || strings.HasSuffix(i.shown, ".func") }

func (i *funcInfo) holds(p token.Pos) bool { return i.from <= p && p <= i.to }

// callOf returns where the function calls callee, if that is one place.
func (i *funcInfo) callOf(callee string) token.Pos {
	if c := i.calls[callee]; len(c) == 1 {
		return c[0]
	}
	if c := i.calls[""]; len(c) == 1 && len(i.calls[callee]) == 0 {
		return c[0]
	}
	return token.NoPos
}

// position renders the assignment of a statement's position to the worker's variable.
func position(n ast.Node) string { return fmt.Sprintf("%s = %d;", lineVar, n.Pos()) }
