package kernels

import "sync"

// MaxPool takes the largest value of each window, NaN counting as larger than any number.
type MaxPool struct{ Pool }

// Forward computes y and, unless argmax is nil, the position within its input plane of each maximum (the first one of equals).
func (p MaxPool) Forward(y, x []float32, argmax []int32) {
	p.Pool = p.prepare("MaxPool.Forward", len(x), len(y))
	if argmax != nil {
		checkLen("MaxPool.Forward", "argmax", len(argmax), len(y))
	}
	planes, _ := p.planes()
	maxPools.run(planes, maxPooling{p, y, x, argmax})
}

// maxPooling is a call of MaxPool: y and x, or their gradients.
type maxPooling struct {
	MaxPool
	y, x   []float32
	argmax []int32 // or nil
}

// plane is y, argmax and x of a plane, and the channels of a pixel.
func (p *maxPooling) plane(i int) (y []float32, argmax []int32, x []float32, channels int) {
	_, channels = p.planes()
	in, out := volume(p.In)*channels, volume(p.Out())*channels
	if p.argmax != nil {
		argmax = p.argmax[i*out:][:out]
	}
	return p.y[i*out:][:out], argmax, p.x[i*in:][:in], channels
}

var maxPools = newLoop(func(p *maxPooling, i int) {
	y, argmax, x, channels := p.plane(i)
	if s := assembly(); s != nil && p.Blocked && p.In[0] == 1 && p.Kernel[0] == 1 {
		p.maxRows(s, y, x, argmax)
		return
	}
	var lanes [Block]int32
	where := lanes[:channels]
	p.eachWindow(func(o int, _, lo, hi [3]int) {
		best := y[o*channels:][:channels]
		first := true
		p.eachInput(lo, hi, func(i int) {
			maxInto(best, where, x[i*channels:][:channels], int32(i), first)
			first = false
		})
		if argmax != nil {
			copy(argmax[o*channels:], where)
		}
	})
})

// maxInto keeps in best the larger of best and x, or x if first, and in where the position i of those that it took.
func maxInto(best []float32, where []int32, x []float32, i int32, first bool) {
	best, where = best[:len(x)], where[:len(x)]
	for c, v := range x {
		if first || v > best[c] || v != v && best[c] == best[c] {
			best[c], where[c] = v, i
		}
	}
}

// Backward adds each dy to the dx of the position that Forward stored in argmax; dx is overwritten.
func (p MaxPool) Backward(dx, dy []float32, argmax []int32) {
	p.Pool = p.prepare("MaxPool.Backward", len(dx), len(dy))
	checkLen("MaxPool.Backward", "argmax", len(argmax), len(dy))
	planes, _ := p.planes()
	maxPoolGrads.run(planes, maxPooling{p, dy, dx, argmax})
}

var maxPoolGrads = newLoop(func(p *maxPooling, i int) {
	dy, argmax, dx, channels := p.plane(i)
	clear(dx)
	for o, i := range argmax {
		dx[int(i)*channels+o%channels] += dy[o]
	}
})

// windowScratch is what maxRows needs besides tensors.
type windowScratch struct {
	offsets []int   // of the taps of a window, in bytes
	where   []int32 // for a row of maxima whose places nobody asks for
}

var spareWindowScratch = sync.Pool{New: func() any { return new(windowScratch) }}

// maxRows is Forward for a blocked plane without depth; where may be nil.
func (p MaxPool) maxRows(s *simd, y, x []float32, where []int32) {
	out, width := p.Out(), p.In[2]
	t := spareWindowScratch.Get().(*windowScratch)
	defer spareWindowScratch.Put(t)
	if len(t.where) < out[2]*Block {
		t.where = make([]int32, out[2]*Block)
	}
	for h := range out[1] {
		row, rows := p.seen(1, h)
		for w := 0; w < out[2]; {
			col, cols := p.seen(2, w)
			n := 1 // windows that see as many columns
			for cols == p.Kernel[2] && w+n < out[2] && p.whole(w+n) {
				n++
			}
			t.offsets = t.offsets[:0]
			for i := range rows {
				for j := range cols {
					t.offsets = append(t.offsets, (i*p.Dilation[1]*width+j*p.Dilation[2])*pixelBytes)
				}
			}
			o, first, to := (h*out[2]+w)*Block, row*width+col, &t.where[0]
			if where != nil {
				to = &where[o]
			}
			s.maxWindows(n, rows*cols, &x[first*Block], p.Stride[2]*pixelBytes, &t.offsets[0], first, p.Stride[2], &y[o], to)
			w += n
		}
	}
}

// whole says that no column of window o is padding.
func (p MaxPool) whole(o int) bool {
	_, taps := p.seen(2, o)
	return taps == p.Kernel[2]
}

// seen is the first input position that window o covers in dimension d, and how many it covers.
func (p MaxPool) seen(d, o int) (first, taps int) {
	first, taps = o*p.Stride[d]-p.PadLo[d], p.Kernel[d]
	for first < 0 {
		first, taps = first+p.Dilation[d], taps-1
	}
	for first+(taps-1)*p.Dilation[d] >= p.In[d] {
		taps--
	}
	return first, taps
}
