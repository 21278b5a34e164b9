package data

import (
	"fmt"
	"math/rand/v2"

	"github.com/groupnb/groupnb/nn"
)

func checkAtLeast(op, what string, v, low int) {
	if v < low {
		panic(nn.ConfigError{Op: op, Msg: fmt.Sprintf("%s is %d, want %d or more", what, v, low)})
	}
}

// An Image is one example as augmentations see it: pixels (channels, height, width) after scaling.
type Image struct {
	Pixels                  []float32
	Channels, Height, Width int
}

// An Augmentation changes an image in place. All its randomness comes from r.
type Augmentation func(img Image, r *rand.Rand)

// rows calls f with every row of every channel.
func (m Image) rows(f func(row []float32)) {
	for i := 0; i < len(m.Pixels); i += m.Width {
		f(m.Pixels[i : i+m.Width])
	}
}

// HFlip mirrors left and right every other time.
func HFlip() Augmentation {
	return func(m Image, r *rand.Rand) {
		if r.IntN(2) == 0 {
			return
		}
		m.rows(func(row []float32) {
			for i, j := 0, len(row)-1; i < j; i, j = i+1, j-1 {
				row[i], row[j] = row[j], row[i]
			}
		})
	}
}

// PadCrop shifts an image by up to p pixels in each direction and fills in with the value of a black pixel at the
// corner: the same as padding by p on all sides and cropping at random.
// It panics with a ConfigError if p is negative.
func PadCrop(p int) Augmentation {
	checkAtLeast("PadCrop", "the shift", p, 0)
	return func(m Image, r *rand.Rand) {
		dy, dx := r.IntN(2*p+1)-p, r.IntN(2*p+1)-p
		plane := m.Height * m.Width
		for c := range m.Channels {
			shift(m.Pixels[c*plane:][:plane], m.Height, m.Width, dy, dx)
		}
	}
}

// shift moves a plane so that pixel (y, x) comes from (y+dy, x+dx); what comes from outside is 0.
func shift(plane []float32, height, width, dy, dx int) {
	visit := func(i int) int { return i }
	if dy < 0 {
		visit = func(i int) int { return height - 1 - i }
	}
	for i := range height {
		y := visit(i)
		row := plane[y*width:][:width]
		if y+dy < 0 || y+dy >= height {
			clear(row)
			continue
		}
		from := plane[(y+dy)*width:][:width]
		switch {
		case dx >= width || dx <= -width:
			clear(row)
		case dx >= 0:
			copy(row, from[dx:])
			clear(row[width-dx:])
		default:
			copy(row[-dx:], from)
			clear(row[:-dx])
		}
	}
}

// Cutout sets a square of side n at a random place, partly outside perhaps, to 0 (DeVries and Taylor 2017).
// It panics with a ConfigError unless n is 1 or more.
func Cutout(n int) Augmentation {
	checkAtLeast("Cutout", "the side", n, 1)
	return func(m Image, r *rand.Rand) {
		y, x := r.IntN(m.Height)-n/2, r.IntN(m.Width)-n/2
		m.fill(y, x, n, n, 0)
	}
}

// fill sets a rectangle, clipped to the image, in all channels.
func (m Image) fill(y, x, h, w int, v float32) {
	for c := range m.Channels {
		for i := max(y, 0); i < min(y+h, m.Height); i++ {
			row := m.Pixels[(c*m.Height+i)*m.Width:][:m.Width]
			for j := max(x, 0); j < min(x+w, m.Width); j++ {
				row[j] = v
			}
		}
	}
}

// RandomErase sets, with probability p, a rectangle of 2 to 33 % of the image to 0 (Zhong et al. 2020).
// It panics with a ConfigError unless p is 0 to 1.
func RandomErase(p float64) Augmentation {
	if !(p >= 0 && p <= 1) {
		panic(nn.ConfigError{Op: "RandomErase", Msg: fmt.Sprintf("the probability is %g, want 0 to 1", p)})
	}
	return func(m Image, r *rand.Rand) {
		if r.Float64() >= p {
			return
		}
		area := (0.02 + 0.31*r.Float64()) * float64(m.Height*m.Width)
		h := min(m.Height, 1+r.IntN(m.Height))
		w := min(m.Width, max(1, int(area/float64(h))))
		m.fill(r.IntN(m.Height-h+1), r.IntN(m.Width-w+1), h, w, 0)
	}
}
