package repl

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/groupnb/groupnb/internal/cell"
)

// program runs lowered code as a cell, so that what the worker does is tested whatever the front end does.
func program(ctx context.Context, t testing.TB, s *Session, p *cell.Program) outcome {
	t.Helper()
	return programTo(ctx, t, s, p, func(Event) {})
}

func programTo(ctx context.Context, t testing.TB, s *Session, p *cell.Program, see func(Event)) (o outcome) {
	t.Helper()
	s.running.Lock()
	defer s.running.Unlock()
	conn, err := s.usable(ctx)
	if err != nil {
		return outcome{err: err}
	}
	run := &cellRun{session: s, conn: conn, cell: Cell{Name: p.Name}, program: p, emit: func(e Event) {
		see(e)
		o.events = append(o.events, e)
		if t, ok := e.(Stream); ok && t.Name == "stdout" {
			o.stdout += t.Text
		} else if ok {
			o.stderr += t.Text
		}
	}}
	b, err := run.toEnd(ctx)
	if o.err = err; b != nil {
		o.value = b.Text()
	}
	return o
}

var entries int

// lowered makes a program of imports, declarations and the body of its entry function.
func lowered(imports, decls, body string) *cell.Program {
	entries++
	var b strings.Builder
	b.WriteString("package main\nimport _gnb \"gnb/rt\"\n")
	for _, i := range strings.Fields(imports) {
		fmt.Fprintf(&b, "import %q\n", i)
	}
	entry := fmt.Sprintf("_cell%d", entries)
	fmt.Fprintf(&b, "%s\nfunc %s() {\n/*line In[%d]/_.go:1:1*/%s\n}\n", decls, entry, entries, body)
	return &cell.Program{Name: fmt.Sprintf("In[%d]", entries), Decls: b.String(), Entry: entry}
}

func run(t testing.TB, s *Session, imports, decls, body string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return program(ctx, t, s, lowered(imports, decls, body))
}
