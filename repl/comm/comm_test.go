package comm

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/groupnb/groupnb/repl/display"
)

// sent collects what leaves the worker.
type sent struct{ ops []Operation }

func (s *sent) Display(b display.Bundle, _ string, _ bool) {
	var o Operation
	json.Unmarshal(b.Data[MediaType], &o)
	s.ops = append(s.ops, o)
}
func (s *sent) Clear(bool)               {}
func (s *sent) Context() context.Context { return context.Background() }

func host(t *testing.T) *sent {
	t.Setenv(Variable, "1")
	s := &sent{}
	t.Cleanup(display.SetHost(s))
	return s
}

func TestOpenSendClose(t *testing.T) {
	s := host(t)
	c, err := Open("target", map[string]int{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	c.Send(map[string]int{"b": 2})
	c.Close()
	c.Close()
	if err := c.Send(nil); err == nil {
		t.Error("a closed comm sends")
	}
	want := []Operation{
		{"open", c.ID(), "target", json.RawMessage(`{"a":1}`)},
		{"msg", c.ID(), "", json.RawMessage(`{"b":2}`)},
		{"close", c.ID(), "", json.RawMessage(`{}`)},
	}
	for i, w := range want {
		got := s.ops[i]
		if got.Op != w.Op || got.ID != w.ID || got.Target != w.Target || string(got.Data) != string(w.Data) {
			t.Errorf("%+v, want %+v", got, w)
		}
	}
	if len(s.ops) != len(want) {
		t.Errorf("%d operations", len(s.ops))
	}
}

func TestMessagesFromTheFrontEnd(t *testing.T) {
	host(t)
	var heard []string
	hear := func(data json.RawMessage) { heard = append(heard, string(data)) }
	Register("mine", func(c *Comm, data json.RawMessage) {
		hear(data)
		c.OnMessage(hear)
	})
	for _, op := range []string{
		`{"op": "open", "id": "1", "target": "mine", "data": {"hello": 1}}`,
		`{"op": "msg", "id": "1", "data": {"x": 2}}`,
		`{"op": "msg", "id": "nobody", "data": {"x": 3}}`,
		`{"op": "close", "id": "1"}`,
		`{"op": "msg", "id": "1", "data": {"x": 4}}`,
	} {
		if err := Deliver(op); err != nil {
			t.Error(err)
		}
	}
	if len(heard) != 2 || heard[0] != `{"hello": 1}` || heard[1] != `{"x": 2}` {
		t.Errorf("heard %q", heard)
	}
	if Deliver("{") == nil {
		t.Error("nonsense was delivered")
	}
}

func TestUnavailable(t *testing.T) {
	t.Setenv(Variable, "")
	if _, err := Open("x", nil); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	t.Setenv(Variable, "1")
	if _, err := Open("x", func() {}); err == nil {
		t.Error("a function was sent")
	}
}
