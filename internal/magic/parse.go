package magic

import (
	"fmt"
	"strings"
)

// A command is one command line of a cell.
type command struct {
	line int // from 1
	do   func(r *run, arg string) error
	arg  string
}

// A program is a parsed cell.
type program struct {
	commands []command
	code     string // of the same length as the cell, with blanks for commands
	open     bool   // the last command takes further lines
}

// A usageError is a command that isn't understood.
type usageError struct {
	line int
	msg  string
}

func (e *usageError) Error() string { return e.msg }

// parse separates the commands at the start of a cell from its Go code.
func parse(src string) (program, error) {
	p := program{code: src}
	pos, number := 0, 0
	for line := range strings.Lines(src) {
		number++
		text := strings.TrimSpace(line)
		switch {
		case text == "":
		case strings.HasPrefix(text, "!"):
			p.add(number, shellCommand, strings.TrimSpace(text[1:]))
		case strings.HasPrefix(text, "%"):
			name, arg, _ := strings.Cut(text, " ")
			k := lookup(name)
			if k == nil {
				return p, &usageError{number, fmt.Sprintf("unknown command %s; there are !COMMAND, %s", name, names())}
			}
			arg = strings.TrimSpace(arg)
			if k.body {
				p.open = true
				p.add(number, k.do, arg+"\n"+src[pos+len(line):])
				p.blank(len(src))
				return p, nil
			}
			p.add(number, k.do, arg)
			if k.code && arg != "" { // the argument is Go and stays where it is
				p.blank(pos + strings.Index(line, name) + len(name))
				return p, nil
			}
		default:
			return p, nil
		}
		pos += len(line)
		if text != "" {
			p.blank(pos)
		}
	}
	return p, nil
}

func (p *program) add(line int, do func(*run, string) error, arg string) {
	p.commands = append(p.commands, command{line, do, arg})
}

// blank replaces the code before the byte end with blanks, line by line.
func (p *program) blank(end int) {
	b := []byte(p.code)
	for i := range end {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
	p.code = string(b)
}
