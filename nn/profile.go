package nn

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A LayerProfile says what one operation costs. What is fused shows under the name of its last layer; changes of memory
// layout show as a layer's "layout".
type LayerProfile struct {
	Name, Kind        string
	Forward, Backward time.Duration // median of the runs
	MACs              int64         // multiply-adds of a forward pass over the batch
	Bytes             int64         // of the output
}

// A Profile is where a training step's time and memory go; it shows itself as text or HTML.
type Profile struct {
	Batch   int
	Layers  []LayerProfile
	Forward time.Duration
	// Backward includes the gradients of the parameters, not the optimiser's step.
	Backward time.Duration
	// Memory is what activations and gradients take together, with memory shared; Weights what parameters and their
	// gradients take.
	Memory, Weights int64
}

// profileRuns is how often each operation is measured.
const profileRuns = 5

// Profile measures forward and backward passes over x, layer by layer, as in training. Running statistics change, weights
// do not. It panics with a ShapeError if x does not fit.
func (m *Model) Profile(x *Tensor) *Profile {
	x.check("Profile")
	p := m.plan(x.Shape, true, false)
	forward, backward := make([][]time.Duration, len(p.steps)), make([][]time.Duration, len(p.steps))
	for range profileRuns + 1 { // the first one warms up
		p.input(x)
		for i, s := range p.steps {
			forward[i] = append(forward[i], clock(s.forward))
		}
		for i := range p.dOut.Data {
			p.dOut.Data[i] = 1e-3
		}
		spent := make([]time.Duration, len(p.steps))
		for _, s := range p.back {
			spent[s.index] += clock(s.backward)
		}
		for i, d := range spent {
			backward[i] = append(backward[i], d)
		}
	}
	m.last = nil
	out := &Profile{Batch: x.Shape[0]}
	for i, s := range p.steps {
		l := LayerProfile{
			Name: s.node.name, Kind: describe(s.node.op), Forward: median(forward[i][1:]), Backward: median(backward[i][1:]),
			Bytes: int64(4 * len(s.call.y.Data)),
		}
		if c, ok := s.node.op.(counter); ok {
			l.MACs = c.macs([][]int{s.call.x[0].Shape}, s.call.y.Shape) * int64(x.Shape[0])
		}
		if o, ok := s.node.op.(*normAct); ok {
			out.Memory += int64(2 * len(o.passed))
		}
		out.Forward += l.Forward
		out.Backward += l.Backward
		out.Layers = append(out.Layers, l)
	}
	out.Memory += int64(4 * len(m.arena.memory))
	for _, param := range m.Params() {
		out.Weights += int64(8 * param.Len())
	}
	return out
}

func clock(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func (p *Profile) table() [][]string {
	rows := [][]string{{"layer", "kind", "forward ms", "backward ms", "share", "GMAC/s", "output MB"}}
	total := float64(p.Forward + p.Backward)
	for _, l := range p.Layers {
		speed := ""
		if l.MACs > 0 && l.Forward > 0 {
			speed = fmt.Sprintf("%.1f", float64(l.MACs)/l.Forward.Seconds()/1e9)
		}
		rows = append(rows, []string{
			l.Name, l.Kind, millis(l.Forward), millis(l.Backward),
			fmt.Sprintf("%.1f%%", 100*float64(l.Forward+l.Backward)/max(total, 1)), speed, fmt.Sprintf("%.2f", float64(l.Bytes)/1e6),
		})
	}
	return append(rows, []string{"total", fmt.Sprintf("batch of %d", p.Batch), millis(p.Forward), millis(p.Backward), "", "",
		fmt.Sprintf("%.1f in use", float64(p.Memory)/1e6)})
}

func millis(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d)/1e6) }

// String draws the table.
func (p *Profile) String() string {
	rows := p.table()
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for j, cell := range row {
			width[j] = max(width[j], len(cell))
		}
	}
	var b strings.Builder
	for i, row := range rows {
		for j, cell := range row {
			if j < 2 {
				fmt.Fprintf(&b, "%-*s  ", width[j], cell)
			} else {
				fmt.Fprintf(&b, "%*s  ", width[j], cell)
			}
		}
		if i < len(rows)-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// HTML draws the table for a notebook.
func (p *Profile) HTML() string { return htmlTable(p.table(), 2) }
