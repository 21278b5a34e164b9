package nn

import (
	"fmt"
	"strings"
)

// A LayerSummary describes one layer for one input.
type LayerSummary struct {
	Name   string // "block1.conv2"
	Kind   string // "Conv2D(32, 32, 3x3, groups 8)"
	Out    []int  // output shape without the batch
	Params int    // numbers in its parameters
	MACs   int64  // multiply-adds of a forward pass over one example; convolutions and linear layers count
}

// A Summary is the table of a model's layers; it shows itself as text or HTML.
type Summary struct {
	In     []int // input shape without the batch
	Layers []LayerSummary
	Params int   // numbers in all parameters
	Fixed  int   // those of them that are not trained, see [Model.TrainOnly]
	MACs   int64 // multiply-adds of a forward pass over one example
}

// Summary describes the model for one example of a shape without the batch: m.Summary(1, 28, 28).
// It panics with a ShapeError if the model can't take the shape. No weights are allocated.
func (m *Model) Summary(shape ...int) *Summary {
	s := &Summary{In: shape}
	shapes := make([][]int, m.graph.values)
	shapes[0] = append([]int{1}, shape...)
	for _, n := range m.graph.nodes {
		in := make([][]int, len(n.in))
		for i, v := range n.in {
			in[i] = shapes[v]
		}
		out := named(n.name, func() []int { return n.op.shape(in) })
		shapes[n.out] = out
		l := LayerSummary{Name: n.name, Kind: describe(n.op), Out: out[1:]}
		for _, p := range n.op.params() {
			l.Params += p.Len()
			if p.fixed {
				s.Fixed += p.Len()
			}
		}
		if c, ok := n.op.(counter); ok {
			l.MACs = c.macs(in, out)
		}
		s.Params += l.Params
		s.MACs += l.MACs
		s.Layers = append(s.Layers, l)
	}
	return s
}

func describe(o op) string {
	if s, ok := o.(fmt.Stringer); ok {
		return s.String()
	}
	return o.kind()
}

func (s *Summary) table() [][]string {
	rows := [][]string{{"layer", "kind", "output", "params", "multiply-adds"}}
	for _, l := range s.Layers {
		rows = append(rows, []string{l.Name, l.Kind, shapeString(l.Out), blankZero(int64(l.Params)), blankZero(l.MACs)})
	}
	total := "total"
	if s.Fixed > 0 {
		total = fmt.Sprintf("total, %s of the parameters fixed", thousands(int64(s.Fixed)))
	}
	return append(rows, []string{total, "", "", thousands(int64(s.Params)), thousands(s.MACs)})
}

func blankZero(n int64) string {
	if n == 0 {
		return ""
	}
	return thousands(n)
}

// thousands groups digits: 1,234,567.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// String draws the table with a line under the head and above the total.
func (s *Summary) String() string {
	rows := s.table()
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for j, cell := range row {
			width[j] = max(width[j], len(cell))
		}
	}
	var b strings.Builder
	rule := strings.Repeat("-", sumInts(width)+2*(len(width)-1)) + "\n"
	for i, row := range rows {
		if i == 1 || i == len(rows)-1 {
			b.WriteString(rule)
		}
		line := fmt.Sprintf("%-*s  %-*s  %-*s  %*s  %*s", width[0], row[0], width[1], row[1], width[2], row[2],
			width[3], row[3], width[4], row[4])
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func sumInts(v []int) int {
	n := 0
	for _, x := range v {
		n += x
	}
	return n
}

// HTML draws the table for a notebook.
func (s *Summary) HTML() string { return htmlTable(s.table(), 3) }
