package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/internal/notebook"
)

// Readable returns a notebook as text for people and diffs: prose and code as in the Markdown twin, outputs quoted
// below their cells, a line for what isn't text.
func Readable(nb *notebook.Notebook) []byte {
	var b strings.Builder
	for _, c := range nb.Cells {
		if c.Type == notebook.Code {
			fmt.Fprintf(&b, "```go\n%s\n```\n", c.Source)
		} else {
			b.WriteString(c.Source + "\n")
		}
		for _, o := range c.Outputs {
			for line := range strings.SplitSeq(strings.TrimRight(outputText(o), "\n"), "\n") {
				b.WriteString("> " + plain(line) + "\n")
			}
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}

func outputText(o *notebook.Output) string {
	switch o.Type {
	case notebook.Stream:
		return o.Text
	case notebook.Error:
		return o.EName + ": " + o.EValue
	}
	var others []string
	for _, media := range slices.Sorted(maps.Keys(o.Data)) {
		if media != "text/plain" {
			s, _ := o.Data[media].(string)
			others = append(others, fmt.Sprintf("[%s, %d bytes]", media, len(s)))
		}
	}
	text, _ := o.Data["text/plain"].(string)
	return strings.TrimLeft(text+"\n"+strings.Join(others, "\n"), "\n")
}
