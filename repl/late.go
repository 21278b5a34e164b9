package repl

import (
	"sync"
	"time"
)

// late gathers what cells show that do not run any more.
type late struct {
	o Options

	mu       sync.Mutex
	idle     *journal            // without Options.Late: events for the running or next cell
	names    map[uint64]string   // of cells, for Options.Late
	journals map[uint64]*journal // with Options.Late

	calling sync.Mutex // one call of Options.Late at a time
}

func newLate(o Options) *late {
	return &late{o: o, idle: newJournal(o.MaxOutput), names: map[uint64]string{}, journals: map[uint64]*journal{}}
}

// begin returns the journal of a new cell, which without Options.Late holds what came since the one before.
func (l *late) begin(cell uint64, name string) *journal {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.o.Late != nil {
		l.names[cell] = name
		return newJournal(l.o.MaxOutput)
	}
	return l.idle
}

// end says that a cell is over.
func (l *late) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = newJournal(l.o.MaxOutput)
}

// journal returns where the events of a cell go that does not run.
func (l *late) journal(cell uint64) *journal {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.o.Late == nil {
		return l.idle
	}
	j := l.journals[cell]
	if j == nil {
		j = newJournal(l.o.MaxOutput)
		l.journals[cell] = j
		time.AfterFunc(interval, func() { l.flush(cell) })
	}
	return j
}

func (l *late) flush(cell uint64) {
	l.calling.Lock()
	defer l.calling.Unlock()
	l.mu.Lock()
	j, name := l.journals[cell], l.names[cell]
	delete(l.journals, cell)
	l.mu.Unlock()
	if j == nil {
		return
	}
	for _, e := range j.take(true) {
		l.o.Late(name, e)
	}
}

// close gives out what is left.
func (l *late) close() {
	l.mu.Lock()
	var cells []uint64
	for cell := range l.journals {
		cells = append(cells, cell)
	}
	l.mu.Unlock()
	for _, cell := range cells {
		l.flush(cell)
	}
}
