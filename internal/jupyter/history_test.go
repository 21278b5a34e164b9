package jupyter

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func openTestHistory(t *testing.T, path string) *history {
	return openHistory(path, func(format string, args ...any) { t.Errorf(format, args...) })
}

func TestHistoryOutlivesTheKernel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "history.jsonl")
	old := openTestHistory(t, path)
	old.add(1, "x := 1", "")
	old.add(2, "x", "1")
	old.add(3, "if x > 0 {\n}", "")
	old.close()
	h := openTestHistory(t, path)
	<-h.loaded
	h.session = old.session + 1 // two kernels may start in one millisecond
	h.add(1, "x", "2")
	h.close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	f := openTestHistory(t, path)
	<-f.loaded
	if len(f.entries) != 4 {
		t.Errorf("%d entries in the file", len(f.entries))
	}

	num := func(n int) *int { return &n }
	for _, test := range []struct {
		name string
		q    historyRequest
		want string
	}{
		{"tail", historyRequest{Type: "tail", N: num(2)}, "if x > 0 {\n}|x"},
		{"tail of more", historyRequest{Type: "tail", N: num(99)}, "x := 1|x|if x > 0 {\n}|x"},
		{"tail without n", historyRequest{Type: "tail"}, "x := 1|x|if x > 0 {\n}|x"},
		{"tail of less than nothing", historyRequest{Type: "tail", N: num(-1)}, ""},
		{"this session", historyRequest{Type: "range", Start: 1}, "x"},
		{"session before", historyRequest{Type: "range", Session: -1, Start: 2}, "x|if x > 0 {\n}"},
		{"session by number", historyRequest{Type: "range", Session: old.session, Start: 1, Stop: num(2)}, "x := 1"},
		{"from the end", historyRequest{Type: "range", Session: -1, Start: -1}, "if x > 0 {\n}"},
		{"no such session", historyRequest{Type: "range", Session: -9}, ""},
		{"search", historyRequest{Type: "search", Pattern: "x*"}, "x := 1|x|x"},
		{"search unique", historyRequest{Type: "search", Pattern: "x*", Unique: true}, "x := 1|x"},
		{"search newest", historyRequest{Type: "search", Pattern: "*x*", N: num(2)}, "if x > 0 {\n}|x"},
	} {
		var got []string
		found, err := h.find(test.q)
		for _, e := range found {
			got = append(got, e.Input)
		}
		if s := strings.Join(got, "|"); s != test.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", test.name, s, err, test.want)
		}
	}
}

func TestHistoryFileIsKeptShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	line := fmt.Sprintf(`{"session":1,"line":1,"input":"%s"}`+"\n", strings.Repeat("x", 1000))
	b := strings.Repeat(line, historyFileLimit/len(line)+1) + "half a li"
	os.WriteFile(path, []byte(b), 0o600)
	h := openTestHistory(t, path)
	<-h.loaded
	info, err := os.Stat(path)
	if err != nil || info.Size() > historyFileLimit*2/3 || info.Mode().Perm() != 0o600 {
		t.Errorf("%d bytes, mode %v, %v", info.Size(), info.Mode(), err)
	}
	if len(h.entries) < 1000 {
		t.Errorf("%d entries", len(h.entries))
	}
}

func TestHistoryReply(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{History: filepath.Join(t.TempDir(), "h")})
	c.execute("value 7")
	c.execute("out a", `"store_history": false`)
	c.execute("out b", `"silent": true`)
	c.execute("fail x")
	for _, test := range []struct{ output, want string }{
		{"false", `[1,"value 7"] [2,"fail x"]`},
		{"true", `[1,["value 7","7"]] [2,["fail x",null]]`},
	} {
		m, _ := c.ask("history_request", `{"output": `+test.output+`, "raw": true, "hist_access_type": "range", "session": 0, "start": 1}`)
		var content struct{ History [][]any }
		if err := m.parse(&content); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range content.History {
			got = append(got, string(marshal(h[1:])))
		}
		if d := cmp.Diff(test.want, strings.Join(got, " ")); d != "" {
			t.Error(d)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "x", false}, {"x", "x", true}, {"x", "xy", false}, {"x*", "xy", true}, {"*y", "xy", true},
		{"*", "", true}, {"a*b*c", "aXbYbZc", true}, {"a*b*c", "aXcYb", false}, {"?", "é", true}, {"?", "", false},
		{"**", "x", true}, {"*x*", "line\nx\n", true}, {"a.c", "abc", false},
	} {
		if got := glob(test.pattern, test.s); got != test.want {
			t.Errorf("%q matches %q: %v", test.pattern, test.s, got)
		}
	}
}
