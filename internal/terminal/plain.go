package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Plain is the Editor for terminals that can't move the cursor: the terminal's own line editing, nothing more.
type Plain struct {
	lines      chan line
	want       chan struct{}
	waiting    bool // for a line that an interrupted ReadCell asked for
	out        io.Writer
	interrupts <-chan os.Signal
}

type line struct {
	text string
	err  error
}

// NewPlain returns a Plain that reads lines from in and writes prompts to out.
func NewPlain(in io.Reader, out io.Writer, interrupts <-chan os.Signal) *Plain {
	p := &Plain{lines: make(chan line), want: make(chan struct{}, 1), out: out, interrupts: interrupts}
	go func() {
		r := bufio.NewReader(in)
		for range p.want {
			text, err := r.ReadString('\n')
			p.lines <- line{text, err}
		}
	}()
	return p
}

// ReadCell reads lines until they are a whole cell.
func (p *Plain) ReadCell(ctx context.Context, prompt string, whole func(string) bool) (string, error) {
	var source strings.Builder
	for {
		fmt.Fprint(p.out, prompt)
		text, err := p.readLine(ctx)
		source.WriteString(text)
		switch {
		case errors.Is(err, io.EOF) && source.Len() > 0:
			return source.String(), nil
		case err != nil:
			fmt.Fprintln(p.out)
			return "", err
		case whole(source.String()):
			return strings.TrimSuffix(source.String(), "\n"), nil
		}
		prompt = continuation(prompt)
	}
}

func (p *Plain) readLine(ctx context.Context) (string, error) {
	if !p.waiting {
		p.want <- struct{}{}
		p.waiting = true
	}
	select {
	case l := <-p.lines:
		p.waiting = false
		return l.text, l.err
	case <-p.interrupts:
		return "", ErrInterrupted
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Ask lets a cell read a line. A password is echoed, since the terminal can do no better.
func (p *Plain) Ask(ctx context.Context, prompt string, _ bool) (string, error) {
	fmt.Fprint(p.out, prompt)
	text, err := p.readLine(ctx)
	return strings.TrimSuffix(text, "\n"), err
}
