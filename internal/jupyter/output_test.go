package jupyter

import (
	"strings"
	"testing"
)

func TestLongTextIsCutBetweenRunes(t *testing.T) {
	for _, lead := range []string{"", "a", "ab", "abc"} {
		s := newFakeSession()
		s.text = lead + strings.Repeat("😀", streamChunk)
		_, outputs := startKernel(t, s, Options{}).execute("text")
		var got strings.Builder
		for _, m := range outputs[1:] {
			var c streamContent
			m.parse(&c)
			if len(c.Text) > streamChunk {
				t.Errorf("%d bytes in a message", len(c.Text))
			}
			got.WriteString(c.Text)
		}
		if got.String() != s.text {
			t.Error("the text has changed")
		}
	}
}
