package runner

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/internal/notebook"
)

var rules = Rules{Relative: 1e-4, Pixels: 0.01}

func TestSameLine(t *testing.T) {
	for _, c := range []struct {
		want, got string
		same      bool
	}{
		{"loss 0.53121", "loss 0.53122", true},
		{"loss 0.53121", "loss 0.53221", false},
		{"loss 0.5", "loss 0.6", false},
		{"12.5 %", "12.5001 %", true},
		{"epoch 10000", "epoch 10001", false},
		{"a 1.0 b", "c 1.0 b", false},
		{"took 1.5s", "took 320ms", true},
		{"epoch 1/4  1m2.5s  0.81", "epoch 1/4  59.1s  0.81", true},
		{"1234.5 images/s", "987 images/s", true},
		{"at 0xc000012345", "at 0xc0000fffff", true},
		{"2026-11-23T09:15:01Z x", "2025-01-02T03:04:05Z x", true},
		{"wrote /tmp/a1/x.png", "wrote /tmp/zz/x.png", true},
		{"  a   1", "a 1", true},
		{"-1e-05", "-1.00001e-05", true},
		{"1.5", "1.5 2.5", false},
	} {
		if got := rules.sameLine(c.want, c.got); got != c.same {
			t.Errorf("%q and %q: got %v", c.want, c.got, got)
		}
	}
}

func stream(name, text string) *notebook.Output {
	return &notebook.Output{Type: notebook.Stream, Name: name, Text: text}
}

func result(media string, v any) *notebook.Output {
	return &notebook.Output{Type: notebook.Result, Data: map[string]any{media: v}}
}

func square(t *testing.T, side int, c color.Color) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		m.Set(i%side, i/side, c)
	}
	m.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestCompare(t *testing.T) {
	outs := func(o ...*notebook.Output) []*notebook.Output { return o }
	for _, c := range []struct {
		name      string
		want, got []*notebook.Output
		diff      []Difference
	}{
		{"streams cut elsewhere", outs(stream("stdout", "a"), stream("stderr", "x"), stream("stdout", "b\n")),
			outs(stream("stdout", "ab"), stream("stderr", "x")), nil},
		{"a line differs", outs(stream("stdout", "a\nb\n")), outs(stream("stdout", "a\nc\n")), []Difference{{What: "stdout", Want: "b", Got: "c"}}},
		{"less output", outs(stream("stdout", "a\nb\n")), nil, []Difference{{What: "stdout", Want: "a", Got: "(nothing more)"}}},
		{"more output", nil, outs(stream("stderr", "a")), []Difference{{What: "stderr", Want: "(nothing more)", Got: "a"}}},
		{"values within tolerance", outs(result("text/plain", "0.12345")), outs(result("text/plain", "0.123451")), nil},
		{"another value", outs(result("text/plain", "1")), outs(result("text/plain", "2")), []Difference{{What: "text/plain of output 1", Want: "1", Got: "2"}}},
		{"fewer outputs", outs(result("text/plain", "1")), nil, []Difference{{What: "number of outputs", Want: "1: execute_result", Got: "0: "}}},
		{"a type is missing", outs(result("text/html", "1")), outs(result("text/plain", "1")),
			[]Difference{{What: "text/html of output 1", Want: "present", Got: "absent"}}},
		{"JSON in another order", outs(result("application/json", map[string]any{"a": 1, "b": 2.5})),
			outs(result("application/json", json.RawMessage(`{"b": 2.5, "a": 1}`))), nil},
		{"pictures a little apart", outs(result("image/png", square(t, 10, color.Gray{100}))), outs(result("image/png", square(t, 10, color.Gray{101}))), nil},
		{"pictures apart", outs(result("image/png", square(t, 10, color.Gray{100}))), outs(result("image/png", square(t, 10, color.Gray{150}))),
			[]Difference{{What: "image/png of output 1", Want: "within 0.01 of the stored picture", Got: "0.15"}}},
		{"pictures of other sizes", outs(result("image/png", square(t, 10, color.Black))), outs(result("image/png", square(t, 11, color.Black))),
			[]Difference{{What: "image/png of output 1", Want: "(10,10)", Got: "(11,11)"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.diff, rules.Compare(c.want, c.got)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}
