package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/repl/display"
)

func TestFramesReturnAsSent(t *testing.T) {
	b := display.NewText("1").With(display.PNG, []byte{0, 255})
	b.Metadata = map[string]map[string]any{display.PNG: {"width": 3.5}}
	sent := []Reply{
		{Op: Ready},
		{Op: Show, Cell: 3, Seq: 9, Bundle: &b, ID: "a", Update: true},
		{Op: Done, Cell: 3, Fault: &Fault{Kind: "panic", Text: "no", Trace: []string{"In[1]:1:1: f"}, At: -7}},
		{Op: Clear, Wait: true},
		{Op: Ask, Text: "name? é", Password: true},
	}
	var buf bytes.Buffer
	for _, r := range sent {
		if err := Write(&buf, &r); err != nil {
			t.Fatal(err)
		}
	}
	var got []Reply
	for {
		var r Reply
		if err := Read(&buf, &r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if d := cmp.Diff(sent, got); d != "" {
		t.Error(d)
	}
}

func TestBadFrames(t *testing.T) {
	for _, c := range []struct{ name, bytes, want string }{
		{"nothing", "", "EOF"},
		{"half a head", "\x00\x00", "unexpected EOF"},
		{"short body", "\x00\x00\x00\x09{}", "unexpected EOF"},
		{"too long", "\xff\xff\xff\xff", "above the limit"},
		{"no fields", "\x00\x00\x00\x02xx", "decode message"},
		{"more than the fields", "\x00\x00\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00!", "decode message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Reply
			if err := Read(strings.NewReader(c.bytes), &r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	b := display.NewText("1")
	Write(&good, &Reply{Op: Done, Cell: 3, Bundle: &b, Fault: &Fault{Kind: "panic", Trace: []string{"f"}}})
	f.Add(good.Bytes())
	f.Add([]byte("\x10\x00\x00\x00{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for r := bytes.NewReader(data); ; {
			var reply Reply
			if Read(r, &reply) != nil {
				return
			}
		}
	})
}

// split feeds data in pieces of the given size and writes down what comes out.
func split(key string, data []byte, size int) (text string, marks []Marker, at []int) {
	var b strings.Builder
	s := Splitter{Key: key, Text: func(p []byte) { b.Write(p) }, Mark: func(m Marker) bool {
		marks, at = append(marks, m), append(at, b.Len())
		return true
	}}
	for len(data) > 0 {
		n := min(size, len(data))
		s.Write(data[:n])
		data = data[n:]
	}
	s.Close()
	return b.String(), marks, at
}

func TestSplitterFindsMarkersWhateverThePieces(t *testing.T) {
	var data []byte
	data = append(data, "one\n"...)
	data = Marker{Stderr, 7}.Append(data, "key")
	data = append(data, "two\x00"...)
	data = Marker{Message, 1}.Append(data, "key")
	data = Marker{Stdout, 18446744073709551615}.Append(data, "key")
	data = append(data, "\x00ke\x00keyx\x00\x00keyo99999999999999999999999\x00three\x00key"...)
	for size := 1; size <= len(data); size++ {
		text, marks, at := split("key", data, size)
		if want := "one\ntwo\x00\x00ke\x00keyx\x00\x00keyo99999999999999999999999\x00three\x00key"; text != want {
			t.Fatalf("pieces of %d: text %q", size, text)
		}
		if d := cmp.Diff([]Marker{{Stderr, 7}, {Message, 1}, {Stdout, 18446744073709551615}}, marks); d != "" {
			t.Fatalf("pieces of %d: %s", size, d)
		}
		if d := cmp.Diff([]int{4, 8, 8}, at); d != "" {
			t.Fatalf("pieces of %d: %s", size, d)
		}
	}
}

func TestSplitterWaitsWhenTold(t *testing.T) {
	data := Marker{Message, 1}.Append([]byte("one"), "key")
	data = Marker{Message, 2}.Append(append(data, "two"...), "key")
	var got []string
	s := Splitter{Key: "key", Text: func(p []byte) { got = append(got, string(p)) }, Mark: func(Marker) bool {
		got = append(got, "mark")
		return false
	}}
	s.Write(data)
	s.Write([]byte("three"))
	for range 2 {
		got = append(got, "wait")
		s.Resume()
	}
	if d := cmp.Diff([]string{"one", "mark", "wait", "two", "mark", "wait", "three"}, got); d != "" {
		t.Error(d)
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("a\x00kz1\x00b\x00k"), 1)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size < 1 {
			return
		}
		text, marks, _ := split("k", data, size)
		whole, same, _ := split("k", data, len(data)+1)
		if text != whole || !cmp.Equal(marks, same) {
			t.Errorf("pieces of %d give %q %v, the whole %q %v", size, text, marks, whole, same)
		}
	})
}
