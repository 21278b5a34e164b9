package runner

import (
	"time"

	"github.com/groupnb/groupnb/internal/notebook"
)

// Saving takes time and wears out disks, losing work annoys: a finished cell is on disk after a second at most, the
// outputs of a running one after five.
const (
	afterCell  = time.Second
	duringCell = 5 * time.Second
)

// A saver writes a notebook that is being run. A failure to write doesn't stop the run; the last one is reported.
type saver struct {
	save func(*notebook.Notebook) error
	nb   *notebook.Notebook
	last time.Time
}

func (s *saver) during(r *Recorder) { s.due(r, duringCell) }
func (s *saver) after(r *Recorder)  { s.due(r, afterCell) }

func (s *saver) due(r *Recorder, interval time.Duration) {
	if time.Since(s.last) >= interval {
		s.final(r)
	}
}

func (s *saver) final(r *Recorder) error {
	r.Settle()
	s.last = time.Now()
	if s.save == nil {
		return nil
	}
	return s.save(s.nb)
}
