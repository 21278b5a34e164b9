package kernels

// 3x3 depthwise convolutions between blocked tensors as they lie: what is padded copies elsewhere costs more than nine multiply-adds.

// depthPlanes is their assembly, indexed by stride: input is stride times as high and as wide as output.
type depthPlanes struct {
	forward [3][]depthPlaneKernel
	grad    [3]func(rows, width int, x *float32, xrow int, zeros, dy, dw *float32, above, below int)
	back    func(rows, width int, dy, zeros, w, dx *float32, below int) // stride 2
}

// depthPlaneKernel computes rows of at least cols pixels.
type depthPlaneKernel struct {
	cols int
	f    func(rows, width int, x *float32, xrow int, zeros, w, bias, y *float32, above, below int)
}

// zeroRow stands for rows of padding.
var zeroRow [512 * Block]float32

// wholeDepthwise reports whether the kernels do convolution c.
func (s *simd) wholeDepthwise(c Conv) bool {
	out := c.Out()
	return s != nil && s.depthPlanes != nil && c.Groups == c.InC && c.InC == c.OutC && c.Kernel == [3]int{1, 3, 3} && c.Dilation[1] == 1 &&
		c.Dilation[2] == 1 && c.PadLo == [3]int{0, 1, 1} && c.PadHi[0] == 0 && c.In[0] == 1 && c.Stride[1] == c.Stride[2] && c.Stride[2] <= 2 &&
		c.In[1] == c.Stride[1]*out[1] && c.In[2] == c.Stride[2]*out[2] && c.In[2]*Block <= len(zeroRow) && s.depthKernel(c) != nil
}

// depthKernel picks the kernel that computes least twice, or nil for rows that are too short.
func (s *simd) depthKernel(c Conv) (best *depthPlaneKernel) {
	width := c.Out()[2]
	cost := 1 << 62
	kernels := s.depthPlanes.forward[c.Stride[2]]
	for i := range kernels {
		k := &kernels[i]
		tiles := (width + k.cols - 1) / k.cols
		if n := tiles * (k.cols + 1); k.cols <= width && n < cost {
			best, cost = k, n
		}
	}
	return best
}

// depthWork is a depthwise convolution on its way. Tasks are bands of the rows of a plane, or runs of blocks for the gradient of
// the weights.
type depthWork struct {
	Conv
	s       *simd
	kernel  *depthPlaneKernel
	x, y    []float32 // or their gradients
	w, bias []float32 // packed: [block][tap][lane] and [block][lane]
	dw      []float32
	bands   int // of a plane, or runs of all blocks
}

const depthTaps = 9

// depthForward computes y from x, or for stride 1 and turned weights dx from dy.
func (c Conv) depthForward(s *simd, y, x, w, bias []float32, turned bool) {
	c.withDepthWeights(w, bias, turned, func(w, bias []float32) {
		work := depthWork{Conv: c, s: s, kernel: s.depthKernel(c), x: x, y: y, w: w, bias: bias, bands: c.depthBands()}
		depthForwards.run(c.N*blocks(c.InC)*work.bands, work)
	})
}

// depthBackward computes dx from dy.
func (c Conv) depthBackward(s *simd, dx, dy, w []float32) {
	if c.Stride[2] == 1 {
		c.depthForward(s, dx, dy, w, nil, true)
		return
	}
	c.withDepthWeights(w, nil, false, func(w, _ []float32) {
		work := depthWork{Conv: c, s: s, x: dx, y: dy, w: w, bands: c.depthBands()}
		depthBacks.run(c.N*blocks(c.InC)*work.bands, work)
	})
}

// depthGrad computes dw from x and dy.
func (c Conv) depthGrad(s *simd, dw, x, dy []float32) {
	tasks := min(blocks(c.InC), Threads()) // whose images follow each other in memory
	depthGrads.run(tasks, depthWork{Conv: c, s: s, x: x, y: dy, dw: dw, bands: tasks})
}

// depthBands is into how many bands of rows a plane is cut to occupy the threads.
func (c Conv) depthBands() int {
	planes := c.N * blocks(c.InC)
	return max(1, min(c.Out()[1], (4*Threads()+planes-1)/planes))
}

// withDepthWeights calls f with packed weights and biases. Turned ones have their taps in reverse.
func (c Conv) withDepthWeights(w, bias []float32, turned bool, f func(w, bias []float32)) {
	lanes := blocks(c.InC) * Block
	packed := borrow((depthTaps + 1) * lanes)
	defer release(packed)
	clear(*packed)
	pw, pb := (*packed)[:depthTaps*lanes], (*packed)[depthTaps*lanes:]
	copy(pb, bias)
	for channel := range c.InC {
		to := pw[channel/Block*depthTaps*Block+channel%Block:]
		for t, v := range w[channel*depthTaps:][:depthTaps] {
			if turned {
				t = depthTaps - 1 - t
			}
			to[t*Block] = v
		}
	}
	f(pw, pb)
}

// band is the output rows of a task and its plane, counted through the images.
func (d *depthWork) band(i int) (plane, from, to int) {
	rows, band := d.Out()[1], i%d.bands
	return i / d.bands, rows * band / d.bands, rows * (band + 1) / d.bands
}

var depthForwards = newLoop(func(d *depthWork, i int) {
	plane, from, to := d.band(i)
	out, stride := d.Out(), d.Stride[2]
	block := plane % blocks(d.InC)
	x, y := d.x[plane*volume(d.In)*Block:], d.y[plane*volume(out)*Block:]
	d.kernel.f(to-from, out[2], &x[from*stride*d.In[2]*Block], d.In[2]*pixelBytes, &zeroRow[0], &d.w[block*depthTaps*Block], &d.bias[block*Block],
		&y[from*out[2]*Block], b2i(from == 0), b2i(to*stride == d.In[1] && stride == 1))
})

var depthBacks = newLoop(func(d *depthWork, i int) {
	plane, from, to := d.band(i)
	out := d.Out()
	block := plane % blocks(d.InC)
	dx, dy := d.x[plane*volume(d.In)*Block:], d.y[plane*volume(out)*Block:]
	d.s.depthPlanes.back(to-from, out[2], &dy[from*out[2]*Block], &zeroRow[0], &d.w[block*depthTaps*Block], &dx[2*from*d.In[2]*Block], b2i(to == out[1]))
})

var depthGrads = newLoop(func(d *depthWork, task int) {
	count := blocks(d.InC)
	first, last := count*task/d.bands, count*(task+1)/d.bands
	const most = Block * Block // sums of a block: more than there are taps, for the transpose
	room := borrow((last - first + 1) * most)
	defer release(room)
	turned, sums := (*room)[:most], (*room)[most:]
	clear(sums)
	for image := range d.N {
		for block := first; block < last; block++ {
			d.addGrad(sums[(block-first)*most:], image*count+block)
		}
	}
	for block := first; block < last; block++ {
		d.s.transpose(1, &turned[0], depthTaps*4, 0, &sums[(block-first)*most], Block*4, 0) // a lane's taps overwrite what the one before wrote too much
		copy(d.dw[block*Block*depthTaps:], turned[:min(Block, d.InC-block*Block)*depthTaps])
	}
})

// addGrad adds what a plane gives to the sums of its block.
func (d *depthWork) addGrad(sums []float32, plane int) {
	out, stride := d.Out(), d.Stride[2]
	d.s.depthPlanes.grad[stride](out[1], out[2], &d.x[plane*volume(d.In)*Block], d.In[2]*pixelBytes, &zeroRow[0],
		&d.y[plane*volume(out)*Block], &sums[0], 1, b2i(stride == 1))
}
