package terminal

import (
	"strings"

	"github.com/groupnb/groupnb/internal/highlight"
)

// colors are the parameters of the terminal's SGR sequence.
var colors = map[highlight.Kind]string{
	highlight.Keyword: "35",
	highlight.String:  "32",
	highlight.Number:  "36",
	highlight.Comment: "90",
	highlight.Builtin: "34",
}

// Highlight colours Go source for a terminal. Without its escape sequences the result is the source, whatever it holds.
func Highlight(source string) string {
	var b strings.Builder
	done := 0
	for _, s := range highlight.Spans(source) {
		b.WriteString(source[done:s.Start])
		b.WriteString(paint(true, colors[s.Kind], source[s.Start:s.End]))
		done = s.End
	}
	b.WriteString(source[done:])
	return b.String()
}
