package kernels

// Direct 3x3 convolutions with blocks of 16 channels that read and write blocked tensors as they lie. A call computes a band of rows.

// planeConvKernel computes rows of tiles of rows x cols output pixels; its loop is in the comment of each kernel. An edged one takes for
// granted that its first and last column of input is padding.
type planeConvKernel struct {
	rows, cols int
	edged      bool
	f          func(rows, tiles, planes, channels int, x *float32, from, xrow, xplane, xlast, kh int, w *float32, wrow, wcol int, bias, y *float32, yrow, ylast, top, bottom, left, right, ahead int, soon *float32, lines int)
}

// planePass is a pass and its kernels.
type planePass struct {
	directPass
	tile, lastTile planeConvKernel // for most rows, and for the last ones
}

// planesTogether is how many planes of input are added up at once: their weights, and rows of theirs, stay in the first-level cache.
// Where tiles overlap it is all of them, lest they add twice.
func planesTogether(passes []planePass) int {
	for i := range passes {
		p := &passes[i]
		if rest := p.out[0] % p.tile.rows; p.out[1]%p.tile.cols != 0 || rest != 0 && rest != p.lastTile.rows {
			return p.planes
		}
	}
	return min(2, passes[0].planes)
}

// planePasses are the passes with kernels, or nil if there are not kernels for all of them.
func (s *simd) planePasses(passes []directPass) (all []planePass) {
	for _, d := range passes {
		p := planePass{directPass: d}
		if !p.fits() || !p.choose(s.planeConv[p.key()]) {
			return nil
		}
		all = append(all, p)
	}
	return all
}

// wholeForward and wholeBackward are the passes of c for kernels that take planes as they lie, or nil.
func (c Conv) wholeForward(s *simd) []planePass { return s.planePasses([]directPass{c.forwardPass(s)}) }

func (c Conv) wholeBackward(s *simd) []planePass {
	cs, ok := s.channelSets(c.Groups, c.OutC/c.Groups, c.InC/c.Groups)
	if !ok {
		return nil
	}
	passes, ok := c.residuePasses(cs, true, func(k convKey) bool { return s.planeConv[k] != nil })
	if !ok {
		return nil
	}
	return s.planePasses(passes)
}

// fits reports whether whole blocks see whole blocks or a part of one, with at most one row or column of padding at each side.
func (p *planePass) fits() bool {
	lastRow := (p.out[0]-1)*p.stride + p.kh - 1 - p.pad[0]
	blocks := p.lookup == wide && (p.k == Block || p.planes == 1)
	return blocks && p.weightOf.all == 9 && p.outPixel == 1 && p.pad[0]|p.pad[1]|1 == 1 && lastRow <= p.in[0] && p.lastPixel() <= p.in[1]
}

// lastPixel is the last column of input that is seen.
func (p *planePass) lastPixel() int { return p.key().pixels(p.out[1]) - 1 - p.pad[1] }

// choose picks the tile that wastes least on the output.
func (p *planePass) choose(kernels []planeConvKernel) (ok bool) {
	cost := 1 << 62
	for _, k := range kernels {
		rest := p.out[0] % k.rows
		if p.out[0] < k.rows || p.out[1] < k.cols || k.edged && !p.edged(k) {
			continue
		}
		rows, last := p.out[0]-rest, k
		for _, l := range kernels {
			if l.rows == rest && l.cols == k.cols && l.edged == k.edged {
				last = l
			}
		}
		if rest > 0 {
			rows += last.rows
		}
		columns := (p.out[1] + k.cols - 1) / k.cols
		if c := columns*(2*rows*k.cols+3*(rows+k.rows-1)/k.rows) - b2i(k.edged); c < cost {
			p.tile, p.lastTile, cost = k, last, c
		}
	}
	return cost < 1<<62
}

// edged says that a tile is as wide as the output, with padding at both ends.
func (p *planePass) edged(k planeConvKernel) bool {
	return k.cols == p.out[1] && p.pad[1] == 1 && p.lastPixel() >= p.in[1]
}

// runPlanes runs the passes over n images from x to y, which are blocked. bias holds one value per output channel, or is nil.
func (s *simd) runPlanes(n int, passes []planePass, keep *Prepared, y, x tensor, w, bias []float32) {
	p := &passes[0]
	outs := p.channelSets.out
	padded := borrow(p.sets * outs * Block)
	defer release(padded)
	p.spread(*padded, bias)
	packed := keep.kept(forPlanes, func() *[]float32 { return s.packPlanes(&p.directPass, w) })
	defer keep.drop(packed)
	want := 1 // tasks for an image and set
	if t := Threads(); t > 1 {
		want = (4*t + n*p.sets - 1) / (n * p.sets)
	}
	parts := min(outs, want)
	bands := max(1, min(p.tileRows(), want/parts))
	far := (p.half || p.stride > 1) && len(y.data) >= farOutput*Threads()
	r := planeRun{passes, *packed, *padded, y, x, n, parts, bands, planesTogether(passes), far}
	planeRuns.run(r.tasks(), r)
}

// planeRun is passes on their way. All images use the weights of a set before those of the next one come.
type planeRun struct {
	passes        []planePass
	weights, bias []float32
	y, x          tensor
	n             int  // images
	parts, bands  int  // of the output blocks of a set, and of their rows
	together      int  // planes
	far           bool // whether output comes from beyond the second-level cache
}

// farOutput is how many floats of output of a thread stay in its second-level cache from call to call, beside input and weights.
const farOutput = 1 << 18

// planeTask is a band of the rows of output blocks [first, last) of a set of an image.
type planeTask struct{ set, image, first, last, band int }

func (r *planeRun) tasks() int { return r.passes[0].sets * r.parts * r.n * r.bands }

func (r *planeRun) task(i int) planeTask {
	band, image, part, set := i%r.bands, i/r.bands%r.n, i/r.bands/r.n%r.parts, i/r.bands/r.n/r.parts
	outs := r.passes[0].channelSets.out
	return planeTask{set, image, set*outs + outs*part/r.parts, set*outs + outs*(part+1)/r.parts, band}
}

var planeRuns = newLoop(func(r *planeRun, i int) {
	t := r.task(i)
	for block := t.first; block < t.last; block++ {
		r.block(t, block, r.fetch(r.following(i, block), t.band))
	}
})

// block computes a block of the output of a task, and fetches what comes after it meanwhile.
func (r *planeRun) block(t planeTask, block int, soon planeFetch) {
	p := &r.passes[0]
	x := r.x.data[(t.image*blocks(r.x.channels)+t.set*p.planes)*r.x.pixels*Block:]
	w := r.weights[block*p.weightsOfBlock():]
	b := planeBand{y: r.y.block(t.image, block), bias: &r.bias[block*Block], soon: soon}
	for first := 0; first < p.planes; first += r.together {
		b.planes, b.x, b.w = min(r.together, p.planes-first), x[first*r.x.pixels*Block:], w[first*p.weightsOfPlane():]
		for k := range r.passes {
			p := &r.passes[k]
			from, to := p.rowsOfBand(t.band, r.bands)
			p.band(from, to, &b)
		}
		b.bias = nil
	}
}

// planeFetch is output of which the kernels bring so many lines nearer for every channel of a tile: stores wait for lines that come from
// far off, and those of a gradient with a stride come faster than the first-level cache can ask for them.
type planeFetch struct {
	y     []float32
	lines int
}

// following is the output that comes after a block of task i.
func (r *planeRun) following(i, block int) []float32 {
	t := r.task(i)
	block++
	switch {
	case !r.far || block == t.last && i+1 == r.tasks():
		return nil
	case block == t.last:
		t = r.task(i + 1)
		block = t.first
	}
	pixels := r.passes[0].outPlane
	return r.y.block(t.image, block)[pixels*t.band/r.bands*Block : pixels*(t.band+1)/r.bands*Block]
}

// fetch brings y in the course of a band of a block.
func (r *planeRun) fetch(y []float32, band int) planeFetch {
	steps := 0
	for k := range r.passes {
		p := &r.passes[k]
		from, to := p.rowsOfBand(band, r.bands)
		steps += (to - from) * p.tiles(&p.tile) * p.planes * p.k
	}
	return planeFetch{y, (len(y)/Block + steps - 1) / max(steps, 1)}
}

// take is what to bring in so many steps.
func (f *planeFetch) take(steps int) (y *float32, lines int) {
	if len(f.y) == 0 {
		return nil, 0
	}
	y = &f.y[0]
	f.y = f.y[min(len(f.y), steps*f.lines*Block):]
	return y, f.lines
}

// tileRows is the number of rows of tiles. The last one may have a lower tile, or else overlap the one before it.
func (p *planePass) tileRows() int { return (p.out[0] + p.tile.rows - 1) / p.tile.rows }

// rowsOfBand returns the rows of tiles that belong to a band.
func (p *planePass) rowsOfBand(band, bands int) (first, last int) {
	n := p.tileRows()
	return n * band / bands, n * (band + 1) / bands
}

// planeBand is the part of some planes of input in a block of output: added to y if bias is nil.
type planeBand struct {
	planes  int
	x, w, y []float32
	bias    *float32
	soon    planeFetch
}

// tiles is how many tiles k lie side by side.
func (p *planePass) tiles(k *planeConvKernel) int { return (p.out[1] + k.cols - 1) / k.cols }

// band computes rows [t0, t1) of tiles.
func (p *planePass) band(t0, t1 int, b *planeBand) {
	whole := min(t1, p.out[0]/p.tile.rows)
	if t0 < whole {
		p.rowsOfTiles(&p.tile, t0*p.tile.rows, whole-t0, b)
	}
	if whole < t1 {
		p.rowsOfTiles(&p.lastTile, p.out[0]-p.lastTile.rows, 1, b)
	}
}

// rowsOfTiles computes n rows of tiles k from output row r on.
func (p *planePass) rowsOfTiles(k *planeConvKernel, r, n int, b *planeBand) {
	xrow, lastCol := p.in[1]*pixelBytes, p.out[1]-k.cols
	from := (r*p.stride-p.pad[0])*xrow - p.pad[1]*pixelBytes
	wrow, wcol := 0, (p.taps[1]-p.taps[0])*pixelBytes
	if p.kh > 1 {
		wrow = (p.taps[p.kw] - p.taps[0]) * pixelBytes
	}
	top, bottom := p.padding(r, n*k.rows)
	left, right := p.pad[1], b2i(p.lastPixel() >= p.in[1])
	ahead := (p.stride*(k.rows-1) + p.kh) * xrow
	tiles := p.tiles(k)
	soon, lines := b.soon.take(n * tiles * b.planes * p.k)
	k.f(n, tiles, b.planes, p.k, &b.x[0], from, xrow, p.in[0]*xrow, p.key().pixel(lastCol)*pixelBytes, p.kh,
		&b.w[p.taps[0]*Block], wrow, wcol, b.bias, &b.y[(p.outAt+r*p.outRow)*Block], p.outRow*pixelBytes, lastCol*pixelBytes, top, bottom, left, right, ahead, soon, lines)
}

// weightsOfBlock is how many packed weights lead to a block of output channels, with what packing writes beyond.
func (p *directPass) weightsOfBlock() int { return p.planes*p.weightsOfPlane() + Block*Block }

func (p *directPass) weightsOfPlane() int { return p.k * p.weightOf.all * Block }

// packPlanes packs the weights of all taps for every output block: [input channel][tap][lane].
func (s *simd) packPlanes(p *directPass, w []float32) *[]float32 {
	size, outs := p.weightsOfBlock(), p.sets*p.channelSets.out
	packed := borrow(outs * size)
	planePacks.run(outs, planePacking{p, s, *packed, w})
	return packed
}

type planePacking struct {
	*directPass
	s         *simd
	packed, w []float32
}

var planePacks = newLoop(func(p *planePacking, block int) {
	size := p.weightsOfBlock()
	to := p.packed[block*size:]
	p.weightOf.lanes(p.s, to, p.w, block*Block, p.planes*p.k)
})
