//go:build ignore

// This program draws the logo: a grouped convolution, four channels in, four out, in two groups. It writes
// logo-32x32.png, logo-64x64.png and logo-svg.svg.
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"os"
	"strings"
)

// The picture is 64 units wide.
const (
	size   = 64.0
	corner = 12.0
	left   = 18.0
	right  = 46.0
	radius = 5.0
	stroke = 2.5
)

var (
	background = color.NRGBA{0x0b, 0x4f, 0x6c, 0xff}
	groups     = []color.NRGBA{{0x7f, 0xdb, 0xd3, 0xff}, {0xff, 0xc8, 0x57, 0xff}}
	rows       = []float64{12, 25, 39, 52} // two of each group
)

func main() {
	log.SetFlags(0)
	write("logo-svg.svg", []byte(svg()))
	for _, pixels := range []int{32, 64} {
		f, err := os.Create(fmt.Sprintf("logo-%dx%d.png", pixels, pixels))
		if err == nil {
			err = png.Encode(f, raster(pixels))
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

func write(path string, b []byte) {
	if err := os.WriteFile(path, b, 0o644); err != nil {
		log.Fatal(err)
	}
}

// edges calls f for each connection: every input of a group with every output of it.
func edges(f func(group int, y1, y2 float64)) {
	for g := range groups {
		for _, y1 := range rows[2*g : 2*g+2] {
			for _, y2 := range rows[2*g : 2*g+2] {
				f(g, y1, y2)
			}
		}
	}
}

func svg() string {
	var b strings.Builder
	hex := func(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g">`+"\n", size, size)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" rx="%g" fill="%s"/>`+"\n", size, size, corner, hex(background))
	edges(func(g int, y1, y2 float64) {
		fmt.Fprintf(&b, `<path d="M%g %gL%g %g" stroke="%s" stroke-width="%g"/>`+"\n", left, y1, right, y2, hex(groups[g]), stroke)
	})
	for i, y := range rows {
		for _, x := range []float64{left, right} {
			fmt.Fprintf(&b, `<circle cx="%g" cy="%g" r="%g" fill="%s"/>`+"\n", x, y, radius, hex(groups[i/2]))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// raster draws the same picture with 8x8 samples a pixel.
func raster(pixels int) image.Image {
	const samples = 8
	m := image.NewNRGBA(image.Rect(0, 0, pixels, pixels))
	for py := range pixels {
		for px := range pixels {
			var sum [4]float64
			for s := range samples * samples {
				x := (float64(px) + (float64(s%samples)+0.5)/samples) * size / float64(pixels)
				y := (float64(py) + (float64(s/samples)+0.5)/samples) * size / float64(pixels)
				c := at(x, y)
				a := float64(c.A) / 255
				for i, v := range []uint8{c.R, c.G, c.B} {
					sum[i] += float64(v) * a
				}
				sum[3] += a
			}
			if sum[3] == 0 {
				continue
			}
			channel := func(i int) uint8 { return uint8(math.Round(sum[i] / sum[3])) }
			alpha := uint8(math.Round(255 * sum[3] / (samples * samples)))
			m.SetNRGBA(px, py, color.NRGBA{channel(0), channel(1), channel(2), alpha})
		}
	}
	return m
}

func at(x, y float64) color.NRGBA {
	for i, cy := range rows {
		if math.Hypot(x-left, y-cy) <= radius || math.Hypot(x-right, y-cy) <= radius {
			return groups[i/2]
		}
	}
	c := background
	edges(func(g int, y1, y2 float64) {
		if t := (x - left) / (right - left); t >= 0 && t <= 1 {
			slope := (y2 - y1) / (right - left)
			if math.Abs(y-(y1+t*(y2-y1)))/math.Hypot(1, slope) <= stroke/2 {
				c = groups[g]
			}
		}
	})
	dx, dy := math.Max(corner-math.Min(x, size-x), 0), math.Max(corner-math.Min(y, size-y), 0)
	if math.Hypot(dx, dy) > corner {
		return color.NRGBA{}
	}
	return c
}
