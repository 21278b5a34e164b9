package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

const (
	frame     = 100 * time.Millisecond // between two pictures of the live line
	heartbeat = 30 * time.Second       // between two lines where no line can be kept up to date
)

// live shows that notebooks are running. Its methods are called with the lock of its Text held.
type live struct {
	text    *Text
	running []*status
	shown   bool // the live line is on the screen
	midline bool // cells printed a line that has no end yet; the live line must not destroy it
	stopped bool
	quit    chan struct{}
}

// A status is what is known of one running notebook.
type status struct {
	path  string
	since time.Time
	at    runner.CellStarted
	said  string // the last line of output
}

func newLive(t *Text) *live {
	quit := make(chan struct{})
	l := &live{text: t, quit: quit}
	interval := heartbeat
	if t.Live {
		interval = frame
	}
	go func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				t.mu.Lock()
				l.draw(time.Now())
				t.mu.Unlock()
			case <-quit:
				return
			}
		}
	}()
	return l
}

func (l *live) stop() {
	if !l.stopped {
		l.hide()
		close(l.quit)
		l.stopped = true
	}
}

func (l *live) begin(path string) {
	l.running = append(l.running, &status{path: path, since: time.Now()})
}

func (l *live) find(path string) *status {
	for _, s := range l.running {
		if s.path == path {
			return s
		}
	}
	return &status{}
}

func (l *live) cell(e runner.CellStarted) {
	s := l.find(e.Path)
	s.at, s.said = e, ""
}

func (l *live) output(e runner.CellOutput) {
	text := ""
	switch e := e.Event.(type) {
	case repl.Stream:
		text = e.Text
	case repl.Display:
		text = e.Bundle.Text()
	}
	if line := lastLine(text); line != "" {
		l.find(e.Path).said = line
	}
}

func (l *live) end(path string) {
	l.hide()
	for i, s := range l.running {
		if s.path == path {
			l.running = append(l.running[:i], l.running[i+1:]...)
			return
		}
	}
}

func (l *live) hide() {
	if l.shown {
		io.WriteString(l.text.Out, "\r\x1b[K")
		l.shown = false
	}
}

func (l *live) draw(now time.Time) {
	if l.stopped {
		return
	}
	if l.text.Live {
		l.drawLine(now)
		return
	}
	for _, s := range l.running {
		fmt.Fprintf(l.text.Out, "...  %s\n", s.describe(now))
	}
}

func (l *live) drawLine(now time.Time) {
	if len(l.running) == 0 || l.midline {
		return
	}
	line := l.running[0].describe(now)
	if others := len(l.running) - 1; others > 0 {
		line = fmt.Sprintf("%s (and %d more)", line, others)
	}
	line = fit(line+"  "+l.running[0].said, l.text.Width()-1)
	io.WriteString(l.text.Out, "\r\x1b[K"+l.text.paint(blue, line))
	l.shown = true
}

func (s *status) describe(now time.Time) string {
	if s.at.Of == 0 {
		return fmt.Sprintf("%s  starting  %s", s.path, seconds(now.Sub(s.since)))
	}
	title := ""
	if s.at.Title != "" {
		title = "  " + s.at.Title
	}
	return fmt.Sprintf("%s  cell %d of %d%s  %s", s.path, s.at.Number, s.at.Of, title, seconds(now.Sub(s.since)))
}

// lastLine returns the last visible line of text, without control characters.
func lastLine(text string) string {
	text = strings.TrimRight(text, "\r\n\t ")
	return strings.TrimSpace(plain(text[strings.LastIndexAny(text, "\r\n")+1:]))
}

var escapes = regexp.MustCompile(`\x1b(\[[0-9;?]*[ -/]*[@-~])?`)

// plain removes escape sequences and control characters.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' {
			return -1
		}
		return r
	}, escapes.ReplaceAllString(text, ""))
}

func fit(text string, width int) string {
	text = strings.TrimRight(text, " ")
	if width < 1 || utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
