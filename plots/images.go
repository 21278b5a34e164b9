package plots

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/groupnb/groupnb/nn"
)

// Layout of [Images].
const (
	imagesPerRow = 8
	maxImages    = 64
	tile         = 60 * css
	caption      = 17 * css
)

// Images draws the examples of d, (1, H, W) in grey or (3, H, W) in colour, eight in a row and at most 64, each under
// its class; names, if given, are the names of the classes. Each image is scaled to its own range.
func Images(d nn.Dataset, names ...string) *Figure {
	n := min(d.Len(), maxImages)
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	var b nn.Batch
	d.Read(&b, indices)
	captions := make([]string, n)
	for i, y := range b.Y {
		captions[i] = fmt.Sprint(y)
		if y >= 0 && y < len(names) {
			captions[i] = names[y]
		}
	}
	rows := (n + imagesPerRow - 1) / imagesPerRow
	return &Figure{
		width:  imagesPerRow * tile,
		height: vg.Length(max(rows, 1)) * (tile + caption),
		text:   fmt.Sprintf("%d images: %s", n, strings.Join(captions, ", ")),
		draw: func(c draw.Canvas) {
			style := newPlot("", "", "").Title.TextStyle
			style.Font = sans(7)
			style.XAlign, style.YAlign = draw.XCenter, draw.YBottom
			for i := range n {
				left := c.Min.X + vg.Length(i%imagesPerRow)*tile
				top := c.Max.Y - vg.Length(i/imagesPerRow)*(tile+caption)
				box := vg.Rectangle{
					Min: vg.Point{X: left + 2, Y: top - caption - tile + 2},
					Max: vg.Point{X: left + tile - 2, Y: top - caption},
				}
				c.DrawImage(box, picture(b.X, i))
				c.FillText(style, vg.Point{X: left + tile/2, Y: top - caption + 2}, captions[i])
			}
		},
	}
}

// picture converts example i of x (N, 1 or 3, H, W), enlarged so that interpolation keeps its pixels apart.
func picture(x *nn.Tensor, i int) image.Image {
	const zoom = 6
	channels, h, w := x.Dim(1), x.Dim(2), x.Dim(3)
	size := channels * h * w
	data := x.Data[i*size : (i+1)*size]
	lo, hi := data[0], data[0]
	for _, v := range data {
		lo, hi = min(lo, v), max(hi, v)
	}
	level := func(channel, row, col int) uint8 {
		if hi == lo {
			return 0
		}
		return uint8((data[(channel%channels*h+row)*w+col] - lo) / (hi - lo) * 255)
	}
	m := image.NewNRGBA(image.Rect(0, 0, w*zoom, h*zoom))
	for r := range h * zoom {
		for k := range w * zoom {
			row, col := r/zoom, k/zoom
			m.SetNRGBA(k, r, color.NRGBA{level(0, row, col), level(1, row, col), level(2, row, col), 0xff})
		}
	}
	return m
}
