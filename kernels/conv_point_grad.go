package kernels

type pointGradKernel func(pixels int, x, dy *float32, dyplane int, dw *float32, dwrow int, ahead *float32, lines, step int)

// blocksOfGrad is for how many input blocks times output blocks sums stay in the second-level cache, beside the pixels of a chunk and those
// that come next.
const blocksOfGrad = 128

// chunkOfGrad is the pixels of a chunk: those of a panel of output stay in the first-level cache. Machines that know better change it.
var chunkOfGrad = 112

// runGrad computes dw (out x in) from x and dy. A task owns the weights between some input blocks and some output blocks: as many as let
// pixels be read seldom, yet stay in cache and occupy the threads.
func (p pointPass) runGrad(s *simd, dw, x, dy []float32) {
	if !p.source.gapless() { // tasks share the copy
		copied := p.compact(s, x)
		defer release(copied)
		p.runGrad(s, dw, *copied, dy)
		return
	}
	planes, outs := blocks(p.in), blocks(p.out)
	depth, width := p.gradCut(s.pointPanel())
	across, down := (planes+depth-1)/depth, (outs+width-1)/width
	pointGrads.run(across*down, pointGradWork{p, s, dw, x, dy, depth, width})
}

// pointGradWork is a weight gradient cut into tasks of so many input and output blocks.
type pointGradWork struct {
	pointPass
	s            *simd
	dw, x, dy    []float32
	depth, width int
}

var pointGrads = newLoop(func(w *pointGradWork, i int) {
	planes, outs := blocks(w.in), blocks(w.out)
	across := (planes + w.depth - 1) / w.depth
	b, o := i%across*w.depth, i/across*w.width
	g := pointGradTask{pointGradWork: w, b: b, depth: min(w.depth, planes-b), o: o, width: min(w.width, outs-o)}
	g.run()
})

// gradCut is how many input and output blocks a task of runGrad takes.
func (p *pointPass) gradCut(panel int) (depth, width int) {
	const least = 4 // input blocks
	planes, outs := blocks(p.in), blocks(p.out)
	want := 2 * Threads()
	if Threads() == 1 {
		want = 1
	}
	depth, width = planes, (outs+panel-1)/panel*panel
	for depth*width > blocksOfGrad || (planes+depth-1)/depth*((outs+width-1)/width) < want {
		switch {
		case depth > least && (depth > width || width == panel):
			depth = (depth + 1) / 2
		case width > panel:
			width = (width/panel + 1) / 2 * panel
		case depth > 1 && (planes+depth-1)/depth*((outs+width-1)/width) < Threads(): // reading pixels again beats an idle thread
			depth = (depth + 1) / 2
		default:
			return depth, width
		}
	}
	return depth, width
}

// pointGradTask is the weights between depth input blocks from b on and width output blocks from o on.
type pointGradTask struct {
	*pointGradWork
	b, depth int
	o, width int
}

func (g *pointGradTask) run() {
	panel := g.s.pointPanel()
	sums := borrow(g.depth * Block * g.width * Block)
	defer release(sums)
	clear(*sums)
	chunks := g.chunksOf(chunkOfGrad)
	for i := range g.n * chunks {
		g.addChunk(*sums, i, chunks)
	}
	for q := 0; q < g.width; q += panel {
		ld := min(panel, g.width-q) * Block
		first := (g.o + q) * Block
		part := (*sums)[q*g.depth*Block*Block:]
		g.s.transposeInto(g.dw[first*g.in+g.b*Block:], g.in, part, ld, min(g.depth*Block, g.in-g.b*Block), min(ld, g.out-first))
	}
}

// addChunk adds the products of the pixels of a chunk, counted through the images: sums are [panel][input channel][lane of the panel].
func (g *pointGradTask) addChunk(sums []float32, chunk, chunks int) {
	panel, image := g.s.pointPanel(), chunk/chunks
	from, to := g.chunk(chunk%chunks, chunks)
	x := g.x[((image*blocks(g.in)+g.b)*g.pixels+from)*Block:]
	dy := g.dy[((image*blocks(g.out)+g.o)*g.pixels+from)*Block:]
	ahead := g.following(chunk+1, chunks, 3*(g.width+panel-1)/panel*g.depth)
	for q := 0; q < g.width; q += panel {
		nb := min(panel, g.width-q)
		ld := nb * Block
		for plane := range g.depth {
			part := sums[(q*g.depth+plane*nb)*Block*Block:]
			for l, rows := 0, 6; l < Block; l, rows = l+rows, 5 { // 16 channels are 6+5+5
				next, lines, step := ahead.piece()
				g.s.pointGrad[rows][nb](to-from, &x[plane*g.pixels*Block+l], &dy[q*g.pixels*Block], g.pixels*pixelBytes, &part[l*ld], ld*4,
					next, lines, step)
			}
		}
	}
}

// following is the pixels of a chunk, if there is one, to be fetched in the course of so many calls.
func (g *pointGradTask) following(chunk, chunks, calls int) (l pairAhead) {
	image := chunk / chunks
	if image == g.n {
		return l
	}
	from, to := g.chunk(chunk%chunks, chunks)
	firstX, firstY := image*blocks(g.in)+g.b, image*blocks(g.out)+g.o
	callsX := max(1, calls*g.depth/(g.depth+g.width))
	l.x = g.source.lookahead(g.x, firstX, firstX+g.depth, from, to, callsX)
	l.dy = g.source.lookahead(g.dy, firstY, firstY+g.width, from, to, calls-callsX)
	return l
}

// pairAhead is two lookaheads one after the other.
type pairAhead struct{ x, dy lookahead }

func (l *pairAhead) piece() (x *float32, lines, step int) {
	if l.x.done < l.x.lines {
		return l.x.piece()
	}
	return l.dy.piece()
}
