package report

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/runner"
)

// GitHub writes workflow commands that mark the failing lines in the file view of a pull request.
type GitHub struct {
	Out io.Writer

	mu   sync.Mutex
	said int
	more int
}

// shown is how many remarks GitHub shows for a step; the last one says how many more there are.
const shown = 10

// Observe takes part in a run as runner.Options.Observe.
func (g *GitHub) Observe(e runner.Event) {
	done, ok := e.(runner.Finished)
	if !ok {
		return
	}
	r := done.Result
	for _, f := range r.Failures {
		g.mark(r.Path, f.Index, max(1, lineIn(f)), fmt.Sprintf("cell %d of %d failed", f.Number, f.Of), reason(f))
	}
	for _, d := range r.Differences {
		g.mark(r.Path, d.Index, 1, fmt.Sprintf("cell %d: %s differs", d.Number, d.What), "want "+d.Want+"\ngot "+d.Got)
	}
	if r.Err != nil && len(r.Failures) == 0 {
		g.mark(r.Path, -1, 1, "notebook failed", r.Err.Error())
	}
	if err := r.Unfinished(); err != nil {
		g.mark(r.Path, -1, 1, "notebook stopped", err.Error())
	}
}

func (g *GitHub) mark(path string, cell, line int, title, text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.said == shown-1 {
		g.more++
		return
	}
	g.said++
	place := "file=" + property(path)
	if data, err := os.ReadFile(path); err == nil && cell >= 0 {
		if n := notebook.SourceLine(path, data, cell, line); n > 0 {
			place += fmt.Sprintf(",line=%d", n)
		}
	}
	fmt.Fprintf(g.Out, "::error %s,title=%s::%s\n", place, property(title), value(text))
}

// Close says how many remarks were left out.
func (g *GitHub) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.more > 0 {
		fmt.Fprintf(g.Out, "::error ::%d more failures; see the log\n", g.more)
	}
}

// Summary returns a table of all notebooks in Markdown, for the page of the workflow run.
func Summary(results []runner.Result) string {
	var b strings.Builder
	b.WriteString("| | notebook | cells | time | |\n|---|---|---:|---:|---|\n")
	for _, r := range results {
		mark, note := "ok", ""
		switch {
		case len(r.Failures) > 0:
			mark, note = "FAIL", fmt.Sprintf("cell %d: %s", r.Failures[0].Number, reason(r.Failures[0]))
		case len(r.Differences) > 0:
			mark, note = "FAIL", fmt.Sprintf("cell %d: %s differs", r.Differences[0].Number, r.Differences[0].What)
		case !r.Passed():
			mark, note = "FAIL", fmt.Sprint(cmp.Or(r.Err, r.Unfinished()))
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s |\n", mark, r.Path, r.Run, seconds(r.Elapsed), strings.NewReplacer("|", "\\|", "\n", " ").Replace(note))
	}
	return b.String()
}

func value(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
