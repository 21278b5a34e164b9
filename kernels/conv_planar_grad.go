package kernels

// The weight gradient by runs of pixels: that of a weight is the product of two runs.

// tapDots multiplies runs; its loop is in the comment of each kernel.
type tapDots struct {
	outs int // output channels at once
	f    func(k int, a *float32, lda int, b *float32, ldb int, taps *[tapsOfDots]int, c *float32)
}

// Input channels and taps that tapDots takes at once.
const (
	insOfDots  = 2
	tapsOfDots = 3
)

// sums is how many a call adds to.
func (d *tapDots) sums() int { return d.outs * insOfDots * tapsOfDots }

// takesPlanar reports whether the weight gradient of c goes this way: where there are no tiles for it, or where their vectors have so many
// lanes without a channel that runs, which have their padding and ends without a pixel, waste less. Each factor was measured.
func (c Conv) takesPlanar(s *simd) bool {
	if !c.planar(s) || !c.direct(s) {
		return c.planar(s)
	}
	plan := c.plan(s)
	switch {
	case plan.grad == nil:
		return true
	case plan.grad.lookup != wide:
		return false
	}
	icg, ocg, out := c.InC/c.Groups, c.OutC/c.Groups, c.Out()
	filled := float64(icg*ocg) / float64(plan.grad.channels()*blocks(ocg)*Block)
	if c.apart(s) {
		filled *= 0.7 // because tensors become plain on the way
	}
	const ends = 140 // what a call costs, in pixels
	pixels := c.N * out[1] * out[2]
	cells := c.N*(out[1]+plan.planarForward.below)*plan.planarForward.pitch + ends
	return float64(pixels)/float64(cells) > 1.33*filled
}

// planarGrad is such a gradient on its way. A task owns the weights between some output and some input channels of some groups, and goes
// through strips of the images in order.
type planarGrad struct {
	planarStrips
	n         int
	dw        []float32
	x, dy     tensor
	together  int // groups of a task
	outs, ins int // channels of a group in a task
}

// weightsPlanar computes dw from x and dy, which are blocked or plain.
func (c Conv) weightsPlanar(s *simd, dw, x, dy []float32, plain bool) {
	const most = 64
	p := planarGrad{planarStrips: planarStrips{planarPass: c.plan(s).planarForward, s: s}, n: c.N, dw: dw,
		x: runsOf(x, c.InC, c.In, plain), dy: runsOf(dy, c.OutC, c.Out(), plain)}
	p.together, p.outs, p.ins = p.groupsOfTask(most), min(most, p.outC), min(most, p.inC)
	p.cutStrips(p.n, p.out[0], Block*(blocks(p.together*p.outs)+blocks(p.together*p.ins)*len(p.phases)))
	p.occupy(2 * Threads())
	planarGrads.run(p.tasks(), p)
}

// occupy makes tasks smaller until there are so many, if there is more than one thread.
func (p *planarGrad) occupy(tasks int) {
	for Threads() > 1 && p.tasks() < tasks {
		switch {
		case p.together > 1:
			p.together = (p.together + 1) / 2
		case p.outs > p.s.tapDots.outs:
			p.outs = (p.outs + 1) / 2
		default:
			return
		}
	}
}

// groupsOfTask is how many groups fill whole blocks of channels, if these are not more than so many; else how many fit into a block.
func (p *planarPass) groupsOfTask(most int) int {
	large := max(p.inC, p.outC)
	for n := 1; n <= p.groups && n*large <= most; n++ {
		if n*p.inC%Block == 0 && n*p.outC%Block == 0 {
			return n
		}
	}
	return max(1, min(p.groups, Block/large))
}

// chunks is into how many tasks the channels of a group fall.
func (p *planarGrad) chunks() (outs, ins int) {
	return (p.outC + p.outs - 1) / p.outs, (p.inC + p.ins - 1) / p.ins
}

func (p *planarGrad) tasks() int {
	outs, ins := p.chunks()
	return (p.groups + p.together - 1) / p.together * outs * ins
}

var planarGrads = newLoop(func(p *planarGrad, i int) {
	outChunks, inChunks := p.chunks()
	t := planarTask{planarGrad: p, group: i / inChunks / outChunks * p.together, first: i / inChunks % outChunks * p.outs, firstIn: i % inChunks * p.ins}
	t.count, t.outs, t.ins = min(p.together, p.groups-t.group), min(p.outs, p.outC-t.first), min(p.ins, p.inC-t.firstIn)
	t.xs = planarRuns{tensor: p.x, size: p.in, before: p.before, stride: p.stride, phases: p.phases}
	t.xs.place(&p.planarStrips, t.group*p.inC+t.firstIn, (t.count-1)*p.inC+t.ins)
	defer release(t.xs.lent)
	t.dys = planarRuns{tensor: p.dy, size: p.out, stride: [2]int{1, 1}, phases: onePhase}
	t.dys.place(&p.planarStrips, t.group*p.outC+t.first, (t.count-1)*p.outC+t.outs)
	defer release(t.dys.lent)
	table := tapTables.Get().(*tapTable)
	defer tapTables.Put(table)
	table.of(&t.xs, p.parts[0].at)
	sums := borrow(t.count * t.calls() * p.s.tapDots.sums())
	defer release(sums)
	clear(*sums)
	for image := 0; image < p.n; image += p.images {
		for row := 0; row < p.out[0]; row += p.rows {
			t.add(table, *sums, image, min(p.images, p.n-image), row)
		}
	}
	t.store(*sums)
})

// planarTask is a task of a planarGrad.
type planarTask struct {
	*planarGrad
	group, count int // the first one, and how many
	first, outs  int // output channels of a group
	firstIn, ins int
	xs, dys      planarRuns
}

// calls is how many all weights of a group take.
func (t *planarTask) calls() int {
	rows := t.s.tapDots.outs
	return (t.outs + rows - 1) / rows * ((t.ins + insOfDots - 1) / insOfDots) * ((t.all + tapsOfDots - 1) / tapsOfDots)
}

// add adds a strip of some images to sums [group][input channels][output channels][taps][of a call].
func (t *planarTask) add(table *tapTable, sums []float32, image, images, row int) {
	rows := min(t.rows, t.out[0]-row)
	for i := range images {
		t.xs.fill(&t.planarStrips, image+i, i, row, t.in[0])
		t.dys.fill(&t.planarStrips, image+i, i, row, row+rows)
	}
	n := (images-1)*t.image() + rows*t.pitch
	n = (n + t.s.lanes - 1) / t.s.lanes * t.s.lanes
	d := &t.s.tapDots
	for g := range t.count {
		for k := 0; k < t.ins; k += insOfDots {
			x := t.xs.run(g*t.inC + k)
			for o := 0; o < t.outs; o += d.outs {
				dy := t.dys.run(g*t.outC + o)
				for tap := 0; tap < t.all; tap += tapsOfDots {
					d.f(n, &dy[0], t.dys.ld*4, &x[0], t.xs.ld*4, (*[tapsOfDots]int)((*table)[tap:]), &sums[0])
					sums = sums[d.sums():]
				}
			}
		}
	}
}

// store stores the sums in the plain layout of the weights.
func (t *planarTask) store(sums []float32) {
	for g := range t.count {
		for k := 0; k < t.ins; k += insOfDots {
			for o := 0; o < t.outs; o += t.s.tapDots.outs {
				to := t.dw[(t.group+g)*t.outC*t.ofOut+(t.first+o)*t.ofOut+(t.firstIn+k)*t.ofIn:]
				outs, ins := min(t.s.tapDots.outs, t.outs-o), min(insOfDots, t.ins-k)
				for tap := 0; tap < t.all; tap += tapsOfDots {
					storeCall(to[tap:], t.ofOut, t.ofIn, sums, outs, ins, t.all-tap)
					sums = sums[t.s.tapDots.sums():]
				}
			}
		}
	}
}

// storeCall stores what calls for so many taps, or more, gave for some output and input channels.
func storeCall(to []float32, out, in int, sums []float32, outs, ins, taps int) {
	for i := range outs {
		for j := range ins {
			at, from := to[i*out+j*in:], (*[tapsOfDots]float32)(sums[(i*insOfDots+j)*tapsOfDots:])
			if taps < tapsOfDots {
				copy(at, from[:taps])
			} else {
				*(*[tapsOfDots]float32)(at) = *from
			}
		}
	}
}
