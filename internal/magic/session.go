package magic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/groupnb/groupnb/repl"
)

// An Inner session runs Go: a [repl.Session].
type Inner interface {
	Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error)
	Complete(src string, cursor int) repl.Completion
	Inspect(src string, cursor, detail int) (repl.Doc, bool)
	IsComplete(src string) (status, indent string)
	Vars() []repl.Var
	Interrupt()
	Restart(ctx context.Context) error
	Close() error
}

// A Session is a session that knows the commands.
type Session struct{ Inner }

// Wrap adds the commands to a session.
func Wrap(s Inner) *Session { return &Session{s} }

// Execute runs the commands at the start of a cell, then its Go code. The first that fails ends the cell.
func (s *Session) Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error) {
	p, err := parse(c.Source)
	if len(p.commands) == 0 && err == nil {
		return s.Inner.Execute(ctx, c, emit)
	}
	r := &run{session: s.Inner, ctx: ctx, cell: c, emit: emit}
	if err == nil {
		err = r.commands(p.commands)
	}
	c.Source = p.code
	if err != nil {
		c.Source = "" // counts the cell all the same
	}
	start := time.Now()
	result, goErr := s.Inner.Execute(ctx, c, emit)
	if err != nil {
		return result, r.located(err)
	}
	if r.timed {
		emit(repl.Stream{Name: "stdout", Text: fmt.Sprintf("wall time: %v\n", rounded(time.Since(start)))})
	}
	return result, goErr
}

// rounded leaves three digits.
func rounded(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// A run is a cell whose commands are being carried out.
type run struct {
	session Inner
	ctx     context.Context
	cell    repl.Cell
	emit    func(repl.Event)
	line    int  // of the command
	timed   bool // by %time
}

func (r *run) commands(all []command) error {
	for _, c := range all {
		r.line = c.line
		if err := c.do(r, c.arg); err != nil {
			return err
		}
	}
	return nil
}

// located makes err an error of the cell at the command's line.
func (r *run) located(err error) error {
	var cell *repl.CellError
	if errors.As(err, &cell) {
		return err
	}
	var wrong *usageError
	name, line := failed, r.line
	if errors.As(err, &wrong) {
		name, line = repl.CompileError, wrong.line
	}
	if r.ctx.Err() != nil {
		name = repl.Interrupted
	}
	at := r.cell.Name
	return &repl.CellError{Name: name, Msg: err.Error(), Cell: at, Line: line, Col: 1,
		Traceback: []string{fmt.Sprintf("%s:%d:1: %v", at, line, err)}}
}

// failed is the name of the error of a command that was understood and didn't succeed.
const failed = "command failed"

// print shows text as the cell's output.
func (r *run) print(text string) { r.emit(repl.Stream{Name: "stdout", Text: text}) }

// call evaluates Go code in which _shell is repl/shell and _os is os, uncounted, and returns the text of its value.
// An error value is returned as the error.
func (r *run) call(code string) (string, error) {
	c := repl.Cell{Source: prelude + code, Name: r.cell.Name, Silent: true, Stdin: r.cell.Stdin}
	result, err := r.session.Execute(r.ctx, c, r.emit)
	if err != nil || result.Value == nil {
		return "", err
	}
	return result.Value.Text(), nil
}

const prelude = `import (
	_os "os"
	_shell "github.com/groupnb/groupnb/repl/shell"
)
`

// must evaluates code whose value is an error, nil for success.
func (r *run) must(code string) error {
	text, err := r.call(code)
	if err == nil && text != "" && text != "<nil>" {
		err = errors.New(text)
	}
	return err
}

// IsComplete looks at the Go code behind the commands; commands alone are complete.
func (s *Session) IsComplete(src string) (status, indent string) {
	p, err := parse(src)
	switch {
	case err != nil:
		return "invalid", ""
	case len(p.commands) > 0 && p.open && !strings.HasSuffix(src, "\n"):
		return "incomplete", ""
	case len(p.commands) > 0 && strings.TrimSpace(p.code) == "":
		return "complete", ""
	}
	return s.Inner.IsComplete(p.code)
}

// Complete also completes the names of commands.
func (s *Session) Complete(src string, cursor int) repl.Completion {
	line := src[strings.LastIndexByte(src[:cursor], '\n')+1 : cursor]
	if strings.HasPrefix(line, "%") && !strings.ContainsAny(line, " \t") {
		c := repl.Completion{Start: cursor - len(line), End: cursor}
		for _, k := range known {
			if strings.HasPrefix(k.name, line) {
				c.Items = append(c.Items, repl.Item{Text: k.name, Kind: "magic", Type: k.help})
			}
		}
		return c
	}
	p, _ := parse(src)
	return s.Inner.Complete(p.code, cursor)
}

// Inspect describes commands, too.
func (s *Session) Inspect(src string, cursor, detail int) (repl.Doc, bool) {
	start := strings.LastIndexByte(src[:cursor], '\n') + 1
	word, _, _ := strings.Cut(strings.TrimSpace(firstLine(src[start:])), " ")
	for _, k := range known {
		if word == k.name {
			return repl.Doc{Name: k.name, Signature: strings.TrimSpace(k.name + " " + k.args), Text: k.help}, true
		}
	}
	p, _ := parse(src)
	return s.Inner.Inspect(p.code, cursor, detail)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
