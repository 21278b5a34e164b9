package repl

import (
	"errors"
	"io"
	"os"
	"time"
)

// A flood is many small reads in quick succession. Then the reader waits a little before each: the writer is not
// disturbed meanwhile, and one read takes what has come.
const (
	floodGap   = 100 * time.Microsecond // between reads that may be part of one
	floodReads = 64                     // that make it one
	floodPause = time.Millisecond
)

// readAll gives all that f yields to take, piece by piece.
func readAll(f *os.File, take func([]byte)) {
	b := make([]byte, 1<<17)
	quick, last := 0, time.Now()
	for {
		n, err := f.Read(b)
		if n > 0 {
			take(b[:n])
		}
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			return
		}
		now := time.Now()
		if now.Sub(last) < floodGap {
			quick++
		} else {
			quick = 0
		}
		if quick >= floodReads {
			time.Sleep(floodPause)
			now = time.Now()
		}
		last = now
	}
}
