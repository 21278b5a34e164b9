package jupyter

import (
	"encoding/json"
	"testing"
)

// What appendString writes is what encoding/json writes.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c", "\b\f\n\r\t\x00\x1f\x7f", "é日😀", "\xff\xc3", "\u2028\u2029\ufffd", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := string(marshal(s))
		if got := string(appendString(nil, s)); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
		if got := marshal(streamContent{"stdout", s}); !json.Valid(got) || string(got) != `{"name":"stdout","text":`+want+`}` {
			t.Errorf("%q: %s", s, got)
		}
	})
}
