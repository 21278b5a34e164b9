package kernels

// planeGradKernel adds up the gradients of a row of three taps over many images; its loop is in the comment of each kernel.
type planeGradKernel func(images, rows, width int, x *float32, xnext int, dy *float32, dynext int, dw *float32, dwnext int, ahead *float32, aheadnext int)

// takesPlanes reports whether the sums can be taken from tensors as they lie, without a copy that has padding.
func (p *gradPass) takesPlanes(s *simd, x, dy tensor) bool {
	return p.lookup == wide && p.k == Block && p.kw == 3 && p.stride <= 2 && s.planeGrad[p.stride] != nil && !x.plain && !dy.plain &&
		p.conv.PadLo[2] == 1 && p.in[1] == p.stride*p.out[1] && p.out[1] > 1
}

// planeGradRun is a gradRun on its way over planes as they lie.
type planeGradRun struct {
	gradRun
	gradTasks
	f        planeGradKernel
	together int // images at a time, which stay in the second-level cache
}

func (s *simd) runPlaneGrad(g gradRun) {
	const cacheFloats = 48 << 10
	r := planeGradRun{gradRun: g, gradTasks: g.tasks(), f: s.planeGrad[g.stride]}
	chunks := max(1, r.n*(r.x.pixels+r.dy.pixels)*Block/cacheFloats)
	r.together = (r.n + chunks - 1) / chunks
	planeGradRuns.run(r.count, r)
}

// planeGradUnit is what the kernels add up before they go on: some images' part in the weights between two blocks.
type planeGradUnit struct{ in, first, ob int }

// start is the first unit of a task.
func (r *planeGradRun) start(task int) (u planeGradUnit, count int) {
	in, ob, count := r.blocks(task)
	return planeGradUnit{in, 0, ob}, count
}

var planeGradRuns = newLoop(func(r *planeGradRun, task int) {
	start, count := r.start(task)
	size := r.chunks() * r.kernel.k * r.kh * r.kw * Block
	sums := borrow(count * size)
	defer release(sums)
	clear(*sums)
	for first := 0; first < r.n; first += r.together {
		for b := range count {
			next := planeGradUnit{start.in, first, start.ob + b + 1}
			if b+1 == count {
				next = planeGradUnit{start.in, first + r.together, start.ob}
			}
			if next.first >= r.n {
				next, _ = r.start(min(task+1, r.count-1))
			}
			r.add((*sums)[b*size:], planeGradUnit{start.in, first, start.ob + b}, next)
		}
	}
	for b := range count {
		r.store(r.s, r.dw, (*sums)[b*size:], start.ob+b, start.in%r.planes)
	}
})

// add adds a unit to the sums of [input channel][tap], and brings the next one nearer.
func (r *planeGradRun) add(sums []float32, u, next planeGradUnit) {
	images, taps, width := min(r.together, r.n-u.first), r.kh*r.kw, r.out[1]
	x, dy := r.x.block(u.first, u.in), r.dy.block(u.first, u.ob)
	ximage, dyimage := blocks(r.x.channels)*r.x.pixels, blocks(r.dy.channels)*r.dy.pixels
	nextX, nextDY, call := r.x.block(next.first, next.in), r.dy.block(next.first, next.ob), 0
	for h := range r.kh {
		lo, hi := r.rowsWithInput(h, 0, r.out[0])
		if lo >= hi {
			continue
		}
		from, pixels := (lo*r.stride+h-r.conv.PadLo[1])*r.in[1]*Block, (hi-lo)*width
		for c := range r.chunks() {
			ahead, aheadnext := &nextDY[0], dyimage-pixels
			if at := call * r.dy.pixels * Block; at < len(nextX) {
				ahead, aheadnext = &nextX[at], ximage-pixels
			}
			r.f(images, hi-lo, width, &x[from+c*r.kernel.k], (ximage-pixels*r.stride*r.stride)*pixelBytes,
				&dy[lo*width*Block], (dyimage-pixels)*pixelBytes, &sums[(c*r.kernel.k*taps+h*r.kw)*Block], taps*pixelBytes,
				ahead, aheadnext*pixelBytes)
			call++
		}
	}
}
