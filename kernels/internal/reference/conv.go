// Package reference holds the definition of every kernel as the plainest possible loops, accumulating in float64.
// Tests compare all implementations with it; nothing else uses it.
package reference

// Conv has the fields of kernels.Conv, with the zero values already replaced.
type Conv struct {
	N, InC, OutC, Groups                       int
	In, Kernel, Stride, Dilation, PadLo, PadHi [3]int
}

// Out is the output size.
func (c Conv) Out() (o [3]int) {
	for d := range 3 {
		o[d] = (c.In[d]+c.PadLo[d]+c.PadHi[d]-c.Dilation[d]*(c.Kernel[d]-1)-1)/c.Stride[d] + 1
	}
	return o
}

// each calls f with the offsets in y, x and w of every multiply-add that does not fall on padding.
func (c Conv) each(f func(y, x, w int)) {
	out := c.Out()
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	for n := range c.N {
		for oc := range c.OutC {
			for ic := range icg {
				c.eachTap(out, func(o, i, k [3]int) {
					y := offset(n*c.OutC+oc, out, o)
					x := offset(n*c.InC+oc/ocg*icg+ic, c.In, i)
					w := offset(oc*icg+ic, c.Kernel, k)
					f(y, x, w)
				})
			}
		}
	}
}

// eachTap calls f with every output position, the input position it reads and the kernel tap it reads it through.
func (c Conv) eachTap(out [3]int, f func(o, i, k [3]int)) {
	each3(out, func(o [3]int) {
		each3(c.Kernel, func(k [3]int) {
			var i [3]int
			for d := range 3 {
				i[d] = o[d]*c.Stride[d] - c.PadLo[d] + k[d]*c.Dilation[d]
				if i[d] < 0 || i[d] >= c.In[d] {
					return
				}
			}
			f(o, i, k)
		})
	})
}

func each3(size [3]int, f func(at [3]int)) {
	for d := range size[0] {
		for h := range size[1] {
			for w := range size[2] {
				f([3]int{d, h, w})
			}
		}
	}
}

func offset(plane int, size, at [3]int) int {
	return ((plane*size[0]+at[0])*size[1]+at[1])*size[2] + at[2]
}

// Forward returns y = conv(x, w) + b; b may be nil.
func (c Conv) Forward(x, w, b []float32) []float64 {
	spatial := volume(c.Out())
	y := make([]float64, c.N*c.OutC*spatial)
	if b != nil {
		for i := range y {
			y[i] = float64(b[i/spatial%c.OutC])
		}
	}
	c.each(func(yi, xi, wi int) { y[yi] += float64(x[xi]) * float64(w[wi]) })
	return y
}

// BackwardData returns the gradient with respect to x.
func (c Conv) BackwardData(dy, w []float32) []float64 {
	dx := make([]float64, c.N*c.InC*volume(c.In))
	c.each(func(yi, xi, wi int) { dx[xi] += float64(dy[yi]) * float64(w[wi]) })
	return dx
}

// BackwardWeights returns the gradients with respect to w and b.
func (c Conv) BackwardWeights(x, dy []float32) (dw, db []float64) {
	dw = make([]float64, c.OutC*c.InC/c.Groups*volume(c.Kernel))
	c.each(func(yi, xi, wi int) { dw[wi] += float64(x[xi]) * float64(dy[yi]) })
	db = make([]float64, c.OutC)
	spatial := volume(c.Out())
	for i, v := range dy {
		db[i/spatial%c.OutC] += float64(v)
	}
	return dw, db
}

func volume(s [3]int) int { return s[0] * s[1] * s[2] }
