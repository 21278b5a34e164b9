package report

import (
	"encoding/xml"
	"fmt"
	"strings"
	"sync"

	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

// JUnit collects a report in the XML that CI servers read: a suite for each notebook, a case for each cell.
type JUnit struct {
	mu     sync.Mutex
	suites map[string]*suite
	order  []*suite
}

type suite struct {
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Time     string   `xml:"time,attr"`
	Cases    []*xcase `xml:"testcase"`
}

type xcase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr"`
	Failure *failure `xml:"failure"`
	Out     string   `xml:"system-out,omitempty"`
	number  int
}

type failure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// Observe takes part in a run as runner.Options.Observe.
func (j *JUnit) Observe(e runner.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch e := e.(type) {
	case runner.Started:
		j.suite(e.Path)
	case runner.CellStarted:
		s := j.suite(e.Path)
		s.Cases = append(s.Cases, &xcase{Class: e.Path, Name: strings.TrimSpace(fmt.Sprintf("%02d %s", e.Number, e.Title)), number: e.Number})
	case runner.CellOutput:
		if out, ok := e.Event.(repl.Stream); ok {
			c := j.suite(e.Path).last()
			c.Out += plainLines(out.Text)
		}
	case runner.CellDone:
		c := j.suite(e.Path).last()
		c.Time = fmt.Sprintf("%.3f", e.Elapsed.Seconds())
		if e.Failure != nil {
			c.Failure = &failure{Message: reason(*e.Failure), Text: strings.Join((&Text{}).Block(*e.Failure), "\n")}
		}
	case runner.Finished:
		j.finished(e.Result)
	}
}

func (j *JUnit) finished(r runner.Result) {
	s := j.suite(r.Path)
	for _, d := range r.Differences {
		for _, c := range s.Cases {
			if c.number == d.Number && c.Failure == nil {
				c.Failure = &failure{Message: d.What + " differs", Text: "want " + d.Want + "\ngot  " + d.Got}
			}
		}
	}
	for _, err := range []error{r.Err, r.Unfinished()} {
		if err != nil {
			s.Cases = append(s.Cases, &xcase{Class: r.Path, Name: "notebook", Time: "0", Failure: &failure{Message: err.Error()}})
		}
	}
	s.Time = fmt.Sprintf("%.3f", r.Elapsed.Seconds())
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		if c.Failure != nil {
			s.Failures++
		}
	}
}

func (j *JUnit) suite(path string) *suite {
	if s := j.suites[path]; s != nil {
		return s
	}
	if j.suites == nil {
		j.suites = map[string]*suite{}
	}
	s := &suite{Name: path}
	j.suites[path] = s
	j.order = append(j.order, s)
	return s
}

func (s *suite) last() *xcase {
	if len(s.Cases) == 0 {
		s.Cases = append(s.Cases, &xcase{Class: s.Name, Name: "notebook"})
	}
	return s.Cases[len(s.Cases)-1]
}

// plainLines removes what XML 1.0 can't hold.
func plainLines(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, escapes.ReplaceAllString(text, ""))
}

// Bytes returns the file.
func (j *JUnit) Bytes() ([]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	body, err := xml.MarshalIndent(struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []*suite `xml:"testsuite"`
	}{Suites: j.order}, "", " ")
	return append([]byte(xml.Header), append(body, '\n')...), err
}
