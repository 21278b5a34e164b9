package widgets

import (
	"fmt"
	"html"
	"sync"
	"time"
)

// A Progress is a row of a label, a bar and a note: what a long task shows.
type Progress struct {
	*HBox
	label, note *HTML
	bar         *Bar

	mu    sync.Mutex
	moved time.Time
}

// NewProgress shows a bar for total steps.
func NewProgress(label string, total int) *Progress {
	p := &Progress{label: NewHTML(html.EscapeString(label)), bar: NewIntProgress(0, total), note: NewHTML("")}
	p.HBox = NewHBox(p.label, p.bar, p.note)
	Show(p.HBox)
	return p
}

// Set says that done steps are finished; note stands behind the bar.
func (p *Progress) Set(done int, note string) {
	if p.moves(done) {
		p.note.Set(html.EscapeString(fmt.Sprintf("%d/%g  %s", done, p.bar.max, note)))
		p.bar.Set(float64(done))
	}
}

// moves limits how often the row changes, the last step aside.
func (p *Progress) moves(done int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if float64(done) < p.bar.max && now.Sub(p.moved) < interval {
		return false
	}
	p.moved = now
	return true
}

// Label replaces the text before the bar.
func (p *Progress) Label(text string) { p.label.Set(html.EscapeString(text)) }

// Done makes the bar green and draws its last state.
func (p *Progress) Done() {
	p.bar.Style("success")
	Finish(p.HBox)
}
