package onnx

import (
	"strings"
	"testing"
)

func TestHostileFilesAreRefused(t *testing.T) {
	graph := func(content string) []byte {
		var m message
		m.text(7, content)
		return m
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"empty", nil, "no graph"},
		{"length beyond the file", []byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f}, "truncated"},
		{"length beyond all files", []byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, "truncated"},
		{"number without end", []byte{0x08, 0x80}, "truncated"},
		{"field of no kind", []byte{0x0f}, "unknown kind 7"},
		{"millions of empty nodes", graph(strings.Repeat("\x0a\x00", 1<<20)), "more than 131072 nodes and weights"},
		{"millions of empty attributes", graph("\x0a\x80\x80\x40" + strings.Repeat("\x2a\x00", 1<<19)), "more than 256 attributes"},
		{"weight larger than its bytes", graph("\x2a\x0a\x08\xff\xff\xff\xff\x07\x10\x01\x4a\x00"), "0 numbers of type 1 for shape [2147483647]"},
		{"weight in another file", graph("\x2a\x04\x6a\x02ab"), "another file"},
	} {
		if _, err := Parse(c.raw); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
