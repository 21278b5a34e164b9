package repl

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// crashText separates from standard error what the Go runtime prints when it gives up: from a line with which such a
// report begins, everything is held back until the process ends or the cell does after all.
type crashText struct {
	held []byte
	on   bool
	line []byte // the unfinished line, while it may be the beginning of a report
	mid  bool   // the line has begun as ordinary output
}

// maxCrash limits what is kept of a report; its head tells the cause.
const maxCrash = 1 << 20

var crashHeads = []string{"fatal error: ", "panic: ", "runtime: ", "SIGQUIT: quit", "SIGSEGV: ", "SIGABRT: ", "SIGBUS: ", "SIGILL: ", "SIGFPE: ",
	"unexpected fault address", "[signal "}

// take returns the part of p that is ordinary output.
func (c *crashText) take(p []byte) (text []byte) {
	for len(p) > 0 && !c.on {
		i := bytes.IndexByte(p, '\n') + 1
		if i == 0 {
			i = len(p)
		}
		c.line, p = append(c.line, p[:i]...), p[i:]
		whole := c.line[len(c.line)-1] == '\n'
		switch {
		case !c.mid && begins(c.line):
			c.on = true
			c.held, c.line = append(c.held, c.line...), nil
		case c.mid || whole || !mayBegin(c.line):
			text = append(text, c.line...)
			c.line, c.mid = c.line[:0], !whole
		}
	}
	if c.on && len(c.held) < maxCrash {
		c.held = append(c.held, p...)
	}
	return text
}

// release gives back what was held: the process lives.
func (c *crashText) release() []byte {
	text := append(c.held, c.line...)
	*c = crashText{}
	return text
}

func begins(line []byte) bool {
	for _, h := range crashHeads {
		if bytes.HasPrefix(line, []byte(h)) {
			return true
		}
	}
	return false
}

func mayBegin(line []byte) bool {
	for _, h := range crashHeads {
		if strings.HasPrefix(h, string(line)) {
			return true
		}
	}
	return false
}

// deathError explains the end of a worker by what it printed and how it ended.
func deathError(state *os.ProcessState, report string) *CellError {
	e := &CellError{Name: Exit, Msg: state.String(), Lost: true}
	status, _ := state.Sys().(syscall.WaitStatus)
	switch {
	case strings.HasPrefix(report, "SIGQUIT"):
	case report != "":
		e.Name, e.Msg = cause(report)
	case status.Signaled():
		e.Name, e.Msg = Killed, "the worker was ended by a signal: "+status.Signal().String()
		if status.Signal() == syscall.SIGKILL {
			e.Msg += " (perhaps the system had no memory left)"
		}
	}
	return e
}

// cause finds the line that says why.
func cause(report string) (name, msg string) {
	name, msg = Fatal, strings.SplitN(report, "\n", 2)[0]
	for line := range strings.Lines(report) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "fatal error: "); ok {
			return Fatal, text
		}
		if text, ok := strings.CutPrefix(line, "panic: "); ok {
			return Panic, text
		}
	}
	return name, msg
}

// stuckIn tells from the goroutine dump of a worker what its cell was waiting for, "" if it cannot be told.
func stuckIn(dump string) string {
	for block := range strings.SplitSeq(dump, "\n\n") {
		if !strings.Contains(block, "internal/worker.(*interpreter).call(") {
			continue
		}
		head, _, _ := strings.Cut(block, "\n")
		_, state, _ := strings.Cut(head, "[")
		state, _, _ = strings.Cut(state, "]")
		state, _, _ = strings.Cut(state, ",")
		if state != "" && state != "running" && state != "runnable" {
			return fmt.Sprintf(" (it was waiting: %s)", state)
		}
	}
	return ""
}
