package kernels

// planeGradKernel adds up the gradients of a row of three taps over many images; its loop is in the comment of each kernel.
type planeGradKernel func(images, rows, width int, x *float32, xnext int, dy *float32, dynext int, dw *float32, dwnext int, ahead *float32, aheadnext int)

// takesPlanes reports whether the sums can be taken from tensors as they lie, without a copy that has padding.
func (p *gradPass) takesPlanes(s *simd, x, dy tensor) bool {
	return p.lookup == wide && p.k == Block && p.kw == 3 && p.stride <= 2 && s.planeGrad[p.stride] != nil && !x.plain && !dy.plain &&
		p.conv.PadLo[2] == 1 && p.in[1] == p.stride*p.out[1] && p.out[1] > 1
}

// planeGradRun is a gradPass on its way over planes of n images as they lie. A task owns the weights between one block of input channels
// and a group of blocks of output channels, for which it reads the input once.
type planeGradRun struct {
	*gradPass
	f        planeGradKernel
	s        *simd
	n        int
	dw       []float32
	x, dy    tensor
	group    int // output blocks of a task
	tasks    int
	together int // images at a time, which stay in the second-level cache
}

func (s *simd) runPlaneGrad(n int, p *gradPass, dw []float32, x, dy tensor) {
	const cacheFloats, most = 48 << 10, 4
	r := planeGradRun{gradPass: p, f: s.planeGrad[p.stride], s: s, n: n, dw: dw, x: x, dy: dy}
	for r.group = min(most, p.channelSets.out); r.group > 1 && p.sets*p.planes*r.groups() < 4*Threads(); {
		r.group--
	}
	chunks := max(1, n*(x.pixels+dy.pixels)*Block/cacheFloats)
	r.together = (n + chunks - 1) / chunks
	r.tasks = p.sets * p.planes * r.groups()
	planeGradRuns.run(r.tasks, r)
}

// groups is into how many groups the output blocks of a set fall.
func (r *planeGradRun) groups() int { return (r.channelSets.out + r.group - 1) / r.group }

// planeGradUnit is what the kernels add up before they go on: some images' part in the weights between two blocks.
type planeGradUnit struct{ task, first, ob int }

// start is the first unit of a task.
func (r *planeGradRun) start(task int) planeGradUnit {
	set, group := task/r.planes/r.groups(), task/r.planes%r.groups()
	return planeGradUnit{task, 0, set*r.channelSets.out + group*r.group}
}

// input is the block of input channels of a unit.
func (r *planeGradRun) input(u planeGradUnit) int {
	return u.task/r.planes/r.groups()*r.planes + u.task%r.planes
}

var planeGradRuns = newLoop(func(r *planeGradRun, task int) {
	start := r.start(task)
	set := start.ob / r.channelSets.out
	count := min(r.group, (set+1)*r.channelSets.out-start.ob)
	size := r.chunks() * r.kernel.k * r.kh * r.kw * Block
	sums := borrow(count * size)
	defer release(sums)
	clear(*sums)
	for first := 0; first < r.n; first += r.together {
		for b := range count {
			next := planeGradUnit{task, first, start.ob + b + 1}
			if b+1 == count {
				next = planeGradUnit{task, first + r.together, start.ob}
			}
			if next.first >= r.n {
				next = r.start(min(task+1, r.tasks-1))
			}
			r.add((*sums)[b*size:], planeGradUnit{task, first, start.ob + b}, next)
		}
	}
	for b := range count {
		r.store(r.s, r.dw, (*sums)[b*size:], start.ob+b, task%r.planes)
	}
})

// add adds a unit to the sums of [input channel][tap], and brings the next one nearer.
func (r *planeGradRun) add(sums []float32, u, next planeGradUnit) {
	images, taps, width := min(r.together, r.n-u.first), r.kh*r.kw, r.out[1]
	x, dy := r.x.block(u.first, r.input(u)), r.dy.block(u.first, u.ob)
	ximage, dyimage := blocks(r.x.channels)*r.x.pixels, blocks(r.dy.channels)*r.dy.pixels
	nextX, nextDY, call := r.x.block(next.first, r.input(next)), r.dy.block(next.first, next.ob), 0
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
