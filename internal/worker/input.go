package worker

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/groupnb/groupnb/internal/worker/wire"
)

// input is standard input: a reader that asks the user for a line whenever it has none.
type input struct {
	mu    sync.Mutex
	rest  bytes.Buffer
	ask   func(prompt string, password bool) (ctx context.Context)
	lines chan wire.Request
}

func (in *input) Read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.rest.Len() == 0 && len(p) > 0 {
		line, err := in.line("", false)
		if err != nil {
			return 0, err
		}
		in.rest.WriteString(line + "\n")
	}
	return in.rest.Read(p)
}

func (in *input) line(prompt string, password bool) (string, error) {
	ctx := in.ask(prompt, password)
	select {
	case q := <-in.lines:
		if q.EOF {
			return "", io.EOF
		}
		return q.Text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// ask asks for a line and returns the context in which to wait for it.
func (w *worker) ask(prompt string, password bool) context.Context {
	w.place(wire.Reply{Op: wire.Ask, Text: prompt, Password: password})
	return w.cells.mine().ctx
}
