package jupyter

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

// signed makes the frames of a message with a right signature.
func signed(w *wire, parts ...string) [][]byte {
	frames := [][]byte{delimiter, nil}
	for _, p := range parts {
		frames = append(frames, []byte(p))
	}
	frames[1] = hex.AppendEncode(nil, w.sum(frames[2:min(len(frames), 6)]))
	return frames
}

const goodHeader = `{"msg_id": "1", "msg_type": "x_request", "session": "s"}`

// malformed are messages that a kernel must drop.
func malformed(w *wire) map[string][][]byte {
	deep := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	good := func() [][]byte { return signed(w, goodHeader, "{}", "{}", "{}") }
	with := func(i int, frame string) [][]byte {
		m := good()
		m[i] = []byte(frame)
		return m
	}
	repeated := good()
	w.decode(repeated)
	return map[string][][]byte{
		"nothing":                     {},
		"an empty frame":              {nil},
		"no delimiter":                good()[1:],
		"a delimiter alone":           {delimiter},
		"no content":                  signed(w, goodHeader, "{}", "{}"),
		"no metadata":                 signed(w, goodHeader, "{}"),
		"no signature":                with(1, ""),
		"a signature that isn't hex":  with(1, strings.Repeat("z", 64)),
		"an odd signature":            with(1, "abc"),
		"a short signature":           with(1, "abcd"),
		"a wrong signature":           with(1, strings.Repeat("ab", 32)),
		"a long signature":            with(1, strings.Repeat("ab", 320)),
		"a repeated signature":        repeated,
		"changed header":              with(2, `{"msg_id": "2", "msg_type": "x_request"}`),
		"changed parent":              with(3, `{"a": 1}`),
		"changed metadata":            with(4, `{"a": 1}`),
		"changed content":             with(5, `{"a": 1}`),
		"empty header":                signed(w, "", "{}", "{}", "{}"),
		"header that isn't JSON":      signed(w, "{", "{}", "{}", "{}"),
		"header that isn't an object": signed(w, "[]", "{}", "{}", "{}"),
		"header that is null":         signed(w, "null", "{}", "{}", "{}"),
		"header without type":         signed(w, `{"msg_id": "1"}`, "{}", "{}", "{}"),
		"header without id":           signed(w, `{"msg_type": "x"}`, "{}", "{}", "{}"),
		"type that is no text":        signed(w, `{"msg_id": "1", "msg_type": 5}`, "{}", "{}", "{}"),
		"id that is no text":          signed(w, `{"msg_id": {}, "msg_type": "x"}`, "{}", "{}", "{}"),
		"deep header":                 signed(w, deep, "{}", "{}", "{}"),
		"parent that isn't JSON":      signed(w, goodHeader, "nope", "{}", "{}"),
		"parent that isn't an object": signed(w, goodHeader, "5", "{}", "{}"),
		"metadata that is null":       signed(w, goodHeader, "{}", "null", "{}"),
		"content that isn't JSON":     signed(w, goodHeader, "{}", "{}", "{]"),
		"content that is a list":      signed(w, goodHeader, "{}", "{}", "[]"),
		"empty content":               signed(w, goodHeader, "{}", "{}", ""),
		"content cut off":             signed(w, goodHeader, "{}", "{}", `{"code": "1`),
		"deep content":                signed(w, goodHeader, "{}", "{}", deep),
		"content and more":            signed(w, goodHeader, "{}", "{}", "{}{}"),
		"content that isn't UTF-8":    with(5, "{\"\xff\": 1}"),
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	w := newWire("key")
	for name, frames := range malformed(w) {
		if r, err := w.decode(frames); err == nil {
			t.Errorf("%s: decoded as %+v", name, r.header)
		}
	}
}

func TestMalformedMessagesAreLoggedOnceAndDropped(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{})
	for range 3 {
		for name, frames := range malformed(c.wire) {
			if len(frames) == 0 || name == "a repeated signature" { // the client can't send the one, the kernel has not seen the other
				continue
			}
			c.shellSend(frames)
			c.controlSend(frames)
		}
	}
	if m, _ := c.execute("value 1"); m.field("status") != `"ok"` {
		t.Errorf("reply %v", m)
	}
	if n := c.logged.count("wrong signature"); n != 1 {
		t.Errorf("wrong signatures logged %d times", n)
	}
}

func TestDecode(t *testing.T) {
	w := newWire("key")
	m := append([][]byte{[]byte("route"), []byte("more")}, signed(w, goodHeader, `{"msg_id": "p"}`, "{}", `{"a": 1}`)...)
	m = append(m, []byte("buffer"))
	r, err := w.decode(m)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(bytes.Join(r.route, []byte("|"))); got != "route|more" {
		t.Errorf("route %q", got)
	}
	if r.header.ID != "1" || r.parent.ID != "p" || string(r.content) != `{"a": 1}` {
		t.Errorf("decoded %+v", r)
	}

	open := newWire("")
	if _, err := open.decode(signed(w, goodHeader, "{}", "{}", "{}")); err != nil {
		t.Errorf("without a key: %v", err)
	}
	if s := open.encode("x", nil, nil, struct{}{})[1]; len(s) != 0 {
		t.Errorf("without a key: signature %q", s)
	}
}

func TestReplayGuardForgetsTheOldest(t *testing.T) {
	var g replayGuard
	sum := func(i int) (s [32]byte) {
		s[0], s[1], s[2] = byte(i), byte(i>>8), byte(i>>16)
		return s
	}
	n := len(g.ring)
	for i := range n + 1 {
		if !g.add(sum(i + 1)) {
			t.Fatalf("%d is new", i)
		}
	}
	if g.add(sum(n)) || !g.add(sum(1)) || len(g.set) > n {
		t.Errorf("%d signatures are remembered", len(g.set))
	}
}

func TestCodePoints(t *testing.T) {
	const s = "aé😀z\xff!"
	for points, offset := range []int{0, 1, 3, 7, 8, 9, 10} {
		if got := byteOffset(s, points); got != offset {
			t.Errorf("offset of %d is %d, want %d", points, got, offset)
		}
		if got := codePoints(s, offset); got != points {
			t.Errorf("%d bytes are %d code points, want %d", offset, got, points)
		}
	}
	for _, outside := range []int{-1, 99} {
		if at := byteOffset(s, outside); at < 0 || at > len(s) {
			t.Errorf("code point %d is at byte %d of %d", outside, at, len(s))
		}
		if n := codePoints(s, outside); n < 0 || n > len(s) {
			t.Errorf("%d bytes are %d code points", outside, n)
		}
	}
}

func TestWholeRunes(t *testing.T) {
	for s, want := range map[string]int{"": 0, "a": 1, "é": 2, "a\xc3": 1, "😀": 4, "a\xf0\x9f\x98": 1, "\xf0": 0, "\xff": 1, "a\x98": 2, "\x98\x98\x98\x98": 4} {
		if got := wholeRunes([]byte(s)); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	w := newWire("")
	for _, m := range malformed(newWire("key")) {
		f.Add(bytes.Join(m, []byte("\n")))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := w.decode(bytes.Split(b, []byte("\n")))
		if err == nil && (!json.Valid(r.content) || !json.Valid(r.raw)) {
			t.Errorf("accepted %q", b)
		}
	})
}
