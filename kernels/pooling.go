package kernels

import (
	"fmt"
)

// Pool describes pooling windows over (N, C, In...), dimensions as in Conv. Zero Stride means Kernel and zero Dilation 1.
// With Ceil the last window may hang over the upper padding, as PyTorch's ceil_mode has it.
type Pool struct {
	N, C                                       int
	In, Kernel, Stride, Dilation, PadLo, PadHi [3]int
	Ceil                                       bool
	Blocked                                    bool // x and y are in the blocked layout
}

// planes is the number of planes and the channels that lie together in a pixel of one.
func (p Pool) planes() (planes, channels int) {
	if p.Blocked {
		return p.N * blocks(p.C), Block
	}
	return p.N * p.C, 1
}

func (p Pool) norm() Pool {
	for d := range 3 {
		if p.Stride[d] == 0 {
			p.Stride[d] = p.Kernel[d]
		}
		if p.Dilation[d] == 0 {
			p.Dilation[d] = 1
		}
	}
	return p
}

// Out is the output size (depth, height, width).
func (p Pool) Out() [3]int {
	p = p.norm()
	var o [3]int
	for d := range 3 {
		room := p.In[d] + p.PadLo[d] + p.PadHi[d] - p.Dilation[d]*(p.Kernel[d]-1) - 1
		o[d] = room/p.Stride[d] + 1
		if p.Ceil && room%p.Stride[d] != 0 && o[d]*p.Stride[d] < p.In[d]+p.PadLo[d] {
			o[d]++ // only if the window starts inside the input or its lower padding
		}
	}
	return o
}

// InLen is the length of x, OutLen of y.
func (p Pool) InLen() int  { return p.length(p.In) }
func (p Pool) OutLen() int { return p.length(p.Out()) }

func (p Pool) length(size [3]int) int {
	planes, channels := p.planes()
	return planes * channels * volume(size)
}

// Check reports what is impossible about the configuration as a ShapeError, or nil.
func (p Pool) Check() error {
	if s := p.norm().problem(); s != "" {
		return ShapeError{"Pool", s}
	}
	return nil
}

func (p Pool) problem() string {
	if p.N < 0 || p.C < 1 {
		return fmt.Sprintf("batch of %d images with %d channels", p.N, p.C)
	}
	for d, name := range dimName {
		span := p.Dilation[d]*(p.Kernel[d]-1) + 1
		switch {
		case p.In[d] < 1 || p.Kernel[d] < 1 || p.Stride[d] < 1 || p.Dilation[d] < 1:
			return fmt.Sprintf("%s has input %d, kernel %d, stride %d, dilation %d; all must be positive",
				name, p.In[d], p.Kernel[d], p.Stride[d], p.Dilation[d])
		case p.PadLo[d] < 0 || p.PadHi[d] < 0 || p.PadLo[d] >= span || p.PadHi[d] >= span:
			return fmt.Sprintf("%s has padding (%d, %d), which must be less than the window's %d", name, p.PadLo[d], p.PadHi[d], span)
		case span > p.In[d]+p.PadLo[d]+p.PadHi[d]:
			return fmt.Sprintf("window spans %d in %s but the padded input has only %d", span, name, p.In[d]+p.PadLo[d]+p.PadHi[d])
		}
	}
	return ""
}

func (p Pool) prepare(op string, x, y int) Pool {
	p = p.norm()
	if s := p.problem(); s != "" {
		panic(ShapeError{op, s})
	}
	checkLen(op, "input", x, p.InLen())
	checkLen(op, "output", y, p.OutLen())
	return p
}

// eachWindow calls f for every output position of a plane with the input box [lo, hi) that its window covers, clipped to the input.
// first is where the window's tap 0 lies, which is below lo on padding.
func (p Pool) eachWindow(f func(o int, first, lo, hi [3]int)) {
	out := p.Out()
	o := 0
	var first, lo, hi [3]int
	set := func(d, at int) {
		first[d] = at*p.Stride[d] - p.PadLo[d]
		lo[d], hi[d] = first[d], min(p.In[d], first[d]+p.Dilation[d]*(p.Kernel[d]-1)+1)
		for lo[d] < 0 {
			lo[d] += p.Dilation[d]
		}
	}
	for d := range out[0] {
		set(0, d)
		for h := range out[1] {
			set(1, h)
			for w := range out[2] {
				set(2, w)
				f(o, first, lo, hi)
				o++
			}
		}
	}
}

// eachInput calls f with the offset in the plane of every input position of a window.
func (p Pool) eachInput(lo, hi [3]int, f func(i int)) {
	for d := lo[0]; d < hi[0]; d += p.Dilation[0] {
		for h := lo[1]; h < hi[1]; h += p.Dilation[1] {
			row := (d*p.In[1] + h) * p.In[2]
			for w := lo[2]; w < hi[2]; w += p.Dilation[2] {
				f(row + w)
			}
		}
	}
}

// AvgPool takes the mean of each window. With CountPad padding counts as zeros, as PyTorch's count_include_pad does by default;
// without it the mean is over input positions only.
type AvgPool struct {
	Pool
	CountPad bool
}

// weight is 1 over the number of positions that the window at first, covering [lo, hi) of the input, counts.
func (p AvgPool) weight(first, lo, hi [3]int) float32 {
	count := 1
	for d := range 3 {
		end := hi[d]
		if p.CountPad {
			lo[d], end = first[d], min(first[d]+p.Dilation[d]*(p.Kernel[d]-1)+1, p.In[d]+p.PadHi[d])
		}
		count *= (end - lo[d] + p.Dilation[d] - 1) / p.Dilation[d]
	}
	return 1 / float32(count)
}

// Forward computes y.
func (p AvgPool) Forward(y, x []float32) {
	p.Pool = p.prepare("AvgPool.Forward", len(x), len(y))
	planes, _ := p.planes()
	avgPools.run(planes, avgPooling{p, y, x})
}

// avgPooling is a call of AvgPool: y and x, or their gradients.
type avgPooling struct {
	AvgPool
	y, x []float32
}

// plane is y and x of a plane, and the channels of a pixel.
func (p *avgPooling) plane(i int) (y, x []float32, channels int) {
	_, channels = p.planes()
	in, out := volume(p.In)*channels, volume(p.Out())*channels
	return p.y[i*out:][:out], p.x[i*in:][:in], channels
}

var avgPools = newLoop(func(p *avgPooling, i int) {
	y, x, channels := p.plane(i)
	clear(y)
	p.eachWindow(func(o int, first, lo, hi [3]int) {
		mean, weight := y[o*channels:][:channels], p.weight(first, lo, hi)
		p.eachInput(lo, hi, func(i int) { addScaled(mean, x[i*channels:], weight) })
	})
})

// Backward computes dx from dy and overwrites it.
func (p AvgPool) Backward(dx, dy []float32) {
	p.Pool = p.prepare("AvgPool.Backward", len(dx), len(dy))
	planes, _ := p.planes()
	avgPoolGrads.run(planes, avgPooling{p, dy, dx})
}

var avgPoolGrads = newLoop(func(p *avgPooling, i int) {
	dy, dx, channels := p.plane(i)
	clear(dx)
	p.eachWindow(func(o int, first, lo, hi [3]int) {
		g, weight := dy[o*channels:][:channels], p.weight(first, lo, hi)
		p.eachInput(lo, hi, func(i int) { addScaled(dx[i*channels:][:channels], g, weight) })
	})
})

// GlobalAvgPool takes the mean of each plane: x is (N, C, Spatial), or blocked, and y is (N, C).
type GlobalAvgPool struct {
	N, C, Spatial int
	Blocked       bool // x is in the blocked layout; y never is
}

func (p GlobalAvgPool) check(op string, x, y int) {
	if p.N < 0 || p.C < 1 || p.Spatial < 1 {
		panic(shapeErrorf(op, "x is (%d, %d, %d)", p.N, p.C, p.Spatial))
	}
	want := p.N * p.C * p.Spatial
	if p.Blocked {
		want = BlockedLen(p.N, p.C, p.Spatial)
	}
	checkLen(op, "input", x, want)
	checkLen(op, "output", y, p.N*p.C)
}

// globalPooling is a call of GlobalAvgPool: y and x, or their gradients.
type globalPooling struct {
	GlobalAvgPool
	y, x []float32
}

// block is block i of a blocked x and its channels of y.
func (p *globalPooling) block(i int) (y, x []float32) {
	count, size := blocks(p.C), p.Spatial*Block
	c := i % count * Block
	return p.y[i/count*p.C+c:][:min(Block, p.C-c)], p.x[i*size:][:size]
}

// plane is plane i of a plain x.
func (p *globalPooling) plane(i int) []float32 { return p.x[i*p.Spatial:][:p.Spatial] }

// Forward computes y.
func (p GlobalAvgPool) Forward(y, x []float32) {
	p.check("GlobalAvgPool.Forward", len(x), len(y))
	if p.Blocked {
		blockMeans.run(p.N*blocks(p.C), globalPooling{p, y, x})
		return
	}
	planeMeans.run(len(y), globalPooling{p, y, x})
}

var (
	blockMeans = newLoop(func(p *globalPooling, i int) {
		y, x := p.block(i)
		v := spareNormVectors.Get().(*normVectors)
		defer spareNormVectors.Put(v)
		clear(v.a[:])
		clear(v.sums[:])
		moments(x, &v.a, &v.sums)
		for c := range y {
			y[c] = v.sums[c] / float32(p.Spatial)
		}
	})
	planeMeans = newLoop(func(p *globalPooling, i int) { p.y[i] = float32(sum(p.plane(i)) / float64(p.Spatial)) })
)

// Backward spreads each dy evenly over its plane of dx.
func (p GlobalAvgPool) Backward(dx, dy []float32) {
	p.check("GlobalAvgPool.Backward", len(dx), len(dy))
	if p.Blocked {
		blockSpreads.run(p.N*blocks(p.C), globalPooling{p, dy, dx})
		return
	}
	planeSpreads.run(len(dy), globalPooling{p, dy, dx})
}

var (
	blockSpreads = newLoop(func(p *globalPooling, i int) {
		dy, dx := p.block(i)
		var g [Block]float32
		for c, v := range dy {
			g[c] = v / float32(p.Spatial)
		}
		for ; len(dx) > 0; dx = dx[Block:] {
			copy(dx, g[:])
		}
	})
	planeSpreads = newLoop(func(p *globalPooling, i int) { fill(p.plane(i), p.y[i]/float32(p.Spatial)) })
)

func sum(x []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(x) >= 4; x = x[4:] {
		s0 += float64(x[0])
		s1 += float64(x[1])
		s2 += float64(x[2])
		s3 += float64(x[3])
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return (s0 + s1) + (s2 + s3)
}
