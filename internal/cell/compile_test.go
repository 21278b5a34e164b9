package cell

import (
	"strings"
	"testing"
)

// Errors have Go's words, the cell's name, line and column, and an excerpt with a caret.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, before, src, want, excerpt string }{
		{name: "undefined", src: "x := 1\n\ty + x", want: `In[1]:2:2: undefined: y`, excerpt: "\ty + x\n\t^"},
		{name: "types", src: `var q int = "s"`, want: `In[1]:1:13: cannot use "s" (untyped string constant) as int value in variable declaration`},
		{name: "arguments", src: "strings.ToUpper(3)", want: "In[1]:1:17: cannot use 3 (untyped int constant) as string value in argument to strings.ToUpper"},
		{name: "member", src: `strings.NoSuch("x")`, want: "In[1]:1:9: undefined: strings.NoSuch"},
		{name: "syntax", src: "x := (1 +", want: "In[1]:1:10: syntax error: expected operand, found the end of the cell"},
		{name: "missing return", src: "func f() int { }", want: "In[1]:1:16: missing return"},
		{name: "twice", src: "func f() {}\nfunc f() {}", want: "In[1]:2:6: f redeclared in this block\n\tIn[1]:1:6: other declaration of f"},
		{name: "package", src: "package foo", want: "In[1]:1:9: package foo; a notebook is package main"},
		{name: "import", src: `import "nosuchpkg/foo"`, want: "In[1]:1:8: could not import nosuchpkg/foo"},
		{name: "in a function of the cell", src: "func f() {\n\treturn 1\n}", want: "In[1]:2:9: too many return values"},
		{name: "broken by a redefinition", before: "cfg := 1\nfunc read() int { return cfg }\n---\ncfg := \"s\"", src: "read()", want: "In[3]:1:1: undefined: read (it no longer compiles: In[1]:2:26: cannot use cfg"},
		{name: "type without its methods", before: "type P struct{ X int }\nfunc (p P) Sum() int { return p.X }\n---\ntype P struct{ X, Y int }", src: "P{1, 2}.Sum()", want: "In[3]:1:9: P{…}.Sum undefined"},
		{name: "unexported type of a package", src: "bo := binary.LittleEndian", want: "In[1]:1:1: a cell can't hold a value of the unexported type binary.littleEndian"},
		{name: "value is a type", src: "int", want: "In[1]:1:1: int (type) is not an expression"},
		{name: "constant too large to show", src: "1 << 100", want: "In[1]:1:1: 1 << 100 (untyped int constant 1267650600228229401496703205376) overflows int"},
		{name: "constant beyond floats", src: "const far = 1e400\nfar", want: "In[1]:2:1: far (untyped float constant 1e+400) overflows float64"},
		{name: "no new variables", src: "func f() {\n\tx := 1\n\tx := 2\n}", want: "In[1]:3:4: no new variables on left side of :="},
		{name: "goto over a declaration", src: "func f() {\n\tgoto X\n\tz := 1\n\t_ = z\nX:\n}", want: "In[1]:2:7: goto X jumps over variable declaration"},
		{name: "two variables of one", src: "for i, j := range 10 {\n}", want: "In[1]:1:8: range over 10 (untyped int constant) permits only one iteration variable"},
		{name: "range over a float", src: "for range 5.5 {\n}", want: "In[1]:1:11: cannot range over 5.5"},
		{name: "constraint as a type", src: "type N interface{ ~int | ~string }\nvar n N", want: "In[1]:2:7: cannot use type N outside a type constraint"},
		{name: "missing body", src: "func f()\nf()", want: "In[1]:1:6: missing function body"},
		{name: "init with results", src: "x := 1\nfunc init() int { return x }", want: "In[1]:2:6: func init must have no arguments and no return values"},
		{name: "init with type parameters", src: "func init[T any]() {}", want: "In[1]:1:6: func init must have no type parameters"},
		{name: "embedded file", src: "//go:embed a.txt\nvar text string", want: "In[1]:1:1: go:embed has no effect in a cell: read the file with os.ReadFile"},
		{name: "ambiguous import", src: "template.New(`x`)", want: "In[1]:1:1: undefined: template (write import"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := session(t)
			n := 1
			if c.before != "" {
				for _, src := range strings.Split(c.before, "\n---\n") {
					run(t, f, cellName(n), src)
					n++
				}
			}
			_, err := f.Compile(cellName(n), c.src)
			errs, ok := err.(Errors)
			if !ok {
				t.Fatalf("error %v", err)
			}
			if !strings.HasPrefix(errs[0].Error(), c.want) {
				t.Errorf("%s, want %s", errs[0], c.want)
			}
			if c.excerpt != "" && errs[0].Excerpt != c.excerpt {
				t.Errorf("excerpt\n%s\nwant\n%s", errs[0].Excerpt, c.excerpt)
			}
		})
	}
}

func cellName(n int) string { return "In[" + string(rune('0'+n)) + "]" }

// The user is told what happens behind the cell.
func TestNotices(t *testing.T) {
	f := session(t)
	for i, c := range []struct{ src, want string }{
		{`fmt.Println(rand.IntN(3))`, `imported "fmt"; imported "math/rand/v2"`},
		{`fmt.Sprint()`, ``},
		{"type P struct{ X int }\np := P{1}\nq := []*P{&p}", ``},
		{"func (p P) M() int { return p.X }", ``}, // the variables go on with the new version
		{"type P struct{ Y string }", `variable p dropped: its type P changed; variable q dropped: its type P changed`},
		{"n := 1\nfunc useN() int { return n }", ``},
		{`n := "a"`, `useN no longer compiles: In[6]:2:26: cannot use n (variable of type string) as int value in return statement`},
	} {
		p := run(t, f, cellName(i+1), c.src)
		if got := strings.Join(p.Notices, "; "); got != c.want {
			t.Errorf("%s\n%q, want %q", c.src, got, c.want)
		}
	}
}

func TestVars(t *testing.T) {
	f := session(t)
	run(t, f, "In[1]", "type P struct{ x int }\na, b := 1, \"x\"\nvar c map[string]*P\nvar d strings.Builder")
	run(t, f, "In[2]", "b := 2.5\n{ inner := 1; _ = inner }")
	got := ""
	for _, v := range f.Vars() {
		got += v.Name + " " + v.Type + "; "
	}
	if want := "a int; b float64; c map[string]*P; d strings.Builder; "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A refused cell changes nothing, and neither does one that was compiled but not committed.
func TestCompileChangesNothing(t *testing.T) {
	f := session(t)
	run(t, f, "In[1]", "type P struct{ X int }\nfunc (p P) M() int { return p.X }\nv := P{3}\nfunc use() int { return v.M() }")
	for _, src := range []string{"type P struct{ X string }\nfunc (p P) M() int { return missing }", "type P string", "v := 1", "func use() string { return `x` }"} {
		f.Compile("In[2]", src)
		if p, err := f.Compile("In[3]", "use() + v.M() + v.X"); err != nil || len(p.Notices) > 0 {
			t.Errorf("after %q: %v %v", src, err, p)
		}
	}
}

func TestIsComplete(t *testing.T) {
	f := session(t)
	for _, c := range []struct{ src, status, indent string }{
		{"", "complete", ""},
		{"x := 1", "complete", ""},
		{"func f() {", "incomplete", "\t"},
		{"if x {\n\tfor {", "incomplete", "\t\t"},
		{"x := 1 +", "incomplete", "\t"},
		{"f(a,", "incomplete", "\t"},
		{"`raw", "incomplete", ""},
		{"/* comment", "incomplete", ""},
		{"x++", "complete", ""},
		{"f(xs...)", "complete", ""},
		{"}", "invalid", ""},
		{"x := 'ab", "invalid", ""},
	} {
		if status, indent := f.IsComplete(c.src); status != c.status || indent != c.indent {
			t.Errorf("%q: %s %q, want %s %q", c.src, status, indent, c.status, c.indent)
		}
	}
}

// Cells are cut at the right places.
func TestSplit(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"x := 1; y := 2", "stmt x := 1|stmt y := 2"},
		{"import \"fmt\"\nx := 1\nfunc f() {}\nf()", "decl import \"fmt\"|stmt x := 1|decl func f() {}|stmt f()"},
		{"func() { a() }()", "stmt func() { a() }()"},
		{"func (t T) M() {}", "decl func (t T) M() {}"},
		{"func (a int) int { return a }(1)", "stmt func (a int) int { return a }(1)"},
		{"for i := 0; i < 3; i++ { f() }", "stmt for i := 0; i < 3; i++ { f() }"},
		{"if x := 1; x > 0 {\n} else if y := 2; y > 0 {\n}", "stmt if x := 1; x > 0 {\n} else if y := 2; y > 0 {\n}"},
		{"switch x := f(); x {\ncase 1:\n}\nz", "stmt switch x := f(); x {\ncase 1:\n}|stmt z"},
		{"type T struct {\n\tA int\n}\nconst c = 1\nvar v = 2", "decl type T struct {\n\tA int\n}|decl const c = 1|stmt var v = 2"},
		{"// comment\nx", "stmt x"},
	} {
		var parts []string
		for _, g := range split(c.src) {
			kind := "stmt "
			if g.decl {
				kind = "decl "
			}
			parts = append(parts, kind+c.src[g.start:g.end])
		}
		if got := strings.Join(parts, "|"); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.src, got, c.want)
		}
	}
}

// Whatever the source, the front end answers with a program or with errors.
func FuzzCompile(f *testing.F) {
	for _, src := range []string{"x := 1", "func f[T any](x T) T { return x }\nf(1)", "type T struct{ *T }", "for i := range 3 { defer f(i) }", "switch x := any(1).(type) { case int: }", "select {}", "a, b := 1", "goto L; L:", "x.y.z", "func (", "package main; import \"fmt\"; func main() {}"} {
		f.Add(src)
	}
	fe := session(f)
	f.Fuzz(func(t *testing.T, src string) {
		if p, err := fe.Compile("In[1]", src); err == nil && p == nil {
			t.Error("neither a program nor an error")
		} else if errs, ok := err.(Errors); err != nil && (!ok || len(errs) == 0) {
			t.Errorf("error %T", err)
		}
	})
}
