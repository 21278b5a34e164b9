package nn

import (
	"math"
	"math/rand/v2"
)

// mixing blends the examples of a batch with each other.
type mixing struct {
	alpha  float64
	cut    bool
	order  []int
	source Tensor
	target *Tensor
}

// Mixup trains on weighted means of two examples and their labels; the weight is drawn from Beta(alpha, alpha) for each
// batch (Zhang et al. 2018). Usual values are 0.1 to 0.4. Training accuracy is measured against the main label.
func Mixup(alpha float64) FitOption {
	return func(c *fitConfig) { c.blend(&mixing{alpha: alpha}) }
}

// CutMix pastes a rectangle of another example into each and mixes the labels by area, drawn from Beta(alpha, alpha)
// for each batch (Yun et al. 2019). The usual value is 1.
func CutMix(alpha float64) FitOption {
	return func(c *fitConfig) { c.blend(&mixing{alpha: alpha, cut: true}) }
}

func (c *fitConfig) blend(m *mixing) {
	if !(m.alpha > 0) {
		refuse("Fit", "Mixup or CutMix with an alpha of %g, want more than 0", m.alpha)
	}
	if c.mix != nil {
		refuse("Fit", "Mixup and CutMix exclude each other")
	}
	c.mix = m
}

// apply changes the batch and gives it shares of classes as its target.
func (m *mixing) apply(b *Batch, model *Model, r *rand.Rand) {
	n := b.X.Shape[0]
	classes := model.plan(b.X.Shape, true, false).out.Shape[1]
	lambda := beta(r, m.alpha)
	m.order = r.Perm(n)
	m.source.fit(b.X.Shape)
	copy(m.source.Data, b.X.Data)
	if m.cut {
		lambda = m.paste(b.X, lambda, r)
	} else {
		m.blend(b.X, float32(lambda))
	}
	if m.target == nil {
		m.target = &Tensor{}
	}
	m.target.fit([]int{n, classes})
	clear(m.target.Data)
	for i, y := range b.Y {
		if y < 0 || y >= classes {
			refuse("Mixup", "label %d is not one of %d classes", y, classes)
		}
		m.target.Data[i*classes+y] += float32(lambda)
		m.target.Data[i*classes+b.Y[m.order[i]]] += float32(1 - lambda)
	}
	b.Target = m.target
}

func (m *mixing) blend(x *Tensor, lambda float32) {
	row := size(x.Shape[1:])
	for i, other := range m.order {
		from := m.source.Data[other*row:][:row]
		for j, v := range x.Data[i*row:][:row] {
			x.Data[i*row+j] = lambda*v + (1-lambda)*from[j]
		}
	}
}

// paste copies a rectangle of (N, C, H, W) and returns the share of the area that is left.
func (m *mixing) paste(x *Tensor, lambda float64, r *rand.Rand) float64 {
	if len(x.Shape) != 4 {
		panic(ShapeError{Op: "CutMix", Want: "(N, C, H, W)", Got: x.Shape})
	}
	height, width := x.Shape[2], x.Shape[3]
	side := math.Sqrt(1 - lambda)
	h, w := int(side*float64(height)), int(side*float64(width))
	cy, cx := r.IntN(height), r.IntN(width)
	y0, y1 := max(0, cy-h/2), min(height, cy+(h+1)/2)
	x0, x1 := max(0, cx-w/2), min(width, cx+(w+1)/2)
	row := size(x.Shape[1:])
	for i, other := range m.order {
		for c := range x.Shape[1] {
			for y := y0; y < y1; y++ {
				at := (c*height + y) * width
				copy(x.Data[i*row+at+x0:i*row+at+x1], m.source.Data[other*row+at+x0:])
			}
		}
	}
	return 1 - float64((y1-y0)*(x1-x0))/float64(height*width)
}

// beta draws from Beta(a, a) as a ratio of gamma variables.
func beta(r *rand.Rand, a float64) float64 {
	x, y := gamma(r, a), gamma(r, a)
	if x+y == 0 {
		return 0.5
	}
	return x / (x + y)
}

// gamma draws from Gamma(a, 1) (Marsaglia and Tsang 2000).
func gamma(r *rand.Rand, a float64) float64 {
	if a < 1 {
		return gamma(r, a+1) * math.Pow(r.Float64(), 1/a)
	}
	d := a - 1.0/3
	for {
		x := r.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		if v <= 0 {
			continue
		}
		v *= v * v
		if u := r.Float64(); math.Log(u) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
