package terminal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// History keeps the cells that were typed, across sessions, in a file of JSON lines that only its owner can read.
// Several sessions may append to one file.
type History struct {
	path  string
	cells []string
}

// kept is how many cells of earlier sessions are remembered.
const kept = 5000

type entry struct {
	Time   time.Time `json:"time"`
	Source string    `json:"source"`
}

// OpenHistory reads the history in a file, which need not exist. Lines that make no sense are passed over.
func OpenHistory(path string) (*History, error) {
	h := &History{path: path}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("read history: %w", err)
	}
	r := bufio.NewReader(bytes.NewReader(data))
	for {
		line, err := r.ReadBytes('\n')
		var e entry
		if json.Unmarshal(line, &e) == nil && e.Source != "" {
			h.cells = append(h.cells, e.Source)
		}
		if errors.Is(err, io.EOF) {
			break
		}
	}
	h.cells = h.cells[max(0, len(h.cells)-kept):]
	return h, nil
}

// Write appends a cell, unless it is the one before again, and returns how many there are.
func (h *History) Write(source string) (int, error) {
	if n := len(h.cells); n > 0 && h.cells[n-1] == source {
		return n, nil
	}
	h.cells = append(h.cells, source)
	line, err := json.Marshal(entry{Time: time.Now().UTC().Truncate(time.Second), Source: source})
	if err != nil {
		return len(h.cells), err
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return len(h.cells), err
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return len(h.cells), err
	}
	_, err = f.Write(append(line, '\n'))
	return len(h.cells), errors.Join(err, f.Close())
}

// GetLine returns the cell at a position, 0 for the oldest.
func (h *History) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.cells) {
		return "", fmt.Errorf("history has no entry %d", i)
	}
	return h.cells[i], nil
}

// Len returns the number of cells.
func (h *History) Len() int { return len(h.cells) }

// Dump returns the cells.
func (h *History) Dump() any { return h.cells }
