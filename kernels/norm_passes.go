package kernels

import "sync"

// normVectors are the operands of the assembly besides tensors. They are borrowed because what assembly is given by way of a table
// would otherwise be allocated for every plane.
type normVectors struct {
	a, b, c [Block]float32
	sums    [2 * Block]float32
}

var spareNormVectors = sync.Pool{New: func() any { return new(normVectors) }}

// normPlan is how a normalisation goes through memory. A unit is what shares a vector of per-channel values: a channel of a plain
// tensor, whose value fills the vector, or a block of a blocked one.
type normPlan struct {
	NormAct
	units int
	size  int // floats of a plane of a unit
	width int // channels of a unit
}

// plane is the part of x that belongs to a unit and an image.
func (p *normPlan) plane(x []float32, unit, image int) []float32 {
	if x == nil {
		return nil
	}
	return x[(image*p.units+unit)*p.size:][:p.size]
}

// large says that y will not be in cache any more when the next operation reads it, nor is already because it is x.
func (p *normPlan) large(y, x []float32) bool {
	return p.N*p.units*p.size >= largeTensor && &y[0] != &x[0]
}

// lanes fills a vector with a per-channel value; channels that do not exist get 0.
func (p *normPlan) lanes(unit int, value func(c int) float32) (v [Block]float32) {
	for l := range v {
		c := unit
		if p.width == Block {
			c = unit*Block + l
		}
		if c < p.C {
			v[l] = value(c)
		}
	}
	return v
}

// eachPlane runs f for every unit and image in parallel.
func (p *normPlan) eachPlane(f func(unit, image int)) {
	tasks(p.units*p.N, func(i int) { f(i%p.units, i/p.units) })
}

// sumChunk is how many floats are summed in float32 before they go on in float64.
const sumChunk = 1 << 14

// sums adds two quantities per channel over all images. part adds them for a piece of a plane that begins at lo to float32 lanes; each
// receives the totals.
func (p *normPlan) sums(part func(unit, image, lo, hi int, v *normVectors), each func(c int, first, second float64)) {
	partial := borrow64(p.units * p.N * 2 * Block)
	defer release64(partial)
	p.eachPlane(func(unit, image int) {
		total := (*partial)[(unit*p.N+image)*2*Block:][:2*Block]
		clear(total)
		vec := spareNormVectors.Get().(*normVectors)
		defer spareNormVectors.Put(vec)
		for lo := 0; lo < p.size; lo += sumChunk {
			clear(vec.sums[:])
			part(unit, image, lo, min(p.size, lo+sumChunk), vec)
			for i, v := range vec.sums {
				total[i] += float64(v)
			}
		}
	})
	for c := range p.C {
		unit, lanes := c/p.width, Block/p.width
		var first, second float64
		for image := range p.N {
			t := (*partial)[(unit*p.N+image)*2*Block+c%p.width:]
			for l := range lanes {
				first += t[l]
				second += t[Block+l]
			}
		}
		each(c, first, second)
	}
}

// moments calls each with the mean and the biased variance of every channel. Deviations are taken from a value of the channel, so that
// a large mean costs no digits.
func (p *normPlan) moments(x []float32, each func(c int, mean, variance float64)) {
	shift := func(c int) float32 { return p.plane(x, c/p.width, 0)[c%p.width] }
	p.sums(func(unit, image, lo, hi int, v *normVectors) {
		v.a = p.lanes(unit, shift)
		moments(p.plane(x, unit, image)[lo:hi], &v.a, &v.sums)
	}, func(c int, first, second float64) {
		count := float64(p.N * p.Spatial)
		d := first / count
		variance := second/count - d*d
		if variance < 0 {
			variance = 0 // rounding; NaN stays
		}
		each(c, float64(shift(c))+d, variance)
	})
}

// apply is the second pass: y = x*scale + shift, and what follows.
func (p *normPlan) apply(y, x, residual, gamma, beta, mean []float32, invstd func(c int) float64) {
	scale := func(c int) float64 { return invstd(c) * float64(one(gamma, c)) }
	p.eachPlane(func(unit, image int) {
		v := spareNormVectors.Get().(*normVectors)
		defer spareNormVectors.Put(v)
		v.a = p.lanes(unit, func(c int) float32 { return float32(scale(c)) })
		v.b = p.lanes(unit, func(c int) float32 { return float32(float64(at(beta, c)) - float64(mean[c])*scale(c)) })
		normApply(p.plane(y, unit, image), p.plane(x, unit, image), p.plane(residual, unit, image), &v.a, &v.b, p.ReLU, p.large(y, x))
	})
}

// backward: with g = dy where the activation let through, db = sum(g) and dg = sum(g*xhat),
//
//	dx = gamma*invstd * (g - db/count - xhat*dg/count)
//
// which is g*a + x*b + c; without statistics of the batch b and c are 0.
func (p *normPlan) backward(dx, dresidual, dgamma, dbeta, dy, y, x, gamma, mean []float32, invstd func(c int) float64, batch bool) {
	slopes := borrow64(2 * p.C) // b and c of every channel
	defer release64(slopes)
	p.sums(func(unit, image, lo, hi int, v *normVectors) {
		v.a = p.lanes(unit, func(c int) float32 { return mean[c] })
		gradSums(p.plane(dy, unit, image)[lo:hi], p.plane(x, unit, image)[lo:hi], p.outputs(y, unit, image, lo, hi), &v.a, &v.sums)
	}, func(c int, db, dg float64) {
		dg *= invstd(c)
		if dbeta != nil {
			dbeta[c] = float32(db)
		}
		if dgamma != nil {
			dgamma[c] = float32(dg)
		}
		count := float64(p.N * p.Spatial)
		a := float64(one(gamma, c)) * invstd(c)
		b := -a * invstd(c) * dg / count
		if !batch {
			(*slopes)[2*c], (*slopes)[2*c+1] = 0, 0
			return
		}
		(*slopes)[2*c], (*slopes)[2*c+1] = b, -a*db/count-b*float64(mean[c])
	})
	p.eachPlane(func(unit, image int) {
		v := spareNormVectors.Get().(*normVectors)
		defer spareNormVectors.Put(v)
		v.a = p.lanes(unit, func(c int) float32 { return float32(float64(one(gamma, c)) * invstd(c)) })
		v.b = p.lanes(unit, func(c int) float32 { return float32((*slopes)[2*c]) })
		v.c = p.lanes(unit, func(c int) float32 { return float32((*slopes)[2*c+1]) })
		gradApply(p.plane(dx, unit, image), p.plane(dresidual, unit, image), p.plane(dy, unit, image), p.plane(x, unit, image),
			p.outputs(y, unit, image, 0, p.size), &v.a, &v.b, &v.c, p.large(dx, dy))
	})
}

// outputs is the piece of y that masks gradients, nil without an activation.
func (p *normPlan) outputs(y []float32, unit, image, lo, hi int) []float32 {
	if !p.ReLU {
		return nil
	}
	return p.plane(y, unit, image)[lo:hi]
}
