package jupyter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	historyFileLimit   = 4 << 20 // bytes; a longer file loses its older half
	historyOutputLimit = 4 << 10 // bytes of an output that are kept
	historyTail        = 10      // entries when a request doesn't say

	historyDelay = 100 * time.Millisecond // from an input to its line in the file, which takes others along
)

// A history remembers inputs, in memory and, one JSON object a line, in a file that kernels share. Sessions are
// numbered by the time of their start.
type history struct {
	path string
	warn func(format string, args ...any)

	loaded  chan struct{}
	mu      sync.Mutex
	session int64
	entries []entry    // oldest first
	unsaved []byte     // lines for the file
	file    sync.Mutex // held by the one that writes: lines keep their order
}

type entry struct {
	Session int64  `json:"session"`
	Line    int    `json:"line"`
	Input   string `json:"input"`
	Output  string `json:"output,omitempty"`
}

// openHistory reads the file in the background.
func openHistory(path string, warn func(string, ...any)) *history {
	h := &history{path: path, warn: warn, loaded: make(chan struct{}), session: time.Now().UnixMilli()}
	go func() {
		defer close(h.loaded)
		if path == "" {
			return
		}
		if err := h.load(); err != nil {
			warn("history: %v", err)
		}
	}()
	return h
}

func (h *history) load() error {
	b, err := os.ReadFile(h.path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(b) > historyFileLimit {
		b = b[len(b)/2:]
		b = b[bytes.IndexByte(b, '\n')+1:]
		if err := replaceFile(h.path, b, 0o600); err != nil {
			return err
		}
	}
	for line := range bytes.Lines(b) {
		var e entry
		if json.Unmarshal(line, &e) == nil && e.Line > 0 { // a half-written line is skipped
			h.entries = append(h.entries, e)
		}
	}
	return nil
}

// add appends an input. The file follows in the background.
func (h *history) add(line int, input, output string) {
	<-h.loaded
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(output) > historyOutputLimit {
		output = output[:wholeRunes([]byte(output[:historyOutputLimit]))]
	}
	e := entry{h.session, line, input, output}
	h.entries = append(h.entries, e)
	if h.path == "" {
		return
	}
	if len(h.unsaved) == 0 {
		time.AfterFunc(historyDelay, h.save)
	}
	h.unsaved = append(append(h.unsaved, marshal(e)...), '\n')
}

// save appends to the file what is unsaved. It opens the file anew each time: another kernel may have replaced it.
func (h *history) save() {
	h.file.Lock()
	defer h.file.Unlock()
	h.mu.Lock()
	b := h.unsaved
	h.unsaved = nil
	h.mu.Unlock()
	if len(b) == 0 {
		return
	}
	if err := appendFile(h.path, b); err != nil {
		h.warn("history: %v", err)
	}
}

// close returns when the file holds everything.
func (h *history) close() { h.save() }

func appendFile(path string, b []byte) error {
	const flags = os.O_WRONLY | os.O_APPEND | os.O_CREATE
	f, err := os.OpenFile(path, flags, 0o600)
	if os.IsNotExist(err) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		f, err = os.OpenFile(path, flags, 0o600)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

type historyRequest struct {
	Output  bool   `json:"output"`
	Type    string `json:"hist_access_type"`
	Session int64  `json:"session"` // 0 is this one, -1 the one before
	Start   int    `json:"start"`
	Stop    *int   `json:"stop"`
	N       *int   `json:"n"`
	Pattern string `json:"pattern"` // with * and ?
	Unique  bool   `json:"unique"`
}

func (k *kernel) historyRequest(_ context.Context, r *request) (any, error) {
	var q historyRequest
	if err := r.parse(&q); err != nil {
		return nil, err
	}
	found, err := k.history.find(q)
	if err != nil {
		return nil, err
	}
	tuples := [][3]any{}
	for _, e := range found {
		t := [3]any{e.Session, e.Line, e.Input}
		if q.Output {
			var output any // null if there was none
			if e.Output != "" {
				output = e.Output
			}
			t[2] = [2]any{e.Input, output}
		}
		tuples = append(tuples, t)
	}
	return map[string]any{"status": "ok", "history": tuples}, nil
}

func (h *history) find(q historyRequest) ([]entry, error) {
	<-h.loaded
	h.mu.Lock()
	defer h.mu.Unlock()
	switch q.Type {
	case "tail", "":
		n := historyTail
		if q.N != nil {
			n = *q.N
		}
		return last(h.entries, n), nil
	case "range":
		return h.inRange(q), nil
	case "search":
		return h.search(q), nil
	}
	return nil, fmt.Errorf("hist_access_type %q is none of tail, range, search", q.Type)
}

func last(e []entry, n int) []entry { return slices.Clone(e[len(e)-max(0, min(n, len(e))):]) }

// inRange returns lines Start up to, without, Stop of a session; a negative Start counts from its end.
func (h *history) inRange(q historyRequest) []entry {
	session := q.Session
	if session <= 0 {
		session = h.relative(session)
	}
	var all []entry
	for _, e := range h.entries {
		if e.Session == session {
			all = append(all, e)
		}
	}
	if q.Start < 0 && len(all) > 0 {
		q.Start += all[len(all)-1].Line + 1
	}
	return slices.DeleteFunc(all, func(e entry) bool {
		return e.Line < q.Start || q.Stop != nil && e.Line >= *q.Stop
	})
}

// relative returns the number of this session for 0, of the one before it for -1, and so on; -1 if there is none.
func (h *history) relative(n int64) int64 {
	if n == 0 {
		return h.session
	}
	var sessions []int64
	for _, e := range h.entries {
		if e.Session < h.session {
			sessions = append(sessions, e.Session)
		}
	}
	slices.Sort(sessions)
	sessions = slices.Compact(sessions)
	if i := int64(len(sessions)) + n; i >= 0 {
		return sessions[i]
	}
	return -1
}

func (h *history) search(q historyRequest) []entry {
	var found []entry
	seen := map[string]bool{}
	for _, e := range slices.Backward(h.entries) {
		if !glob(q.Pattern, e.Input) || q.Unique && seen[e.Input] {
			continue
		}
		seen[e.Input] = true
		if found = append(found, e); q.N != nil && len(found) == *q.N {
			break
		}
	}
	slices.Reverse(found)
	return found
}

// glob reports whether all of s matches a pattern in which * stands for any text and ? for any one character.
func glob(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	star, mark := -1, 0 // the last * and where the text it stands for ends
	i := 0
	for j := 0; j < len(t); {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
