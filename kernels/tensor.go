package kernels

// tensor is what the direct convolutions read and write: images of blocks of channels. A plain one is converted block by block by the
// task that needs it, so that the copy stays in cache.
type tensor struct {
	data     []float32
	channels int
	pixels   int
	plain    bool
	group    int // channels of a group, if each group begins a block of its own, which only a plain tensor can be seen as; or 0
}

// read returns count blocks of an image from block first on, and maybe what follows them. The caller gives back what is lent for it.
func (t tensor) read(image, first, count int) (x []float32, lent *[]float32) {
	size := t.pixels * Block
	if !t.plain {
		return t.data[(image*blocks(t.channels)+first)*size:], nil
	}
	buf := borrow(count * size)
	for i := range count {
		planeToBlock((*buf)[i*size:][:size], t.channel(image, t.first(first+i)), t.present(first+i), t.pixels)
	}
	return *buf, buf
}

// giveBack releases what was lent, if anything was.
func giveBack(lent *[]float32) {
	if lent != nil {
		release(lent)
	}
}

// viaBlocks calls f with t or, if it is plain, with one of n images in the blocked layout, from which t is set afterwards.
func (t tensor) viaBlocks(n int, f func(tensor)) {
	if !t.plain {
		f(t)
		return
	}
	lent := borrow(BlockedLen(n, t.channels, t.pixels))
	defer release(lent)
	f(tensor{data: *lent, channels: t.channels, pixels: t.pixels})
	FromBlocked(t.data, *lent, n, t.channels, t.pixels)
}

// block is a block of an image of a tensor that is not plain.
func (t tensor) block(image, block int) []float32 {
	size := t.pixels * Block
	return t.data[(image*blocks(t.channels)+block)*size:][:size]
}

// image is t from an image on.
func (t tensor) image(i int) tensor {
	t.data = t.data[i*blocks(t.channels)*t.pixels*Block:]
	return t
}

// room returns where to put such blocks. The caller calls write, with what is lent for it, when they are there.
func (t tensor) room(image, first, count int) (y []float32, lent *[]float32) {
	size := t.pixels * Block
	if !t.plain {
		return t.data[(image*blocks(t.channels)+first)*size:], nil
	}
	lent = borrow(count * size)
	return *lent, lent
}

// write writes blocks that were put into what is lent, if anything was.
func (t tensor) write(lent *[]float32, image, first, count int) {
	if lent == nil {
		return
	}
	size := t.pixels * Block
	for i := range count {
		blockToPlane(t.channel(image, t.first(first+i)), (*lent)[i*size:][:size], t.present(first+i), t.pixels)
	}
	release(lent)
}

// channel is a plain tensor from a channel of an image on.
func (t tensor) channel(image, c int) []float32 { return t.data[(image*t.channels+c)*t.pixels:] }

// first is the first channel of a block.
func (t tensor) first(block int) int {
	if t.group == 0 {
		return block * Block
	}
	per := blocks(t.group)
	return block/per*t.group + block%per*Block
}

// present is how many channels of a block exist.
func (t tensor) present(block int) int {
	if t.group == 0 {
		return min(Block, t.channels-block*Block)
	}
	return min(Block, t.group-block%blocks(t.group)*Block)
}
