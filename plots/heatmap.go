package plots

import (
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A heatmap is a matrix drawn as coloured cells, row 0 on top, with a colour bar.
type heatmap struct {
	title, x, y string
	rows, cols  int
	at          func(row, col int) float64
	lo, hi      float64 // values of the first and the last colour
	colours     []color.NRGBA
	rowLines    []int // boundaries between groups, drawn before these rows
	colLines    []int
	barTitle    string
	note        string // a line under the title, the same in the text twin
}

// Lengths of the picture's parts.
const (
	cellsWidth  = 346 * css
	barWidth    = 92 * css
	headHeight  = 72 * css
	minMapRatio = 0.4
)

func (h *heatmap) figure() *Figure {
	ratio := min(1, max(minMapRatio, float64(h.rows)/float64(h.cols)))
	return &Figure{
		width:  cellsWidth + barWidth,
		height: cellsWidth*vg.Length(ratio) + headHeight,
		text:   h.text(),
		draw:   h.draw,
	}
}

func (h *heatmap) draw(c draw.Canvas) {
	p := newPlot(h.title, h.x, h.y)
	if h.note != "" {
		p.Title.Text += "\n" + h.note
	}
	p.Add(cells{h})
	p.X.Min, p.X.Max = -0.5, float64(h.cols)-0.5
	p.Y.Min, p.Y.Max = -0.5, float64(h.rows)-0.5
	p.X.Tick.Marker = channelTicks{h.cols, false}
	p.Y.Tick.Marker = channelTicks{h.rows, true}
	left := draw.Crop(c, 4, -barWidth, 4, -4)
	p.Draw(left)
	data := p.DataCanvas(left)
	h.drawBar(draw.Crop(c, c.Max.X-c.Min.X-barWidth+10, -4, data.Min.Y-c.Min.Y-14, data.Max.Y-c.Max.Y+10))
}

func (h *heatmap) drawBar(c draw.Canvas) {
	p := newPlot("", "", h.barTitle)
	p.Add(scaleBar{h})
	p.X.Min, p.X.Max = 0, 1
	p.Y.Min, p.Y.Max = h.lo, h.hi
	p.HideX()
	p.Draw(c)
}

// colour returns the colour of a value; values outside the scale take its ends, NaN a neutral grey.
func (h *heatmap) colour(v float64) color.NRGBA {
	if math.IsNaN(v) {
		return faint
	}
	f := (v - h.lo) / (h.hi - h.lo) * float64(len(h.colours)-1)
	return h.colours[int(min(max(f+0.5, 0), float64(len(h.colours)-1)))]
}

// cells is the plotter of the matrix. It draws one image, since thousands of rectangles would show seams.
type cells struct{ *heatmap }

func (h cells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	const zoom = 8 // pixels a cell, so that interpolation by the canvas blurs only the edges of cells
	img := image.NewNRGBA(image.Rect(0, 0, h.cols*zoom, h.rows*zoom))
	for r := range h.rows {
		for k := range h.cols {
			square := image.Rect(k*zoom, r*zoom, (k+1)*zoom, (r+1)*zoom)
			imagedraw.Draw(img, square, image.NewUniform(h.colour(h.at(r, k))), image.Point{}, imagedraw.Src)
		}
	}
	box := vg.Rectangle{
		Min: vg.Point{X: x(-0.5), Y: y(-0.5)},
		Max: vg.Point{X: x(float64(h.cols) - 0.5), Y: y(float64(h.rows) - 0.5)},
	}
	c.DrawImage(box, img)
	style := draw.LineStyle{Color: color.NRGBA{0xff, 0xff, 0xff, 0xb0}, Width: vg.Points(0.7)}
	for _, r := range h.rowLines {
		at := y(float64(h.rows-r) - 0.5)
		c.StrokeLine2(style, box.Min.X, at, box.Max.X, at)
	}
	for _, k := range h.colLines {
		at := x(float64(k) - 0.5)
		c.StrokeLine2(style, at, box.Min.Y, at, box.Max.Y)
	}
}

// scaleBar is the plotter of the colour bar.
type scaleBar struct{ *heatmap }

func (h scaleBar) Plot(c draw.Canvas, _ *plot.Plot) {
	img := image.NewNRGBA(image.Rect(0, 0, 1, len(h.colours)))
	for i, col := range h.colours {
		img.SetNRGBA(0, len(h.colours)-1-i, col)
	}
	c.DrawImage(vg.Rectangle{Min: c.Min, Max: c.Max}, img)
}

// channelTicks labels channel numbers; flipped axes count from the top.
type channelTicks struct {
	n       int
	flipped bool
}

func (t channelTicks) Ticks(_, _ float64) []plot.Tick {
	step := 1
	for t.n/step > 8 {
		step *= 2
	}
	var ticks []plot.Tick
	for i := 0; i < t.n; i += step {
		at := float64(i)
		if t.flipped {
			at = float64(t.n - 1 - i)
		}
		ticks = append(ticks, plot.Tick{Value: at, Label: fmt.Sprint(i)})
	}
	return ticks
}

// textCells is the most rows and columns of the text twin.
const textCells = 24

// text draws the matrix in five shades, averaging neighbours where it is too large.
func (h *heatmap) text() string {
	shades := []rune(" ░▒▓█")
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", h.title)
	if h.note != "" {
		fmt.Fprintf(&b, "%s\n", h.note)
	}
	rows, cols := min(h.rows, textCells), min(h.cols, textCells)
	for r := range rows {
		for k := range cols {
			v := h.mean(r*h.rows/rows, (r+1)*h.rows/rows, k*h.cols/cols, (k+1)*h.cols/cols)
			f := min(max((math.Abs(v))/max(math.Abs(h.lo), math.Abs(h.hi)), 0), 1)
			if math.IsNaN(v) {
				f = 0
			}
			shade := shades[int(f*float64(len(shades)-1)+0.5)]
			b.WriteRune(shade)
			b.WriteRune(shade)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s: blank 0, full %.3g", h.barTitle, max(math.Abs(h.lo), math.Abs(h.hi)))
	return b.String()
}

func (h *heatmap) mean(r0, r1, c0, c1 int) float64 {
	sum, n := 0.0, 0
	for r := r0; r < r1; r++ {
		for c := c0; c < c1; c++ {
			sum += math.Abs(h.at(r, c))
			n++
		}
	}
	return sum / float64(n)
}
