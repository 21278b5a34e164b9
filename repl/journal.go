package repl

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// interval is how long printed text may wait for more before it becomes an event.
const interval = 15 * time.Millisecond

// A journal gathers what one cell shows, in order, until somebody takes it. Text that follows text of the same stream
// joins it, so a flood makes few events.
type journal struct {
	mu      sync.Mutex
	pending []Event           // Streams here are *gathered
	tails   map[string]string // the beginning of a rune whose end has not arrived, by stream
	ready   chan struct{}     // holds a token while pending is not empty

	limit int64 // of bytes in Streams; then they go to a file
	taken int64
	spill spill
}

// gathered is a Stream that still grows.
type gathered struct {
	name string
	text strings.Builder
}

func (*gathered) isEvent() {}

func newJournal(limit int64) *journal {
	return &journal{tails: map[string]string{}, ready: make(chan struct{}, 1), limit: limit}
}

// print adds printed bytes.
func (j *journal) print(name string, p []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if room := j.limit - j.taken; int64(len(p)) > room {
		j.spill.write(p[room:])
		p = p[:room]
	}
	if len(p) == 0 {
		return
	}
	j.taken += int64(len(p))
	last, ok := j.last().(*gathered)
	if !ok || last.name != name {
		last = &gathered{name: name}
		last.text.WriteString(j.tails[name])
		delete(j.tails, name)
		j.pending = append(j.pending, last)
	}
	last.text.Write(p)
	j.announce()
}

// add adds an event.
func (j *journal) add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending = append(j.pending, e)
	j.announce()
}

func (j *journal) last() Event {
	if len(j.pending) == 0 {
		return nil
	}
	return j.pending[len(j.pending)-1]
}

func (j *journal) announce() {
	select {
	case j.ready <- struct{}{}:
	default:
	}
}

// take returns what has gathered. At the end nothing is held back, and the user is told what was too much.
func (j *journal) take(end bool) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	var events []Event
	for _, e := range j.pending {
		if g, ok := e.(*gathered); ok {
			text := g.text.String()
			if !end {
				n := len(text) - unfinished(text)
				if n < len(text) {
					j.tails[g.name], text = text[n:], text[:n]
				}
			}
			if text == "" {
				continue
			}
			e = Stream{g.name, strings.ToValidUTF8(text, "\uFFFD")}
		}
		events = append(events, e)
	}
	j.pending = nil
	if !end {
		return events
	}
	for _, name := range []string{"stdout", "stderr"} {
		if tail := j.tails[name]; tail != "" {
			events = append(events, Stream{name, "\uFFFD"})
			delete(j.tails, name)
		}
	}
	if text := j.spill.close(); text != "" {
		events = append(events, Stream{"stderr", text})
	}
	return events
}

// unfinished returns how many bytes at the end of s begin a rune without ending it.
func unfinished(s string) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(s)); n++ {
		if c := s[len(s)-n]; utf8.RuneStart(c) {
			if !utf8.FullRuneInString(s[len(s)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// spill is the file for output above the limit.
type spill struct {
	file *os.File
	n    int64
	err  error
}

// maxSpill limits the file, lest an endless loop fills the disk.
const maxSpill = 1 << 30

func (s *spill) write(p []byte) {
	if s.n == 0 {
		s.file, s.err = os.CreateTemp("", "groupnb-output-*.txt")
	}
	if s.err == nil && s.n < maxSpill {
		_, s.err = s.file.Write(p)
	}
	s.n += int64(len(p))
}

// close returns what to tell the user, "" if nothing was too much.
func (s *spill) close() string {
	if s.n == 0 {
		return ""
	}
	text := fmt.Sprintf("\n... %s more output not shown", size(s.n))
	if s.file != nil {
		s.file.Close()
		if s.err == nil {
			text += "; it is in " + s.file.Name()
		}
	}
	*s = spill{}
	return text + "\n"
}

func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
