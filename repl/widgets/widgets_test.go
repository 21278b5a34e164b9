package widgets

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/repl/comm"
	"github.com/groupnb/groupnb/repl/display"
)

type host struct {
	ops   []comm.Operation
	shown []display.Bundle
}

func (h *host) Display(b display.Bundle, _ string, _ bool) {
	if op, ok := b.Data[comm.MediaType]; ok {
		var o comm.Operation
		json.Unmarshal(op, &o)
		h.ops = append(h.ops, o)
		return
	}
	h.shown = append(h.shown, b)
}
func (h *host) Clear(bool)               {}
func (h *host) Context() context.Context { return context.Background() }

func TestProgress(t *testing.T) {
	for _, test := range []struct {
		name, comms string
		models      int // label, bar and note with layout and style each, the row with its layout
	}{{"with ipywidgets", "1", 11}, {"without", "", 0}} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(comm.Variable, test.comms)
			h := &host{}
			defer display.SetHost(h)()
			p := NewProgress("epoch <1>", 1000)
			for i := range 1000 {
				p.Set(i+1, "loss 0.5")
			}
			p.Done()
			opened := 0
			for _, o := range h.ops {
				if o.Op == "open" {
					opened++
				}
			}
			if opened != test.models {
				t.Errorf("%d models, want %d", opened, test.models)
			}
			last := h.shown[len(h.shown)-1]
			if want := "epoch <1> " + strings.Repeat("█", 30) + " 100% 1000/1000  loss 0.5"; last.Text() != want {
				t.Errorf("text %q, want %q", last.Text(), want)
			}
			if page := string(last.Data[display.HTML]); !strings.Contains(page, "epoch &lt;1&gt;") {
				t.Error(page)
			}
			if _, view := last.Data[ViewType]; view != (test.comms != "") {
				t.Errorf("shows a view: %v", view)
			}
			if len(h.shown) > 20 || len(h.ops) > 200 {
				t.Errorf("%d pictures and %d messages", len(h.shown), len(h.ops))
			}
		})
	}
}

func TestValuesStayWithinTheBar(t *testing.T) {
	defer display.SetHost(&host{})()
	b := NewFloatProgress(-1, 1)
	for value, want := range map[float64]string{-5: "  0%", 0: " 50%", 7: "100%"} {
		b.Set(value)
		if got := b.Display().Text(); !strings.HasSuffix(got, want) {
			t.Errorf("%g: %q", value, got)
		}
	}
	if got := NewIntProgress(3, 3).Display().Text(); !strings.HasSuffix(got, "100%") {
		t.Errorf("a bar of no length: %q", got)
	}
}

func TestHTMLAsText(t *testing.T) {
	h := NewHTML("<b>a &lt; b</b> &amp; c")
	if got := h.Display().Text(); got != "a < b & c" {
		t.Errorf("%q", got)
	}
}
