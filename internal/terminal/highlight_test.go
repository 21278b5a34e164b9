package terminal

import (
	"regexp"
	"testing"
)

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestHighlight(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"x := 1", "x := \x1b[36m1\x1b[0m"},
		{"for i := range n {", "\x1b[35mfor\x1b[0m i := \x1b[35mrange\x1b[0m n {"},
		{"len(\"a\") // n", "\x1b[34mlen\x1b[0m(\x1b[32m\"a\"\x1b[0m) \x1b[90m// n\x1b[0m"},
		{"\"open", "\x1b[32m\"open\x1b[0m"},
		{"", ""},
	} {
		if got := Highlight(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzHighlight(f *testing.F) {
	f.Add("x := `a\r\nb` // é\n'")
	f.Fuzz(func(t *testing.T, source string) {
		if sgr.MatchString(source) {
			return
		}
		if got := sgr.ReplaceAllString(Highlight(source), ""); got != source {
			t.Errorf("%q became %q", source, got)
		}
	})
}
