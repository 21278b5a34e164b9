package kernels

import "sync"

// Convolutions, and gradients of their input, by runs of pixels.

// tapSums is a kernel that computes some output channels from all input channels of a group; its loop is in the comment of each.
type tapSums struct {
	outs, vectors int // output channels, and vectors of pixels, at once
	f             func(n, channels, taps int, x *float32, ldx int, table *int, w, bias, y *float32, ldy int)
}

// vectorsOfSums is the most vectors of a kernel.
const vectorsOfSums = 6

// sumsFor picks the kernel for what is left of the output channels of a group: the largest that computes at most one in vain.
func (s *simd) sumsFor(left int) *tapSums {
	k := 0
	for k < len(s.tapSums)-1 && s.tapSums[k].outs > left+1 {
		k++
	}
	return &s.tapSums[k]
}

// lanes is how many output channels the calls for a group compute.
func (p *planarPass) lanes(s *simd) (n int) {
	for n < p.outC {
		n += s.sumsFor(p.outC - n).outs
	}
	return n
}

// packedOfGroup is how many packed weights and biases a group has.
func (p *planarPass) packedOfGroup(s *simd) int { return p.lanes(s) * (1 + p.inC*p.all) }

// packPlanar packs what belongs to each group: [bias], then [part][call][input channel][tap][output channel of the call].
func (s *simd) packPlanar(p *planarPass, w, bias []float32) *[]float32 {
	packed := borrow(p.groups * p.packedOfGroup(s))
	planarPacks.run(p.groups, planarPacking{p, s, *packed, w, bias})
	return packed
}

type planarPacking struct {
	*planarPass
	s               *simd
	packed, w, bias []float32
}

var planarPacks = newLoop(func(p *planarPacking, group int) {
	size := p.packedOfGroup(p.s)
	to, w := p.packed[group*size:][:size], p.w[len(p.w)/p.groups*group:]
	clear(to)
	if p.bias != nil {
		copy(to, p.bias[group*p.outC:][:p.outC])
	}
	to = to[p.lanes(p.s):]
	for i := range p.parts {
		for o := 0; o < p.outC; {
			lanes := p.s.sumsFor(p.outC - o).outs
			for k := range p.inC {
				for _, tap := range p.parts[i].taps {
					for lane := range min(lanes, p.outC-o) {
						to[lane] = w[(o+lane)*p.ofOut+k*p.ofIn+tap]
					}
					to = to[lanes:]
				}
			}
			o += lanes
		}
	}
})

// planarRun is a planarPass on its way over n images. A task is some strips of groups that fill whole blocks of channels.
type planarRun struct {
	planarStrips
	n        int
	y, x     tensor
	packed   []float32
	together int // groups of a task
	each     int // strips of a task
}

// runPlanar runs p over n images from x to y. bias holds one value per output channel, or is nil.
func (s *simd) runPlanar(n int, p *planarPass, keep *Prepared, y, x tensor, w, bias []float32) {
	packed := keep.kept(forRuns, func() *[]float32 { return s.packPlanar(p, w, bias) })
	defer keep.drop(packed)
	r := planarRun{planarStrips: planarStrips{planarPass: p, s: s}, n: n, y: y, x: x, packed: *packed, together: p.wholeBlocks()}
	r.cutStrips(n, p.parts[0].count[0], Block*(blocks(r.together*p.outC)+blocks(r.together*p.inC)*len(p.phases)))
	r.each = r.strips()
	if t := Threads(); t > 1 {
		r.each = max(1, r.strips()*r.sets()/(4*t))
	}
	planarSums.run(r.tasks(), r)
}

// forwardRuns and backwardRuns are Forward and BackwardData this way, on blocked tensors or plain ones.
func (c Conv) forwardRuns(s *simd, keep *Prepared, y, x, w, b []float32, plain bool) {
	s.runPlanar(c.N, c.plan(s).planarForward, keep, runsOf(y, c.OutC, c.Out(), plain), runsOf(x, c.InC, c.In, plain), w, b)
}

func (c Conv) backwardRuns(s *simd, dx, dy, w []float32, plain bool) {
	s.runPlanar(c.N, c.plan(s).planarBackward, nil, runsOf(dx, c.InC, c.In, plain), runsOf(dy, c.OutC, c.Out(), plain), w, nil)
}

// wholeBlocks is how many groups fill whole blocks of output channels, or all of them.
func (p *planarPass) wholeBlocks() int {
	n := 1
	for n < p.groups && n*p.outC%Block != 0 {
		n++
	}
	return n
}

func (r *planarRun) sets() int { return (r.groups + r.together - 1) / r.together }

// strips is how many all images have; rowsOf is how many rows of strips one of them has.
func (r *planarRun) strips() int { return (r.n + r.images - 1) / r.images * r.rowsOf() }
func (r *planarRun) rowsOf() int { return (r.parts[0].count[0] + r.rows - 1) / r.rows }
func (r *planarRun) chunks() int { return (r.strips() + r.each - 1) / r.each }
func (r *planarRun) tasks() int  { return r.sets() * r.chunks() }

var planarSums = newLoop(func(r *planarRun, i int) {
	set, chunk := i/r.chunks(), i%r.chunks()
	t := sumsTask{planarRun: r, group: set * r.together}
	t.count = min(r.together, r.groups-t.group)
	t.xs = planarRuns{tensor: r.x, size: r.in, before: r.before, stride: r.stride, phases: r.phases}
	t.xs.place(&r.planarStrips, t.group*r.inC, t.count*r.inC)
	defer release(t.xs.lent)
	t.ys = planarRuns{tensor: r.y, size: r.out, phases: onePhase}
	t.ys.place(&r.planarStrips, t.group*r.outC, t.count*r.outC)
	defer release(t.ys.lent)
	table := tapTables.Get().(*tapTable)
	defer tapTables.Put(table)
	for strip := chunk * r.each; strip < min(r.strips(), (chunk+1)*r.each); strip++ {
		image, row := strip/r.rowsOf()*r.images, strip%r.rowsOf()*r.rows
		t.run(table, image, min(r.images, r.n-image), row)
	}
})

// tapTable is how far in bytes, from the run of a channel, some taps see the first output pixel.
type tapTable []int

var tapTables = sync.Pool{New: func() any { return new(tapTable) }}

// of fills t for taps. The last one is there for calls that take a few more, too.
func (t *tapTable) of(r *planarRuns, taps []planarTap) *int {
	*t = (*t)[:0]
	for i := range len(taps) + tapsOfDots - 1 {
		tap := taps[min(i, len(taps)-1)]
		*t = append(*t, (tap.phase*r.lines*r.ld+tap.at)*4)
	}
	return &(*t)[0]
}

// sumsTask is a task of a planarRun.
type sumsTask struct {
	*planarRun
	group, count int // the first one, and how many
	xs, ys       planarRuns
}

// run computes the outputs that begin with a row of all parts, of some images.
func (t *sumsTask) run(table *tapTable, image, images, row int) {
	for i := range images {
		t.xs.fill(&t.planarStrips, image+i, i, row, t.in[0])
	}
	at := t.lanes(t.s) // where the weights of a part begin
	for i := range t.parts {
		part := &t.parts[i]
		rows := min(t.rows, part.count[0]-row) // none, if other parts have one more
		n := (images-1)*t.image() + rows*t.pitch
		switch {
		case n > 0 && len(part.taps) > 0:
			t.sum(table.of(&t.xs, part.at), len(part.taps), at, n)
		case n > 0:
			clear(*t.ys.lent)
		}
		at += t.lanes(t.s) * t.inC * len(part.taps)
		for i := range images {
			t.store(part, image+i, i, row, rows)
		}
	}
}

// sum computes n floats of the runs of output for the taps of a part, whose weights begin so far into those of a group.
func (t *sumsTask) sum(table *int, taps, weights, n int) {
	for g := range t.count {
		packed := t.packed[(t.group+g)*t.packedOfGroup(t.s):]
		w := packed[weights:]
		for o := 0; o < t.outC; {
			k := t.s.sumsFor(t.outC - o)
			each := k.vectors * t.s.lanes
			k.f((n+each-1)/each, t.inC, taps, &t.xs.run(g * t.inC)[0], t.xs.ld*4, table, &w[0], &packed[o], &t.ys.run(g*t.outC + o)[0], t.ys.ld*4)
			o, w = o+k.outs, w[k.outs*t.inC*taps:]
		}
	}
}

// store writes what the runs have of an image to the outputs of a part.
func (t *sumsTask) store(part *planarPart, image, i, row, rows int) {
	for r := range rows {
		at, y := i*t.image()+r*t.pitch, (part.first[0]+(row+r)*t.step[0])*t.out[1]+part.first[1]
		if t.y.plain {
			for c := range t.count * t.outC {
				t.storePlain(t.y.channel(image, t.group*t.outC+c)[y:], t.ys.run(c)[at:], part.count[1])
			}
			continue
		}
		for b := range t.ys.lines / Block {
			for c := t.count * t.outC; c < (b+1)*Block; c++ { // channels that do not exist
				clear(t.ys.run(c)[at:][:part.count[1]])
			}
			t.storeBlock(t.y.block(image, t.ys.block+b)[y*Block:], (*t.ys.lent)[b*Block*t.ys.ld+at:], part.count[1])
		}
	}
}

// storePlain writes so many outputs of a row of a channel.
func (t *sumsTask) storePlain(y, run []float32, count int) {
	if t.step[1] == 1 {
		copy(y, run[:count])
		return
	}
	for i, v := range run[:count] {
		y[i*t.step[1]] = v
	}
}

// storeBlock writes so many outputs of a row of a block.
func (t *sumsTask) storeBlock(y, runs []float32, count int) {
	s, next := t.s, t.step[1]*Block
	if count >= s.lanes {
		s.turnBack(y, next, runs, t.ys.ld, count/s.lanes)
		if last := count - s.lanes; count%s.lanes != 0 {
			s.turnBack(y[last*next:], next, runs[last:], t.ys.ld, 1)
		}
		return
	}
	buf := borrow(s.lanes * Block)
	defer release(buf)
	s.turnBack(*buf, Block, runs, t.ys.ld, 1)
	for i := range count {
		copy(y[i*next:][:Block], (*buf)[i*Block:])
	}
}
