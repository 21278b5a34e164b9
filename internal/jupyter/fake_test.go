package jupyter

import (
	"context"
	"fmt"
	"strings"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// A fakeSession runs cells of one command a line, such as "out hello".
type fakeSession struct {
	started chan string // receives the name of each command that waits
	text    string      // what "text" prints
}

func newFakeSession() *fakeSession { return &fakeSession{started: make(chan string, 10)} }

func (s *fakeSession) Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error) {
	var r repl.Result
	for line := range strings.Lines(c.Source) {
		command, arg, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch command {
		case "out":
			emit(repl.Stream{Name: "stdout", Text: arg + "\n"})
		case "err":
			emit(repl.Stream{Name: "stderr", Text: arg + "\n"})
		case "notice":
			emit(repl.Notice{Text: arg})
		case "flood":
			for i := range 100_000 {
				emit(repl.Stream{Name: "stdout", Text: fmt.Sprintln(i)})
			}
		case "text":
			emit(repl.Stream{Name: "stdout", Text: s.text})
		case "show":
			b := display.NewText(arg).With(display.PNG, []byte("png")).With(display.JSON, []byte(`{"a":1}`))
			emit(repl.Display{Bundle: b.Sized(display.PNG, 3, 2), ID: "id"})
		case "update":
			emit(repl.Display{Bundle: display.NewText(arg), ID: "id", Update: true})
		case "clear":
			emit(repl.Clear{Wait: true})
		case "value":
			b := display.NewText(arg)
			r.Value = &b
		case "name":
			b := display.NewText(c.Name)
			r.Value = &b
		case "fail":
			return r, &repl.CellError{Name: "panic", Msg: arg, Traceback: []string{"In[1]:1:1: main"}}
		case "break":
			return r, fmt.Errorf("worker: %s", arg)
		case "crash":
			panic(arg)
		case "wait":
			s.started <- command
			<-ctx.Done()
			return r, &repl.CellError{Name: "interrupted", Msg: "the cell was interrupted"}
		case "ask":
			if c.Stdin == nil {
				return r, &repl.CellError{Name: "stdin", Msg: "no input"}
			}
			var answer string
			var err error
			asked := make(chan struct{})
			go func() {
				defer close(asked)
				answer, err = c.Stdin(arg, false)
			}()
			select {
			case <-asked:
			case <-ctx.Done():
				return r, &repl.CellError{Name: repl.Interrupted}
			}
			if err != nil {
				return r, &repl.CellError{Name: "stdin", Msg: err.Error()}
			}
			emit(repl.Stream{Name: "stdout", Text: answer})
		}
	}
	return r, nil
}

func (s *fakeSession) Complete(src string, cursor int) repl.Completion {
	start := strings.LastIndexByte(src[:cursor], ' ') + 1
	return repl.Completion{Start: start, End: cursor, Items: []repl.Item{{Text: "Println", Kind: "func", Type: "func(a ...any)"}}}
}

func (s *fakeSession) Inspect(src string, cursor, detail int) (repl.Doc, bool) {
	return repl.Doc{Signature: "func f()", Text: fmt.Sprintf("At %d of %q.", cursor, src)}, src != ""
}

func (s *fakeSession) IsComplete(src string) (status, indent string) {
	if strings.HasSuffix(src, "{") {
		return "incomplete", "\t"
	}
	return "complete", ""
}

func (s *fakeSession) Vars() []repl.Var              { return nil }
func (s *fakeSession) Interrupt()                    {}
func (s *fakeSession) Restart(context.Context) error { return nil }
func (s *fakeSession) Close() error                  { return nil }
