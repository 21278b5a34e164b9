package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// A funcBody is the body of a range over a function, lowered to the function's argument. What leaves the body in
// another way than by continue stores a code and returns false; the code tells what to do after the call.
type funcBody struct {
	stmt    *ast.RangeStmt
	code    types.Object   // bodyReady before each iteration
	results []types.Object // where a return statement leaves its operands
	exits   []exit
	target  *target
}

type exit struct {
	code int
	do   func() // writes the jump, seen from the frame around the loop
}

const (
	bodyReady  = 0
	bodyRuns   = -1 // and has panicked, if it is seen outside the body
	loopOver   = -2
	exitBreak  = 1
	exitReturn = 2       // further codes are jumps to outer targets
	exitGoto   = 1 << 30 // and to labels, by their position
)

func (f *fn) rangeFunc(s *ast.RangeStmt, sig *types.Signature, label string) {
	yield := sig.Params().At(0).Type().Underlying().(*types.Signature)
	b := &funcBody{stmt: s}
	f.emit("{\n")
	b.code = f.box("_code", types.Typ[types.Int])
	b.results = f.resultBoxes(s.Body)
	t := f.enter(label, true)
	t.over, b.target = b, t
	iter := f.expr(s.X)
	var params []string
	fr := f.push(nil)
	fr.loop = b
	fr.results = []types.Type{types.Typ[types.Bool]}
	t.frame = fr
	code := f.variable(b.code)
	f.emit("if %s != %d {\n_gnb.RangeDone(%s)\n}\n%s = %d\n", code, bodyReady, code, code, bodyRuns)
	var items []yielded
	for i, x := range []ast.Expr{s.Key, s.Value} {
		if i >= yield.Params().Len() {
			break
		}
		pt := yield.Params().At(i).Type()
		p := f.fresh("_y")
		params = append(params, p+" "+f.l.typ(f.env.subst(pt)))
		items = append(items, yielded{x, p, f.env.subst(pt)})
	}
	f.bindItems(s, items...)
	f.stmts(s.Body.List)
	f.nextIteration(b)
	f.pop()
	f.leave()
	maker := f.l.serial("body")
	ps, args := f.passed(fr)
	list := joinNames(params)
	fmt.Fprintf(&f.l.out.funcs, "func %s(%s) func(%s) bool {\nreturn func(%s) bool {\n%s}\n}\n", maker, ps, list, list, fr.body.String())
	f.emit("%s(%s(%s))\n", iter, maker, args)
	how := f.fresh("_how")
	f.emit("%s := _gnb.RangeEnd(%s)\n", how, f.use(b.code))
	for _, e := range b.exits {
		f.emit("if %s == %d {\n", how, e.code)
		e.do()
		f.emit("}\n")
	}
	f.emit("}\n")
}

// nextIteration ends the loop body for this turn.
func (f *fn) nextIteration(b *funcBody) {
	f.emit("%s = %d\nreturn true\n", f.variable(b.code), bodyReady)
}

// box declares a local behind a pointer.
func (f *fn) box(name string, t types.Type) types.Object {
	o, _ := f.temp(name, t)
	f.boxed[o] = true
	f.zeroVar(o)
	return o
}

// resultBoxes returns the places for operands of return statements inside a loop body, shared by nested loops.
func (f *fn) resultBoxes(body *ast.BlockStmt) []types.Object {
	if b := f.cur.loop; b != nil {
		return b.results
	}
	returns := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			returns = true
		}
		return true
	})
	var boxes []types.Object
	if returns {
		for _, t := range f.cur.results {
			boxes = append(boxes, f.box("_ret", t))
		}
	}
	return boxes
}

// function returns the frame of the function or literal around the loops f is in.
func (f *fn) around() *frame {
	fr := f.cur
	for fr.loop != nil {
		fr = fr.outer
	}
	return fr
}

func (f *fn) returnFromRange(s *ast.ReturnStmt, b *funcBody) {
	outer := f.around()
	switch {
	case len(outer.results) == 0:
	case len(s.Results) == 0:
		for i, o := range outer.named {
			f.emit("%s = %s\n", f.variable(b.results[i]), f.variable(o))
		}
	case len(s.Results) == 1 && len(outer.results) > 1:
		for i, v := range f.tuple(s.Results[0], outer.results) {
			f.store(f.variable(b.results[i]), v, outer.results[i])
		}
	default:
		for i, v := range f.together(s.Results, outer.results) {
			f.store(f.variable(b.results[i]), v, outer.results[i])
		}
	}
	f.exit(b, exitReturn, func() { f.finishReturn(b) })
}

// finishReturn returns from the function with the operands that a loop body left in boxes.
func (f *fn) finishReturn(b *funcBody) {
	if up := f.cur.loop; up != nil {
		f.exit(up, exitReturn, func() { f.finishReturn(up) })
		return
	}
	fr := f.cur
	vals := make([]string, len(b.results))
	for i, o := range b.results {
		vals[i] = f.variable(o)
		if len(fr.named) > 0 {
			f.emit("%s = %s\n", f.variable(fr.named[i]), vals[i])
		}
	}
	f.emit("return %s\n", joinNames(vals))
}

// exit leaves the loop body with a code.
func (f *fn) exit(b *funcBody, code int, do func()) {
	f.emit("%s = %d\nreturn false\n", f.variable(b.code), code)
	for _, e := range b.exits {
		if e.code == code {
			return
		}
	}
	if do != nil {
		b.exits = append(b.exits, exit{code, do})
	}
}

// jumpFromRange writes a break or continue that leaves the body of a range over a function, or continues it.
func (f *fn) jumpFromRange(s *ast.BranchStmt, t *target) {
	b := f.cur.loop
	if b == nil {
		f.l.refuse(s.Pos(), "internal error: jump out of a function")
	}
	if t == b.target {
		if s.Tok == token.CONTINUE {
			f.nextIteration(b)
		} else {
			f.exit(b, exitBreak, nil)
		}
		return
	}
	code := exitReturn + 1 + 2*f.targetIndex(t)
	if s.Tok == token.CONTINUE {
		code++
	}
	f.exit(b, code, func() { f.jumpTo(s, t) })
}

// gotoFromRange writes a goto, which may leave bodies of ranges over functions.
func (f *fn) gotoFromRange(s *ast.BranchStmt) {
	label := f.info.Uses[s.Label].Pos()
	if b := f.cur.loop; b != nil && (label < b.stmt.Body.Pos() || label > b.stmt.Body.End()) {
		f.exit(b, exitGoto+int(label), func() { f.gotoFromRange(s) })
		return
	}
	f.emit("goto goto_%s\n", s.Label.Name)
}

func (f *fn) targetIndex(t *target) int {
	for i, x := range f.targets {
		if x == t {
			return i
		}
	}
	return len(f.targets)
}

// jumpTo writes the jump from the frame around a loop.
func (f *fn) jumpTo(s *ast.BranchStmt, t *target) {
	if t.frame != f.cur || t.over != nil {
		f.jumpFromRange(s, t)
		return
	}
	if s.Tok == token.CONTINUE {
		f.emit("%s", t.next)
	}
	f.emit("%s\n", f.jumpText(s, t))
}
