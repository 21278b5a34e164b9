package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

// widest is where lines of a report are cut.
const widest = 110

// Block returns the lines that explain a failure: what and where, the source around it, what the cell printed before.
func (t *Text) Block(f runner.Failure) []string {
	where := fmt.Sprintf("cell %d of %d", f.Number, f.Of)
	var lines []string
	switch c := f.Cell; {
	case f.Stop != nil:
		lines = append(lines, where+": "+f.Stop.Error())
	case c == nil:
		lines = append(lines, where+": "+f.Err.Error())
	default:
		if here(f) {
			where += fmt.Sprintf(", line %d", c.Line)
		} else if c.Line > 0 {
			where += fmt.Sprintf(", at %s:%d", c.Cell, c.Line)
		}
		lines = append(lines, where+": "+t.paint(red, message(c.Name, c.Msg)))
		if here(f) {
			lines = append(lines, t.excerpt(f.Source, c.Line, c.Col)...)
		}
		lines = append(lines, frames(c)...)
		if len(c.LostVars) > 0 {
			lines = append(lines, shorten("lost: "+strings.Join(c.LostVars, ", ")))
		}
	}
	if len(f.Output) > 0 {
		lines = append(lines, "output before the error:")
		for _, l := range f.Output {
			lines = append(lines, "  "+shorten(plain(l)))
		}
	}
	return lines
}

// deepest is how many frames of a call stack are shown.
const deepest = 8

// frames returns the call stack of a failure that is more than its own place.
func frames(c *repl.CellError) []string {
	if c.Name == repl.CompileError || len(c.Traceback) < 2 {
		return nil
	}
	var lines []string
	for i, f := range c.Traceback {
		if i == deepest {
			return append(lines, fmt.Sprintf("  ... %d more", len(c.Traceback)-i))
		}
		lines = append(lines, "  at "+shorten(f))
	}
	return lines
}

func cellName(count int) string { return fmt.Sprintf("In[%d]", count) }

// message says the kind of an error unless the text begins with it; compile errors speak for themselves.
func message(name, msg string) string {
	if name == "" || name == repl.CompileError || strings.HasPrefix(msg, name) {
		return msg
	}
	return name + ": " + msg
}

// excerpt shows the line before, the line, and a mark under the word at the column.
func (t *Text) excerpt(source string, line, col int) []string {
	all := strings.Split(source, "\n")
	if line > len(all) {
		return nil
	}
	digits := len(fmt.Sprint(line))
	var lines []string
	if line > 1 {
		lines = append(lines, t.paint(gray, fmt.Sprintf("  %*d | %s", digits, line-1, shorten(all[line-2]))))
	}
	text := all[line-1]
	lines = append(lines, fmt.Sprintf("> %*d | %s", digits, line, shorten(text)))
	if col < 1 || col > len(text)+1 {
		return lines
	}
	before, word := text[:col-1], text[col-1:]
	if utf8.RuneCountInString(before) >= widest {
		return lines
	}
	mark := blank(before) + strings.Repeat("^", wordLen(word))
	return append(lines, fmt.Sprintf("  %*s | %s", digits, "", t.paint(red, mark)))
}

// blank returns white space as wide as text, which may hold tabs.
func blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, text)
}

// wordLen returns the number of characters in the identifier that text begins with, at least 1.
func wordLen(text string) int {
	n := 0
	for _, r := range text {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		n++
	}
	return max(n, 1)
}

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= widest {
		return text
	}
	return string([]rune(text)[:widest-1]) + "…"
}

// window cuts what two long lines begin with alike, so that the difference is in sight.
func window(a, b string) (string, string) {
	const enough = 30 // characters of context
	x, y := []rune(a), []rune(b)
	same := 0
	for same < len(x) && same < len(y) && x[same] == y[same] {
		same++
	}
	if cut := same - enough; cut > 0 && max(len(x), len(y)) > widest {
		return "…" + string(x[cut:]), "…" + string(y[cut:])
	}
	return a, b
}
