package runner

import (
	"encoding/base64"
	"fmt"
	"image"
	_ "image/jpeg" // so that image.Decode knows the formats that notebooks hold
	_ "image/png"
	"strings"
)

// picture compares decoded pictures: same size, and colours that differ little on average.
func (r Rules) picture(what, want, got string) (Difference, bool) {
	if strings.TrimSpace(want) == strings.TrimSpace(got) {
		return Difference{}, true
	}
	w, err1 := decodePicture(want)
	g, err2 := decodePicture(got)
	if err1 != nil || err2 != nil {
		return Difference{What: what, Want: fmt.Sprint("decodes: ", err1), Got: fmt.Sprint("decodes: ", err2)}, false
	}
	if w.Bounds().Size() != g.Bounds().Size() {
		return Difference{What: what, Want: w.Bounds().Size().String(), Got: g.Bounds().Size().String()}, false
	}
	d := meanDifference(w, g)
	return Difference{What: what, Want: fmt.Sprintf("within %.2g of the stored picture", r.Pixels), Got: fmt.Sprintf("%.2g", d)}, d <= r.Pixels
}

func decodePicture(text string) (image.Image, error) {
	m, _, err := image.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	return m, err
}

// meanDifference is between 0 for equal pictures and 1 for black and white.
func meanDifference(a, b image.Image) float64 {
	size := a.Bounds().Size()
	sum := 0.0
	for y := range size.Y {
		for x := range size.X {
			r1, g1, b1, a1 := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			r2, g2, b2, a2 := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			sum += apart(r1, r2) + apart(g1, g2) + apart(b1, b2) + apart(a1, a2)
		}
	}
	return sum / float64(4*max(1, size.X*size.Y))
}

func apart(a, b uint32) float64 { return float64(max(a, b)-min(a, b)) / 0xffff }
