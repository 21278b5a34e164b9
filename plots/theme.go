package plots

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// ink has about the same contrast (4.4 : 1) against a white page and against a dark one, so one picture serves both.
var ink = color.NRGBA{0x78, 0x78, 0x7c, 0xff}

// faint is for grid lines that must not compete with data.
var faint = color.NRGBA{0x80, 0x80, 0x88, 0x50}

// series are line colours that differ in hue and lightness (also for colour-blind readers) and show on white and on dark.
var series = []color.Color{
	color.NRGBA{0x1f, 0x8e, 0xd6, 0xff}, // blue
	color.NRGBA{0xe0, 0x7b, 0x1a, 0xff}, // orange
	color.NRGBA{0x1f, 0xa3, 0x7a, 0xff}, // green
	color.NRGBA{0xc4, 0x5a, 0xb3, 0xff}, // violet
}

// newPlot returns an empty plot in the house style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font = sans(11)
	p.Title.TextStyle.Color = ink
	p.Title.Padding = vg.Points(6)
	p.Legend.TextStyle.Font = sans(9)
	p.Legend.TextStyle.Color = ink
	p.Legend.ThumbnailWidth = vg.Points(16)
	p.Legend.Padding = vg.Points(2)
	styleAxis(&p.X)
	styleAxis(&p.Y)
	return p
}

func styleAxis(a *plot.Axis) {
	a.Color = ink
	a.Label.TextStyle.Color = ink
	a.Label.TextStyle.Font = sans(9)
	a.Label.Padding = vg.Points(3)
	a.Tick.Color = ink
	a.Tick.Label.Color = ink
	a.Tick.Label.Font = sans(8)
	a.Padding = vg.Points(4)
}

func sans(size float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(size)}
}
