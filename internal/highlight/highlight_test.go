package highlight

import (
	"strings"
	"testing"
)

func TestSpans(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"x := 1", "x := number(1)"},
		{"for i := range n {", "keyword(for) i := keyword(range) n {"},
		{"len(\"a\") // n", "builtin(len)(string(\"a\")) comment(// n)"},
		{"\"open", "string(\"open)"},
		{"", ""},
	} {
		var b strings.Builder
		done := 0
		for _, s := range Spans(c.in) {
			b.WriteString(c.in[done:s.Start] + string(s.Kind) + "(" + c.in[s.Start:s.End] + ")")
			done = s.End
		}
		if got := b.String() + c.in[done:]; got != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
	}
}

func FuzzSpans(f *testing.F) {
	f.Add("x := `a\r\nb` // é\n'")
	f.Fuzz(func(t *testing.T, source string) {
		done := 0
		for _, s := range Spans(source) {
			if s.Start < done || s.End <= s.Start || s.End > len(source) {
				t.Errorf("%q: span %+v", source, s)
			}
			done = s.End
		}
	})
}
