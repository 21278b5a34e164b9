package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// tell plays a run of two cells, of which the second fails and the first differs.
func tell(path string, observe func(runner.Event)) {
	value := display.NewText("42")
	failure := runner.Failure{Number: 2, Of: 2, Index: 2, Count: 2, Title: "Train", Source: "a()\nb(",
		Cell: &repl.CellError{Name: repl.CompileError, Msg: "expected ')'", Cell: "In[2]", Line: 2, Col: 3}}
	for _, e := range []runner.Event{
		runner.Started{Path: path, Cells: 2},
		runner.CellStarted{Path: path, Number: 1, Of: 2, Title: "Intro"},
		runner.CellOutput{Path: path, Number: 1, Event: repl.Stream{Name: "stdout", Text: "a\x1b[0m<b>\n"}},
		runner.CellDone{Path: path, Number: 1, Title: "Intro", Elapsed: 1500 * time.Millisecond, Value: &value},
		runner.CellStarted{Path: path, Number: 2, Of: 2, Title: "Train"},
		runner.CellDone{Path: path, Number: 2, Title: "Train", Elapsed: time.Second, Failure: &failure},
		runner.Finished{Result: runner.Result{Path: path, Cells: 2, Run: 2, Elapsed: 3 * time.Second,
			Failures: []runner.Failure{failure}, Differences: []runner.Difference{{Number: 1, Of: 2, Index: 1, What: "stdout", Want: "x", Got: "y"}}}},
	} {
		observe(e)
	}
}

func TestJSON(t *testing.T) {
	var out strings.Builder
	j := &JSON{Out: &out}
	tell("x.ipynb", j.Observe)
	times := regexp.MustCompile(`"time":"[^"]*",`)
	want := `{"action":"start","notebook":"x.ipynb","cells":2}
{"action":"run","notebook":"x.ipynb","cell":1,"title":"Intro"}
{"action":"output","notebook":"x.ipynb","cell":1,"stream":"stdout","output":"a\u001b[0m\u003cb\u003e\n"}
{"action":"output","notebook":"x.ipynb","cell":1,"output":"42"}
{"action":"pass","notebook":"x.ipynb","cell":1,"title":"Intro","elapsed_s":1.5}
{"action":"run","notebook":"x.ipynb","cell":2,"title":"Train"}
{"action":"fail","notebook":"x.ipynb","cell":2,"title":"Train","elapsed_s":1,"error":"expected ')'","line":2}
{"action":"differ","notebook":"x.ipynb","cell":1,"error":"stdout","want":"x","got":"y"}
{"action":"fail","notebook":"x.ipynb","cells":2,"elapsed_s":3}
`
	if d := cmp.Diff(want, times.ReplaceAllString(out.String(), "")); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

func TestJUnit(t *testing.T) {
	var j JUnit
	tell("x.ipynb", j.Observe)
	got, err := j.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
 <testsuite name="x.ipynb" tests="2" failures="2" time="3.000">
  <testcase classname="x.ipynb" name="01 Intro" time="1.500">
   <failure message="stdout differs">want x&#xA;got  y</failure>
   <system-out>a&lt;b&gt;&#xA;</system-out>
  </testcase>
  <testcase classname="x.ipynb" name="02 Train" time="1.000">
   <failure message="expected &#39;)&#39;">cell 2 of 2, line 2: expected &#39;)&#39;&#xA;  1 | a()&#xA;&gt; 2 | b(&#xA;    |   ^</failure>
  </testcase>
 </testsuite>
</testsuites>
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	var any struct{}
	if err := xml.Unmarshal(got, &any); err != nil {
		t.Error(err)
	}
}

func TestGitHub(t *testing.T) {
	nb := notebook.New()
	nb.Add(notebook.Markdown, "# x")
	nb.Add(notebook.Code, "fine()")
	nb.Add(notebook.Code, "a()\nb(")
	path := filepath.Join(t.TempDir(), "x.ipynb")
	if err := nb.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	g := &GitHub{Out: &out}
	tell(path, g.Observe)
	g.Close()
	data, _ := os.ReadFile(path)
	lineOf := func(text string) int { return 1 + strings.Count(strings.Split(string(data), text)[0], "\n") }
	want := fmt.Sprintf("::error file=%s,line=%d,title=cell 2 of 2 failed::expected ')'\n::error file=%s,line=%d,title=cell 1%%3A stdout differs::want x%%0Agot y\n",
		path, lineOf("b("), path, lineOf("fine"))
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestGitHubSaysHowManyMore(t *testing.T) {
	var out strings.Builder
	g := &GitHub{Out: &out}
	for range 8 {
		tell("gone.ipynb", g.Observe)
	}
	g.Close()
	if n := strings.Count(out.String(), "::error"); n != 10 || !strings.Contains(out.String(), "::error ::7 more failures") {
		t.Errorf("%d remarks:\n%s", n, out.String())
	}
}

// A run that ended between two cells failed in every report, and each says why.
func TestStoppedBetweenCells(t *testing.T) {
	r := runner.Result{Path: "x.ipynb", Cells: 9, Run: 3, Stop: runner.Terminated}
	var text, lines, marks strings.Builder
	var j JUnit
	for _, observe := range []func(runner.Event){(&Text{Out: &text}).Observe, (&JSON{Out: &lines}).Observe, (&GitHub{Out: &marks}).Observe, j.Observe} {
		observe(runner.Started{Path: r.Path, Cells: r.Cells})
		observe(runner.Finished{Result: r})
	}
	xml, err := j.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, report := range map[string]struct{ got, failed string }{
		"text": {text.String(), "--- FAIL"}, "JSON": {lines.String(), `"action":"fail"`}, "GitHub": {marks.String(), "::error"},
		"JUnit": {string(xml), `failures="1"`}, "summary": {Summary([]runner.Result{r}), "| FAIL |"},
	} {
		if !strings.Contains(report.got, report.failed) || !strings.Contains(report.got, "stopped by SIGTERM before cell 4 of 9") {
			t.Errorf("%s: %s", name, report.got)
		}
	}
}

func TestSummary(t *testing.T) {
	got := Summary([]runner.Result{{Path: "a", Run: 3}, {Path: "b", Run: 1, Failures: []runner.Failure{{Number: 1, Stop: runner.Interrupted}}}})
	want := "| | notebook | cells | time | |\n|---|---|---:|---:|---|\n| ok | a | 3 | 0.0s |  |\n| FAIL | b | 1 | 0.0s | cell 1: stopped by SIGINT |\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
