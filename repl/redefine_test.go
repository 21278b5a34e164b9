package repl

import "testing"

// A type that is made of a type with a new shape has a new shape itself: its values in interfaces stay what they were.
func TestValuesOfAnOldShape(t *testing.T) {
	s := start(t, Options{})
	for _, c := range []struct{ src, want string }{
		{"type base struct{ n int }\ntype user struct{ base }\nfunc (u user) Get() any { return u.n }", ""},
		{"var kept interface{ Get() any } = user{base{5}}", ""},
		{"type base struct{ n *int }", ""},
		{"_, ok := kept.(user)\nfmt.Println(kept, kept.Get(), ok)", "{{5}} 5 false\n"},
	} {
		if o := execute(t, s, c.src); o.err != nil || o.stdout != c.want {
			t.Errorf("%s: %q, %v; want %q", c.src, o.stdout, o.err, c.want)
		}
	}
}

// A method value, and a function that a variable holds, stay what they were bound to; calls by name reach the new one.
func TestBoundFunctionsStay(t *testing.T) {
	s := start(t, Options{})
	for _, c := range []struct{ src, want string }{
		{"type counter struct{ n int }\nfunc (c counter) Get() int { return c.n }\nfunc get() int { return 1 }", ""},
		{"x := counter{5}\nbound, held := x.Get, get", ""},
		{"func (c counter) Get() int { return c.n + 100 }\nfunc get() int { return 2 }", ""},
		{"fmt.Println(bound(), x.Get(), held(), get())", "5 105 1 2\n"},
		{"bound, held = x.Get, get\nfmt.Println(bound(), held())", "105 2\n"},
	} {
		if o := execute(t, s, c.src); o.err != nil || o.stdout != c.want {
			t.Errorf("%s: %q, %v; want %q", c.src, o.stdout, o.err, c.want)
		}
	}
}
