package display

import (
	"fmt"
	"html"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// interval is the least time between two pictures of a bar: enough to look alive, few enough for any front end.
const interval = 100 * time.Millisecond

var bars atomic.Int64

// A Bar shows how far a long task has come. Its methods may be called from any goroutine.
type Bar struct {
	mu    sync.Mutex
	id    string
	label string
	note  string
	done  int
	total int
	start time.Time
	drawn time.Time
	shown bool
}

// Progress shows a bar for total steps.
func Progress(label string, total int) *Bar {
	b := &Bar{id: fmt.Sprintf("progress-%d", bars.Add(1)), label: label, total: total, start: time.Now()}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.draw(b.start)
	return b
}

// Set says that done steps are finished; note stands behind the bar ("loss 0.53").
func (b *Bar) Set(done int, note string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done, b.note = done, note
	if now := time.Now(); now.Sub(b.drawn) >= interval {
		b.draw(now)
	}
}

// Label changes the text before the bar, for instance at the start of an epoch.
func (b *Bar) Label(label string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.label = label
}

// Done draws the bar's last state, whatever the time since the one before.
func (b *Bar) Done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.draw(time.Now())
}

func (b *Bar) draw(now time.Time) {
	host().Display(b.bundle(now), b.id, b.shown)
	b.shown, b.drawn = true, now
}

func (b *Bar) bundle(now time.Time) Bundle {
	elapsed := now.Sub(b.start).Round(100 * time.Millisecond)
	tail := fmt.Sprintf("%d/%d  %s  %s", b.done, b.total, elapsed, b.note)
	fraction := 1.0
	if b.total > 0 {
		fraction = min(1, float64(b.done)/float64(b.total))
	}
	const width = 30
	full := int(fraction*width + 0.5)
	text := fmt.Sprintf("%s %s%s %3.0f%%  %s", b.label, strings.Repeat("█", full), strings.Repeat("░", width-full), 100*fraction, tail)
	page := fmt.Sprintf(`<div style="font-family:monospace">%s <progress value="%d" max="%d" style="vertical-align:middle"></progress> %s</div>`,
		html.EscapeString(b.label), b.done, max(b.total, 1), html.EscapeString(tail))
	return NewText(strings.TrimRight(text, " ")).With(HTML, []byte(page))
}
