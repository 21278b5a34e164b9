package wire

import (
	"bytes"
	"strconv"
)

// A Marker stands between printed bytes.
type Marker struct {
	Kind byte // one of the constants below
	N    uint64
}

// Kinds of markers. What follows no marker on a descriptor is its stream of the cell that runs, or has run last.
const (
	Stdout  = 'o' // what follows is standard output of cell N, 0 for the cell that runs
	Stderr  = 'e' // what follows is standard error of cell N
	Message = 'm' // here belongs the reply with Seq N
)

// Append adds the marker to b. Key tells markers from what cells print.
func (m Marker) Append(b []byte, key string) []byte {
	b = append(append(b, 0), key...)
	b = append(b, m.Kind)
	b = strconv.AppendUint(b, m.N, 10)
	return append(b, 0)
}

// maxMarkerTail is the most that follows the key in a marker.
const maxMarkerTail = 1 + 20 + 1

// A Splitter takes printed bytes apart. Text and Mark are called in the order of the bytes; text is valid only during
// the call. When Mark returns false, the bytes behind the marker wait until Resume.
type Splitter struct {
	Key   string
	Text  func([]byte)
	Mark  func(Marker) bool
	begin []byte // of a marker
	rest  []byte // the beginning of what may be a marker, or what waits
	waits bool
}

// Write takes the next bytes.
func (s *Splitter) Write(p []byte) (int, error) {
	n := len(p)
	if s.waits {
		s.rest = append(s.rest, p...)
		return n, nil
	}
	if len(s.rest) > 0 {
		p = append(s.rest, p...)
		s.rest = nil
	}
	if s.begin == nil {
		s.begin = append([]byte{0}, s.Key...)
	}
	begin := s.begin
	for {
		i := bytes.Index(p, begin)
		if i < 0 {
			keep := partial(p, begin)
			s.text(p[:len(p)-keep])
			s.rest = bytes.Clone(p[len(p)-keep:])
			return n, nil
		}
		s.text(p[:i])
		m, length := parseMarker(p[i+len(begin):])
		switch {
		case length > 0:
			p = p[i+len(begin)+length:]
			if !s.Mark(m) {
				s.rest, s.waits = bytes.Clone(p), true
				return n, nil
			}
		case length < 0: // no marker after all
			s.text(p[i : i+len(begin)])
			p = p[i+len(begin):]
		default:
			s.rest = bytes.Clone(p[i:])
			return n, nil
		}
	}
}

// Resume goes on where Mark returned false.
func (s *Splitter) Resume() {
	s.waits = false
	s.Write(nil)
}

// Flush gives out as text what is held back because it may begin a marker: no more of it will come.
func (s *Splitter) Flush() {
	if !s.waits {
		s.text(s.rest)
		s.rest = nil
	}
}

// Close gives out all that is held back; call it at the end of the stream.
func (s *Splitter) Close() {
	for s.waits {
		s.Resume()
	}
	s.Flush()
}

func (s *Splitter) text(p []byte) {
	if len(p) > 0 {
		s.Text(p)
	}
}

// partial returns the length of the longest end of p that begins a marker.
func partial(p, begin []byte) int {
	for n := min(len(p), len(begin)-1); n > 0; n-- {
		if bytes.HasPrefix(begin, p[len(p)-n:]) {
			return n
		}
	}
	return 0
}

// parseMarker reads what follows the key: length 0 means more bytes are needed, -1 that this is no marker.
func parseMarker(p []byte) (m Marker, length int) {
	end := bytes.IndexByte(p, 0)
	if end < 0 {
		if len(p) < maxMarkerTail {
			return m, 0
		}
		return m, -1
	}
	if end < 2 {
		return m, -1
	}
	n, err := strconv.ParseUint(string(p[1:end]), 10, 64)
	if err != nil {
		return m, -1
	}
	return Marker{p[0], n}, end + 1
}
