package kernels

// Winograd's transform from one block of channels to another, by kernels that do all of it.

// winoBlock transforms rows of tiles; its loop is in the comment of each kernel.
type winoBlock func(rows, cols int, x *float32, from, xrow, above, below int, first, third, fourth uint16, zeros, v, u, bias, y *float32, yrow, lastrow, lastcol int, check *float32)

// single reports whether blocks do pass p: there is one block on each side and at most a pixel of padding.
func (w *winograd) single(p *directPass) bool {
	return p.planes*p.channelSets.out == 1 && p.narrow() && w.blocks[len(w.blocks)-1] != nil
}

// cutSingle is cut for blocks: strips are parts of an image.
func (p *winoPass) cutSingle(n int) {
	p.all, p.columns = n*p.rows, 1
	p.strips = n
	if t := Threads(); t > 1 {
		p.strips *= max(1, min(p.rows, (4*t+n*p.sets-1)/(n*p.sets)))
	}
}

// runSingle computes rows [r0, r1) of tiles of a set, which belong to one image, and reports whether all results are finite.
func (p *winoPass) runSingle(set, r0, r1 int) (finite bool) {
	image, lo := r0/p.rows, r0%p.rows
	hi := lo + r1 - r0
	f, size := p.s.winograd.block((r1 - r0) * p.cols)
	buf := borrow((1 + winoPlaces*(size+2)) * Block)
	defer release(buf)
	check, v := (*buf)[:Block], (*buf)[Block:]
	clear(check)
	yrow, b := p.out[1]*pixelBytes, p.borders(lo, hi)
	lastRow := yrow * b2i(2*hi <= p.out[0])
	f(r1-r0, p.cols, &p.x.block(image, set)[0], b.from, b.xrow, b.above, b.below, b.first, b.third, b.fourth, &p.zeros[0], &v[0],
		&p.weights[set*p.transformedFloats()],
		&p.bias[set*Block], &p.y.block(image, set)[2*lo*p.out[1]*Block], yrow, lastRow, pixelBytes*(1-p.out[1]%2), &check[0])
	return [Block]float32(check) == [Block]float32{}
}

// block is the kernel that does so many tiles with the fewest to spare, and how many it does at a time.
func (w *winograd) block(tiles int) (f winoBlock, size int) {
	spare := 1 << 62
	for n, g := range w.blocks {
		if g == nil {
			continue
		}
		if s := (tiles+n-1)/n*n - tiles; s <= spare {
			f, size, spare = g, n, s
		}
	}
	return f, size
}
