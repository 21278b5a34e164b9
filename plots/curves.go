package plots

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Size of a panel of curves.
const (
	panelWidth  = 404 * css
	panelHeight = 280 * css
)

// A line is a named sequence of points.
type line struct {
	name   string
	points plotter.XYs
}

// A panel is one set of axes with its lines.
type panel struct {
	title, x, y string
	lines       []line
	percent     bool // y is a fraction, written in percent
	legendLow   bool // the curves rise, so the lower right corner is free
}

// curves draws panels side by side.
func curves(panels []panel) *Figure {
	return &Figure{
		width:  panelWidth * vg.Length(len(panels)),
		height: panelHeight,
		text:   sparklines(panels),
		draw: func(c draw.Canvas) {
			w := (c.Max.X - c.Min.X) / vg.Length(len(panels))
			for i, p := range panels {
				left := c.Min.X + w*vg.Length(i)
				part := draw.Crop(c, left-c.Min.X+6, left+w-c.Max.X-6, 4, -4)
				p.plot().Draw(part)
			}
		},
	}
}

func (pa panel) plot() *plot.Plot {
	title := pa.title
	if title == "" {
		title = " " // keeps the axes of neighbouring panels at one height
	}
	p := newPlot(title, pa.x, pa.y)
	p.Legend.Top, p.Legend.Left = !pa.legendLow, false
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = nil, faint
	p.Add(grid)
	for i, l := range pa.lines {
		pts := finite(l.points)
		if len(pts) == 0 {
			continue
		}
		ln, _ := plotter.NewLine(pts) // only fails for no points or NaN, both excluded
		ln.Color, ln.Width = series[i%len(series)], vg.Points(1.6)
		p.Add(ln)
		if len(pts) <= 30 {
			dots, _ := plotter.NewScatter(pts)
			dots.Color, dots.Radius, dots.Shape = ln.Color, vg.Points(2.2), draw.CircleGlyph{}
			p.Add(dots)
		}
		p.Legend.Add(l.name, ln)
	}
	p.X.Tick.Marker = wholeTicks{}
	if pa.percent {
		p.Y.Tick.Marker = percentTicks{}
	}
	return p
}

// finite drops the points that can't be drawn; a diverged run still shows how far it came.
func finite(pts plotter.XYs) plotter.XYs {
	var out plotter.XYs
	for _, p := range pts {
		if !math.IsNaN(p.Y) && !math.IsInf(p.Y, 0) {
			out = append(out, p)
		}
	}
	return out
}

// wholeTicks labels whole numbers only: there is no epoch 1.5.
type wholeTicks struct{}

func (wholeTicks) Ticks(lo, hi float64) []plot.Tick {
	step := max(1, math.Ceil((hi-lo)/8))
	var ticks []plot.Tick
	for x := math.Ceil(lo); x <= hi; x += step {
		ticks = append(ticks, plot.Tick{Value: x, Label: fmt.Sprint(int(x))})
	}
	return ticks
}

// percentTicks labels fractions in percent.
type percentTicks struct{}

func (percentTicks) Ticks(lo, hi float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(lo, hi)
	for i, t := range ticks {
		if t.Label != "" {
			ticks[i].Label = fmt.Sprintf("%.3g%%", 100*t.Value)
		}
	}
	return ticks
}

// sparklines is the text twin of a set of panels: for each line its course in eight heights and its ends.
func sparklines(panels []panel) string {
	width := 0
	for _, p := range panels {
		for _, l := range p.lines {
			width = max(width, len(p.y)+1+len(l.name))
		}
	}
	var b strings.Builder
	if len(panels) > 0 && panels[0].title != "" {
		fmt.Fprintln(&b, panels[0].title)
	}
	for _, p := range panels {
		for _, l := range p.lines {
			pts := finite(l.points)
			if len(pts) == 0 {
				continue
			}
			first, last := pts[0].Y, pts[len(pts)-1].Y
			form := "%-*s %s  %.4g to %.4g\n"
			if p.percent {
				form, first, last = "%-*s %s  %.3g%% to %.3g%%\n", 100*first, 100*last
			}
			fmt.Fprintf(&b, form, width, p.y+" "+l.name, spark(pts), first, last)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// sparkWidth is the most columns a sparkline takes.
const sparkWidth = 40

func spark(pts plotter.XYs) string {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range pts {
		lo, hi = min(lo, p.Y), max(hi, p.Y)
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	n := min(len(pts), sparkWidth)
	for i := range n {
		y := pts[i*len(pts)/n].Y
		if i == n-1 {
			y = pts[len(pts)-1].Y
		}
		h := 0
		if hi > lo {
			h = int((y - lo) / (hi - lo) * float64(len(bars)-1))
		}
		b.WriteRune(bars[h])
	}
	return b.String()
}
