package terminal

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"

	"github.com/groupnb/groupnb/repl/display"
)

// blocks draws two pixels in each character: the upper is the colour of ▀, the lower its background.
func (p picture) blocks(w io.Writer, trueColor bool) error {
	m, _, err := image.Decode(bytes.NewReader(p.data))
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	for row := range p.rows {
		for col := range p.cols {
			upper, seen := p.average(m, col, 2*row)
			lower, _ := p.average(m, col, 2*row+1)
			if !seen {
				b.WriteString("\x1b[0m ")
				continue
			}
			fmt.Fprintf(b, "\x1b[38;%s;48;%sm▀", upper.sgr(trueColor), lower.sgr(trueColor))
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.Flush()
}

type rgb struct{ r, g, b uint8 }

// sgr returns the parameters behind 38 and 48: all 24 bits, or the nearest colour of the 6x6x6 cube.
func (c rgb) sgr(trueColor bool) string {
	if trueColor {
		return fmt.Sprintf("2;%d;%d;%d", c.r, c.g, c.b)
	}
	level := func(v uint8) int { return (int(v)*5 + 127) / 255 }
	return fmt.Sprintf("5;%d", 16+36*level(c.r)+6*level(c.g)+level(c.b))
}

// average returns the mean colour of the part of m under one half of a character, on white where m is transparent, and
// whether anything is there to see.
func (p picture) average(m image.Image, col, halfRow int) (c rgb, seen bool) {
	r := m.Bounds()
	x0, x1 := part(r.Min.X, r.Dx(), col, p.cols)
	y0, y1 := part(r.Min.Y, r.Dy(), halfRow, 2*p.rows)
	var sum [4]uint64
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			red, green, blue, alpha := m.At(x, y).RGBA()
			sum[0] += uint64(red)
			sum[1] += uint64(green)
			sum[2] += uint64(blue)
			sum[3] += uint64(alpha)
		}
	}
	n := uint64((x1 - x0) * (y1 - y0))
	white := 0xffff*n - sum[3]
	mean := func(i int) uint8 { return uint8((sum[i] + white) / n >> 8) }
	return rgb{mean(0), mean(1), mean(2)}, sum[3] > 0
}

// part returns the i-th of n parts of a length, at least one pixel wide.
func part(origin, length, i, n int) (from, to int) {
	from = i * length / n
	to = max((i+1)*length/n, from+1)
	return origin + from, origin + to
}

// asPNG returns an encoded image as PNG.
func asPNG(data []byte, media string) ([]byte, error) {
	if media == display.PNG {
		return data, nil
	}
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = png.Encode(&b, m)
	return b.Bytes(), err
}
