package repl

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Printed text waits for more before it becomes an event: after a pause a moment, then longer, but not once it is much.
const (
	moment   = time.Millisecond
	interval = 15 * time.Millisecond
	much     = 512 << 10 // bytes
)

// A journal gathers what one cell shows, in order, until somebody takes it. Text that follows text of the same stream
// joins it, so a flood makes few events.
type journal struct {
	mu      sync.Mutex
	pending []Event           // Streams here are *gathered, Displays *Display
	waiting int               // bytes of printed text in pending
	taken   *sync.Cond        // pending is empty again
	drained bool              // somebody takes pending: who adds too much may wait
	dropped int               // events that nobody took in time
	tails   map[string]string // the beginning of a rune whose end has not arrived, by stream
	ready   chan struct{}     // holds a token while pending is not empty
	full    chan struct{}     // holds a token while pending has much text

	limit   int64 // of bytes in Streams; then they go to a file
	printed int64
	spill   spill
}

// gathered is a Stream that still grows.
type gathered struct {
	name string
	text strings.Builder
}

func (*gathered) isEvent() {}

func newJournal(limit int64) *journal {
	j := &journal{tails: map[string]string{}, ready: make(chan struct{}, 1), full: make(chan struct{}, 1), limit: limit}
	j.taken = sync.NewCond(&j.mu)
	return j
}

// maxPending is how many events may wait. A cell that shows more waits itself until they are taken.
const maxPending = 1000

// drain says whether somebody takes what gathers.
func (j *journal) drain(on bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drained = on
	j.taken.Broadcast()
}

// print adds printed bytes. While much text waits to be taken it waits, too.
func (j *journal) print(name string, p []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.waiting >= much && j.drained {
		j.taken.Wait()
	}
	if room := j.limit - j.printed; int64(len(p)) > room {
		j.spill.write(p[room:])
		p = p[:room]
	}
	if len(p) == 0 {
		return
	}
	j.printed += int64(len(p))
	last, ok := j.last().(*gathered)
	if !ok || last.name != name {
		last = &gathered{name: name}
		last.text.WriteString(j.tails[name])
		delete(j.tails, name)
		j.pending = append(j.pending, last)
	}
	last.text.Write(p)
	if j.waiting += len(p); j.waiting >= much {
		announce(j.full)
	}
	announce(j.ready)
}

// add adds an event.
func (j *journal) add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if d, ok := e.(Display); ok {
		if d.Update && j.replace(d) {
			return
		}
		e = &d
	}
	for len(j.pending) >= maxPending && j.drained {
		j.taken.Wait()
	}
	if len(j.pending) >= maxPending {
		j.dropped++
		return
	}
	j.pending = append(j.pending, e)
	announce(j.ready)
}

// replace puts an update in the place of what it would replace at once, so that an animation costs what is seen of it.
func (j *journal) replace(d Display) bool {
	for _, e := range slices.Backward(j.pending) {
		switch e := e.(type) {
		case *Display:
			if e.ID == d.ID {
				e.Bundle = d.Bundle
				return true
			}
		case Clear:
			return false
		}
	}
	return false
}

func (j *journal) last() Event {
	if len(j.pending) == 0 {
		return nil
	}
	return j.pending[len(j.pending)-1]
}

func announce(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take returns what has gathered. At the end nothing is held back, and the user is told what was too much.
func (j *journal) take(end bool) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	var events []Event
	for _, e := range j.pending {
		switch e := e.(type) {
		case *gathered:
			text := e.text.String()
			if n := len(text) - unfinished(text); n < len(text) && !end {
				j.tails[e.name], text = text[n:], text[:n]
			}
			if text != "" {
				events = append(events, Stream{e.name, valid(text)})
			}
		case *Display:
			events = append(events, *e)
		default:
			events = append(events, e)
		}
	}
	j.pending, j.waiting = nil, 0
	j.taken.Broadcast()
	if !end {
		return events
	}
	if j.dropped > 0 {
		events = append(events, Notice{fmt.Sprintf("%d more outputs came while no cell ran and are not shown", j.dropped)})
		j.dropped = 0
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

// valid replaces what is no UTF-8, byte for byte, so that it does not matter how text was cut. Nearly all text is, which
// is quick to see.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
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
