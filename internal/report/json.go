package report

import (
	"cmp"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

// JSON writes one JSON object a line for each event, as go test -json does.
type JSON struct {
	Out io.Writer

	mu sync.Mutex
}

// record is a line. Action is start, run, output, pass, fail or differ; with a cell it is about that cell, without
// one about the notebook.
type record struct {
	Time     time.Time `json:"time"`
	Action   string    `json:"action"`
	Notebook string    `json:"notebook"`
	Cell     int       `json:"cell,omitempty"`
	Cells    int       `json:"cells,omitempty"`
	Title    string    `json:"title,omitempty"`
	Elapsed  float64   `json:"elapsed_s,omitempty"`
	Stream   string    `json:"stream,omitempty"`
	Output   string    `json:"output,omitempty"`
	Error    string    `json:"error,omitempty"`
	Line     int       `json:"line,omitempty"`
	Want     string    `json:"want,omitempty"`
	Got      string    `json:"got,omitempty"`
}

// Observe takes part in a run as runner.Options.Observe.
func (j *JSON) Observe(e runner.Event) {
	switch e := e.(type) {
	case runner.Started:
		j.write(record{Action: "start", Notebook: e.Path, Cells: e.Cells})
	case runner.CellStarted:
		j.write(record{Action: "run", Notebook: e.Path, Cell: e.Number, Title: e.Title})
	case runner.CellOutput:
		j.output(e)
	case runner.CellDone:
		if e.Value != nil {
			j.write(record{Action: "output", Notebook: e.Path, Cell: e.Number, Output: e.Value.Text()})
		}
		r := record{Action: "pass", Notebook: e.Path, Cell: e.Number, Title: e.Title, Elapsed: e.Elapsed.Seconds()}
		if e.Failure != nil {
			r.Action, r.Error, r.Line = "fail", reason(*e.Failure), lineIn(*e.Failure)
		}
		j.write(r)
	case runner.Finished:
		j.finished(e.Result)
	}
}

func (j *JSON) output(e runner.CellOutput) {
	r := record{Action: "output", Notebook: e.Path, Cell: e.Number}
	switch e := e.Event.(type) {
	case repl.Stream:
		r.Stream, r.Output = e.Name, e.Text
	case repl.Notice:
		r.Stream, r.Output = "notice", e.Text
	case repl.Display:
		r.Output = e.Bundle.Text()
	default:
		return
	}
	j.write(r)
}

func (j *JSON) finished(res runner.Result) {
	for _, d := range res.Differences {
		j.write(record{Action: "differ", Notebook: res.Path, Cell: d.Number, Error: d.What, Want: d.Want, Got: d.Got})
	}
	r := record{Action: "pass", Notebook: res.Path, Cells: res.Run, Elapsed: res.Elapsed.Seconds()}
	if !res.Passed() {
		r.Action = "fail"
	}
	if err := cmp.Or(res.Err, res.Unfinished()); err != nil {
		r.Error = err.Error()
	}
	j.write(r)
}

func (j *JSON) write(r record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Time = time.Now().UTC()
	json.NewEncoder(j.Out).Encode(r)
}

// reason returns why a cell failed, on one line.
func reason(f runner.Failure) string {
	switch {
	case f.Stop != nil:
		return f.Stop.Error()
	case f.Cell != nil:
		return strings.ReplaceAll(message(f.Cell.Name, f.Cell.Msg), "\n", " ")
	}
	return f.Err.Error()
}

// here reports whether an error is at a place in the failing cell itself.
func here(f runner.Failure) bool { return lineIn(f) > 0 }

// lineIn returns the line of the failing cell where the error is, 0 if it is elsewhere or unknown.
func lineIn(f runner.Failure) int {
	if f.Cell == nil || f.Cell.Cell != "" && f.Cell.Cell != cellName(f.Count) {
		return 0
	}
	return f.Cell.Line
}
