package runner

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScreenKeepsWhatATerminalShows(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a\nb\n", "a\nb\n"},
		{"no newline at the end", "a\nb", "a\nb"},
		{"progress", "10%\r20%\r100%\ndone\n", "100%\ndone\n"},
		{"a shorter text overwrites only its length", "hello\rJ", "Jello"},
		{"erase to the end", "hello\rJ\x1b[K", "J"},
		{"erase the line", "hello\x1b[2K\rJ", "J"},
		{"return at the end waits for more", "50%\r", "50%"},
		{"Windows line ends", "a\r\nb\r\n", "a\nb\n"},
		{"backspace", "abc\b\bX", "aXc"},
		{"backspace at the start", "\b\bX", "X"},
		{"spinner", "|\b/\b-\b\\\b", "\\"},
		{"wide characters", "日本\ré", "é本"},
		{"colour stays with its character", "\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"},
		{"colour overwritten", "\x1b[31mr\rg", "g"},
		{"cursor movement stays", "a\x1b[2Ab", "a\x1b[2Ab"},
		{"a broken sequence is text", "\x1b[\x01x", "\x1b[\x01x"},
		{"invalid UTF-8", "a\xffb", "a\xffb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var whole, pieces screen
			whole.Write(c.in)
			for i := range len(c.in) {
				pieces.Write(c.in[i : i+1])
			}
			if got := whole.String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := pieces.String(); got != c.want {
				t.Errorf("in pieces: got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzScreen(f *testing.F) {
	f.Add("a\rb\x1b[Kc\b\n", 3)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		var whole, pieces screen
		whole.Write(text)
		cut = min(max(cut, 0), len(text))
		pieces.Write(text[:cut])
		pieces.Write(text[cut:])
		if whole.String() != pieces.String() {
			t.Errorf("cut at %d: %q, whole %q", cut, pieces.String(), whole.String())
		}
		if utf8.ValidString(text) && !strings.ContainsAny(text, "\r\b\x1b") && whole.String() != text {
			t.Errorf("plain text changed: %q", whole.String())
		}
	})
}
