package plots

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/groupnb/groupnb/nn"
)

// Lengths of a confusion matrix.
const (
	square       = 34 * css
	namesWidth   = 92 * css
	namesHeight  = 92 * css
	squareMargin = 12 * css
)

// Confusion draws how often examples of each class (rows) were taken for each class (columns): a cell's colour is its
// share of the row, its number the count. names, if given, are the names of the classes.
func Confusion(e nn.Evaluation, names ...string) *Figure {
	n := len(e.Confusion)
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fmt.Sprint(i)
		if i < len(names) {
			labels[i] = names[i]
		}
	}
	return &Figure{
		width:  namesWidth + vg.Length(n)*square + squareMargin,
		height: namesHeight + vg.Length(n)*square + squareMargin,
		text:   confusionText(e.Confusion, labels),
		draw: func(c draw.Canvas) {
			p := newPlot("", "taken for", "is")
			p.Add(counts(e.Confusion))
			p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5, -0.5, float64(n)-0.5
			p.X.Tick.Marker, p.Y.Tick.Marker = classTicks{labels, false}, classTicks{labels, true}
			p.X.Tick.Label.Rotation = 0.6
			p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YTop
			p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
			p.X.Tick.Length, p.Y.Tick.Length = 0, 0
			p.Draw(draw.Crop(c, 4, -4, 4, -4))
		},
	}
}

// counts is the plotter of a confusion matrix.
type counts [][]int

func (m counts) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := text.Style{Font: sans(8), XAlign: draw.XCenter, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
	for i, row := range m {
		total := 0
		for _, n := range row {
			total += n
		}
		for j, n := range row {
			share := float64(n) / float64(max(total, 1))
			fill := magnitude[int(share*float64(len(magnitude)-1))]
			at := func(dx, dy float64) vg.Point {
				return vg.Point{X: x(float64(j) + dx), Y: y(float64(len(m)-1-i) + dy)}
			}
			c.FillPolygon(fill, []vg.Point{at(-0.48, -0.48), at(0.48, -0.48), at(0.48, 0.48), at(-0.48, 0.48)})
			if n > 0 {
				style.Color = color.White
				if share > 0.6 {
					style.Color = color.Black // on yellow and green
				}
				c.FillText(style, at(0, 0), fmt.Sprint(n))
			}
		}
	}
}

// classTicks labels classes; flipped axes count from the top.
type classTicks struct {
	names   []string
	flipped bool
}

func (t classTicks) Ticks(_, _ float64) []plot.Tick {
	ticks := make([]plot.Tick, len(t.names))
	for i, name := range t.names {
		at := float64(i)
		if t.flipped {
			at = float64(len(t.names) - 1 - i)
		}
		ticks[i] = plot.Tick{Value: at, Label: name}
	}
	return ticks
}

func confusionText(m [][]int, labels []string) string {
	width := 0
	for _, l := range labels {
		width = max(width, len([]rune(l)))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s  taken for\n%*s", width, "is", width, "")
	for _, l := range labels {
		fmt.Fprintf(&b, " %5.5s", l)
	}
	for i, row := range m {
		fmt.Fprintf(&b, "\n%-*s", width, labels[i])
		for _, n := range row {
			fmt.Fprintf(&b, " %5d", n)
		}
	}
	return b.String()
}
