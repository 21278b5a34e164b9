package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/reeflective/readline"
	"golang.org/x/term"

	"github.com/groupnb/groupnb/repl"
)

// Readline is the Editor for capable terminals: editing over several lines, colours, completion, history.
type Readline struct {
	shell  *readline.Shell
	helper Helper
	prompt string
	whole  func(string) bool
}

// NewReadline returns an editor on the process's standard input and output, which must be a terminal.
func NewReadline(helper Helper, history *History, color bool) *Readline {
	e := &Readline{shell: readline.NewShell(), helper: helper}
	e.configure()
	e.bind()
	s := e.shell
	s.Prompt.Primary(func() string { return paint(color, "32", e.prompt) })
	s.Prompt.Secondary(func() string { return paint(color, "90", continuation(e.prompt)) })
	s.AcceptMultiline = func(line []rune) bool { return e.whole(string(line)) }
	s.Completer = e.complete
	s.PasteTransformer = withoutPrompts
	s.SyntaxHighlighter = func(line []rune) string {
		e.reserveRows()
		if !color || isCommand(string(line)) {
			return string(line)
		}
		return Highlight(string(line))
	}
	if history != nil {
		s.History.Add("history", history)
	}
	return e
}

func paint(color bool, sgr, text string) string {
	if !color {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// continuation is the prompt of further lines, as wide as the first.
func continuation(prompt string) string { return strings.Repeat(" ", max(len(prompt)-5, 0)) + "...: " }

// ReadCell reads until the input is whole and Enter is pressed.
func (e *Readline) ReadCell(_ context.Context, prompt string, whole func(string) bool) (string, error) {
	e.prompt, e.whole = prompt, whole
	source, err := e.shell.Readline()
	switch {
	case errors.Is(err, readline.ErrInterrupt):
		return "", ErrInterrupted
	case errors.Is(err, io.EOF):
		return "", io.EOF
	}
	return source, err
}

// reserveRows makes sure that there are rows on the screen below the cursor for the rest of the input and one more:
// index sequences scroll if they must, and the way back up leads to the same character. The library would ask the
// terminal where the cursor is instead, and lose what is typed before the answer.
func (e *Readline) reserveRows() {
	rows := strings.Count(string(*e.shell.Line()), "\n") + 2
	if _, height, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		rows = min(rows, height-1)
	}
	io.WriteString(os.Stdout, strings.Repeat("\x1bD", rows)+"\x1b["+strconv.Itoa(rows)+"A")
}

// configure mends the library's defaults: they drop letters with accents, let pasted tabs complete, leave a
// several-line input for the history at the first Up, and lose keys typed while the terminal answers.
func (e *Readline) configure() {
	for name, value := range map[string]any{
		"convert-meta":              false,
		"input-meta":                true,
		"output-meta":               true,
		"enable-bracketed-paste":    true,
		"multiline-column":          false,
		"multiline-column-numbered": false,
		"autocomplete":              false,
		"history-autosuggest":       true,
		"bell-style":                "none",
		"cursor-position-probe":     false,
		"usage-hint-always":         true,
	} {
		e.shell.Config.Set(name, value)
	}
}

func (e *Readline) bind() {
	commands := e.shell.Keymap.Commands()
	accept, complete := commands["accept-line"], commands["menu-complete"]
	e.shell.Keymap.Register(map[string]func(){
		"accept-line":     func() { e.enter(accept) },
		"groupnb-tab":     func() { e.tab(complete) },
		"groupnb-bracket": e.bracket,
		"groupnb-stop":    e.stop,
	})
	for _, keymap := range []string{"emacs", "emacs-standard", "vi-insert"} {
		for sequence, command := range map[string]string{
			"\t": "groupnb-tab", "\x03": "groupnb-stop",
			"}": "groupnb-bracket", ")": "groupnb-bracket",
			"\x1b[A": "up-line-or-history", "\x1bOA": "up-line-or-history",
			"\x1b[B": "down-line-or-history", "\x1bOB": "down-line-or-history",
		} {
			e.shell.Config.Bind(keymap, sequence, command, false)
		}
	}
}

// enter accepts the input or begins a line, indented as the code wants it.
func (e *Readline) enter(accept func()) {
	before := e.shell.Line().Len()
	accept()
	line, cursor := e.shell.Line(), e.shell.Cursor()
	if line.Len() != before+1 || cursor.Pos() < 1 || (*line)[cursor.Pos()-1] != '\n' {
		return
	}
	if _, indent := e.helper.IsComplete(string((*line)[:cursor.Pos()])); indent != "" {
		cursor.InsertAt([]rune(indent)...)
	}
}

// stop drops the input. The library's own command swallows the key that follows.
func (e *Readline) stop() {
	io.WriteString(os.Stdout, "^C")
	e.shell.Display.AcceptLine()
	e.shell.History.Accept(false, false, readline.ErrInterrupt)
}

// tab indents at the beginning of a line and completes elsewhere.
func (e *Readline) tab(complete func()) {
	if strings.TrimSpace(e.beforeCursor()) == "" {
		e.shell.Cursor().InsertAt('\t')
		return
	}
	complete()
}

// bracket closes a block one tab further left than what is in it.
func (e *Readline) bracket() {
	before := e.beforeCursor()
	cursor := e.shell.Cursor()
	if before != "" && strings.Trim(before, "\t") == "" {
		e.shell.Line().CutRune(cursor.Pos() - 1)
		cursor.Dec()
	}
	keys := e.shell.Keys.Caller()
	cursor.InsertAt(keys[len(keys)-1])
}

// beforeCursor returns the current line up to the cursor.
func (e *Readline) beforeCursor() string {
	text := string((*e.shell.Line())[:e.shell.Cursor().Pos()])
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// complete asks the session and gives its answer the library's form.
func (e *Readline) complete(line []rune, cursor int) readline.Completions {
	before := string(line[:cursor])
	c := e.helper.Complete(string(line), len(before))
	if c.Start > len(before) || len(c.Items) == 0 {
		return readline.Completions{}
	}
	start := c.Start
	if start == len(before) && start > 0 { // the library would take an empty prefix for the whole word
		_, size := utf8.DecodeLastRuneInString(before)
		start -= size
	}
	var items []readline.Completion
	for _, item := range c.Items {
		items = append(items, readline.Completion{Value: before[start:c.Start] + item.Text, Display: item.Text, Description: describe(item), Tag: item.Kind})
	}
	left := ""
	if room := e.menuRows(); len(items) > room {
		left = fmt.Sprintf("%d more; type on", len(items)-room)
		items = items[:room]
	}
	found := readline.CompleteRaw(items).DisplayList()
	if left != "" {
		found = found.Usage("%s", left)
	}
	found.PREFIX = before[start:]
	return found
}

// menuRows is how many completions fit on the screen. The library loses the input under a longer menu.
func (e *Readline) menuRows() int {
	const others = 4 // headings and a spare row
	_, height, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		height = 24
	}
	return max(1, height-others-strings.Count(string(*e.shell.Line()), "\n")-1)
}

// describe returns a declaration of the item. It begins with the name, since the library puts items with one
// description on one line.
func describe(item repl.Item) string {
	if signature, ok := strings.CutPrefix(item.Type, "func"); ok {
		return item.Text + signature
	}
	return item.Text + " " + item.Type
}

var promptAtStart = regexp.MustCompile(`(?m)^ *(In\[\d+\]|\.\.\.): ?`)

// withoutPrompts makes what was copied from a session pasteable.
func withoutPrompts(text string) string {
	if loc := promptAtStart.FindStringIndex(text); loc == nil || strings.TrimSpace(text[:loc[0]]) != "" {
		return text
	}
	return promptAtStart.ReplaceAllString(text, "")
}
