package plots

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/groupnb/groupnb/repl/display"
)

// The size of a plot of gonum that is the value of a cell.
const gonumWidth, gonumHeight = 480 * css, 320 * css

// A *plot.Plot of gonum displays itself like a Figure.
func init() {
	display.Register(func(v any) (display.Bundle, bool) {
		p, ok := v.(*plot.Plot)
		if !ok {
			return display.Bundle{}, false
		}
		return gonumFigure(p).Display(), true
	})
}

func gonumFigure(p *plot.Plot) *Figure {
	text := "plot"
	if p.Title.Text != "" {
		text += fmt.Sprintf(" %q", p.Title.Text)
	}
	return &Figure{width: vg.Length(gonumWidth), height: vg.Length(gonumHeight), text: text, draw: func(c draw.Canvas) { p.Draw(c) }}
}
