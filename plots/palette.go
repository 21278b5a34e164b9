package plots

import "image/color"

// magnitude runs from dark violet to yellow with steadily growing lightness, for values in [0, max].
var magnitude = ramp(
	color.NRGBA{0x2d, 0x12, 0x52, 0xff},
	color.NRGBA{0x35, 0x53, 0x8c, 0xff},
	color.NRGBA{0x21, 0x91, 0x8c, 0xff},
	color.NRGBA{0x77, 0xc9, 0x54, 0xff},
	color.NRGBA{0xfb, 0xe7, 0x2a, 0xff},
)

// ramp interpolates between anchors in 256 steps.
func ramp(anchors ...color.NRGBA) []color.NRGBA {
	out := make([]color.NRGBA, 256)
	for i := range out {
		at := float64(i) / float64(len(out)-1) * float64(len(anchors)-1)
		k := min(int(at), len(anchors)-2)
		f := at - float64(k)
		a, b := anchors[k], anchors[k+1]
		out[i] = color.NRGBA{mix(a.R, b.R, f), mix(a.G, b.G, f), mix(a.B, b.B, f), 0xff}
	}
	return out
}

func mix(a, b uint8, f float64) uint8 { return uint8(float64(a)*(1-f) + float64(b)*f + 0.5) }
