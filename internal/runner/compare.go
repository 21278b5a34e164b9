package runner

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/repl/display"
)

// Rules say when outputs count as equal. Words must match; numbers that aren't whole may differ by Relative of their
// value, or by one in the last of four or more printed digits. What changes from run to run - durations, rates,
// times, addresses, temporary files - is left out, and runs of white space count as one.
type Rules struct {
	Relative float64 // tolerance of numbers; 1e-4 is a good one
	Pixels   float64 // tolerance of pictures: mean difference of their colours, of 1; 0.01 is a good one
}

// A Difference is one way in which a cell's outputs are not the stored ones.
type Difference struct {
	Number, Of int
	Index      int    // of the cell in the file, from 0
	What       string // "stdout", "text/plain of output 2", "number of outputs"
	Want, Got  string // the lines that differ, or a description
}

// Compare returns the differences between the stored and the new outputs of a cell.
func (r Rules) Compare(want, got []*notebook.Output) []Difference {
	var all []Difference
	w, g := joinStreams(want), joinStreams(got)
	for _, name := range []string{"stdout", "stderr"} {
		if d, ok := r.text(name, w.streams[name], g.streams[name]); !ok {
			all = append(all, d)
		}
	}
	if len(w.others) != len(g.others) {
		d := Difference{What: "number of outputs", Want: describe(w.others), Got: describe(g.others)}
		return append(all, d)
	}
	for i := range w.others {
		all = append(all, r.output(i+1, w.others[i], g.others[i])...)
	}
	return all
}

// joined is a cell's outputs with each stream in one piece, since where a stream is cut depends on timing.
type joined struct {
	streams map[string]string
	others  []*notebook.Output
}

func joinStreams(outputs []*notebook.Output) joined {
	j := joined{streams: map[string]string{}}
	for _, o := range outputs {
		if o.Type == notebook.Stream {
			j.streams[o.Name] += o.Text
		} else {
			j.others = append(j.others, o)
		}
	}
	return j
}

func describe(outputs []*notebook.Output) string {
	var types []string
	for _, o := range outputs {
		types = append(types, o.Type)
	}
	return fmt.Sprintf("%d: %s", len(types), strings.Join(types, ", "))
}

func (r Rules) output(n int, want, got *notebook.Output) []Difference {
	if want.Type != got.Type {
		return []Difference{{What: fmt.Sprintf("type of output %d", n), Want: want.Type, Got: got.Type}}
	}
	if want.Type == notebook.Error {
		if d, ok := r.text("error", want.EName+": "+want.EValue, got.EName+": "+got.EValue); !ok {
			return []Difference{d}
		}
		return nil
	}
	var all []Difference
	for _, media := range slices.Sorted(maps.Keys(want.Data)) {
		what := fmt.Sprintf("%s of output %d", media, n)
		v, ok := got.Data[media]
		if !ok {
			all = append(all, Difference{What: what, Want: "present", Got: "absent"})
			continue
		}
		if d, ok := r.datum(what, media, asText(want.Data[media]), asText(v)); !ok {
			all = append(all, d)
		}
	}
	return all
}

func (r Rules) datum(what, media, want, got string) (Difference, bool) {
	switch {
	case media == display.PNG || media == display.JPEG:
		return r.picture(what, want, got)
	case display.IsBinary(media):
		return Difference{What: what, Want: "other bytes", Got: "other bytes"}, strings.TrimSpace(want) == strings.TrimSpace(got)
	}
	return r.text(what, want, got)
}

func asText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	var plain any
	if json.Unmarshal(data, &plain) == nil {
		data, _ = json.Marshal(plain) // keys in order
	}
	return string(data)
}

// text compares line by line and returns the first lines that differ.
func (r Rules) text(what, want, got string) (Difference, bool) {
	w, g := lines(want), lines(got)
	for i := range max(len(w), len(g)) {
		switch {
		case i >= len(w):
			return Difference{What: what, Want: "(nothing more)", Got: g[i]}, false
		case i >= len(g):
			return Difference{What: what, Want: w[i], Got: "(nothing more)"}, false
		case !r.sameLine(w[i], g[i]):
			return Difference{What: what, Want: w[i], Got: g[i]}, false
		}
	}
	return Difference{}, true
}

func lines(text string) []string {
	text = strings.TrimRight(text, "\n\t ")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
