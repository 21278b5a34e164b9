package runner

import (
	"strings"

	"github.com/groupnb/groupnb/internal/notebook"
)

// Tags that change how a cell is run. Those that begin with nbval are what a widespread checker of notebooks calls
// them.
var (
	skip         = []string{"skip-execution", "nbval-skip"}
	mayFail      = []string{"raises-exception", "nbval-raises-exception"}
	ignoreOutput = []string{"nbval-ignore-output", "ignore-output"}
	slow         = []string{"slow"}
)

// A step is a code cell to run. Number counts the code cells that hold code, from 1, as In[n] does.
type step struct {
	cell   *notebook.Cell
	stored notebook.Cell // the cell before the run
	number int
	index  int    // in the file, from 0
	title  string // the nearest heading above
}

func (s step) mayFail() bool { return s.cell.HasTag(mayFail...) }

// plan lists the cells to run and clears all, so that what isn't run shows no outputs of another time.
func (r *run) plan() {
	title := ""
	number, index := 0, -1
	for _, c := range r.nb.Cells {
		if !c.HasTag(tagInjected) {
			index++
		}
		if h := heading(c); h != "" {
			title = h
		}
		if c.Type != notebook.Code {
			continue
		}
		stored := *c
		c.Clear()
		if strings.TrimSpace(c.Source) == "" {
			continue
		}
		number++
		if r.Until == 0 || number <= r.Until {
			if !c.HasTag(skip...) && !(r.Short && c.HasTag(slow...)) {
				r.steps = append(r.steps, step{cell: c, stored: stored, number: number, index: index, title: title})
			}
		}
	}
	r.result = Result{Path: r.path, Cells: number}
}

// heading returns the text of the last heading in a Markdown cell.
func heading(c *notebook.Cell) string {
	if c.Type != notebook.Markdown {
		return ""
	}
	found := ""
	for line := range strings.Lines(c.Source) {
		if text := strings.TrimLeft(line, "#"); len(text) < len(line) && strings.HasPrefix(text, " ") {
			found = strings.TrimSpace(text)
		}
	}
	return found
}
