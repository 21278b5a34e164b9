package runner

import (
	"strings"
	"unicode/utf8"
)

// A screen collapses what programs write for a terminal into the text that remains visible: \r and \b move the cursor
// in the last line, what follows overwrites, ESC[K erases. Without it the thousand states of a progress bar would
// all be saved. Colours stay; movements over lines stay as they are. Text may come in pieces, cut anywhere.
type screen struct {
	done   strings.Builder // finished lines, each with its newline
	line   []string        // the last line: one character each, with the escape sequences before it
	cursor int             // where in line the next character goes
	escape string          // sequences that wait for the character they colour
	part   string          // the beginning of a character or escape sequence
}

func (s *screen) Write(text string) {
	text = s.part + text
	s.part = ""
	for text != "" {
		n := tokenLen(text)
		if n == 0 {
			s.part = text
			return
		}
		s.token(text[:n])
		text = text[n:]
	}
}

func (s *screen) token(t string) {
	switch {
	case t == "\n":
		s.newline()
	case t == "\r":
		s.cursor = 0
	case t == "\b":
		s.cursor = max(s.cursor-1, 0)
	case t == "\x1b[K" || t == "\x1b[0K":
		s.line = s.line[:min(s.cursor, len(s.line))]
	case t == "\x1b[2K":
		s.line = nil
	case t[0] == '\x1b':
		s.escape += t
	default:
		s.put(s.escape + t)
		s.escape = ""
	}
}

func (s *screen) put(character string) {
	for len(s.line) < s.cursor {
		s.line = append(s.line, " ")
	}
	if s.cursor < len(s.line) {
		s.line[s.cursor] = character
	} else {
		s.line = append(s.line, character)
	}
	s.cursor++
}

func (s *screen) newline() {
	s.done.WriteString(strings.Join(s.line, ""))
	s.done.WriteString(s.escape)
	s.done.WriteByte('\n')
	s.line, s.cursor, s.escape = s.line[:0], 0, ""
}

// String returns what is visible now.
func (s *screen) String() string {
	return s.done.String() + strings.Join(s.line, "") + s.escape + s.part
}

// tokenLen returns the length of the character or escape sequence that text begins with, 0 if it isn't complete.
func tokenLen(text string) int {
	if text[0] == '\x1b' {
		return escapeLen(text)
	}
	if !utf8.FullRuneInString(text) {
		return 0
	}
	_, n := utf8.DecodeRuneInString(text)
	return n
}

// maxEscape is where an escape sequence without an end is taken for text.
const maxEscape = 64

func escapeLen(text string) int {
	if len(text) == 1 {
		return 0
	}
	if text[1] != '[' {
		return 1
	}
	for i := 2; i < len(text) && i < maxEscape; i++ {
		if text[i] >= '@' && text[i] <= '~' {
			return i + 1
		}
		if text[i] < ' ' || text[i] > '~' {
			return 1
		}
	}
	if len(text) < maxEscape {
		return 0
	}
	return 1
}
