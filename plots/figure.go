package plots

import (
	"bytes"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/groupnb/groupnb/repl/display"
)

// dpi makes pictures sharp on screens with two device pixels per CSS pixel.
const dpi = 192

// css is the length of a CSS pixel.
const css = vg.Inch / 96

// A Figure is a finished picture with a text/plain twin for terminals and logs. It displays itself in a notebook.
type Figure struct {
	width, height vg.Length
	text          string
	draw          func(draw.Canvas)
}

// PNG renders the figure with a transparent background, legible on light and on dark pages.
func (f *Figure) PNG() ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.Transparent))
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("plots: encode png: %w", err)
	}
	return b.Bytes(), nil
}

// String is the text/plain twin.
func (f *Figure) String() string { return f.text }

// Display implements display.Displayer: image/png beside text/plain.
func (f *Figure) Display() display.Bundle {
	b := display.NewText(f.text)
	data, err := f.PNG()
	if err != nil {
		return display.NewText(f.text + "\n" + err.Error())
	}
	return b.With(display.PNG, data).Sized(display.PNG, pixels(f.width), pixels(f.height))
}

// Save writes the figure to path as PNG.
func (f *Figure) Save(path string) error {
	data, err := f.PNG()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return fmt.Errorf("plots: save figure: %w", err)
	}
	return nil
}

func pixels(l vg.Length) int { return int(l/css + 0.5) }
