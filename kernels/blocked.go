package kernels

// Block is the number of channels of a block in the blocked layout: (N, ceil(C/Block), spatial, Block), where the channels beyond C
// are zero. A vector of the assembly then holds one pixel's channels.
const Block = 16

// blocks is how many vectors of 16 so many values take, channels above all.
func blocks(values int) int { return (values + Block - 1) / Block }

// BlockedLen is the length of an (n, channels, spatial) tensor in the blocked layout.
func BlockedLen(n, channels, spatial int) int { return n * blocks(channels) * spatial * Block }

// ToBlocked converts src (n, channels, spatial) to the blocked layout.
func ToBlocked(dst, src []float32, n, channels, spatial int) {
	checkLen("ToBlocked", "src", len(src), n*channels*spatial)
	checkLen("ToBlocked", "dst", len(dst), BlockedLen(n, channels, spatial))
	toBlocks.run(n*blocks(channels), reordering{src, dst, channels, spatial})
}

// FromBlocked converts src in the blocked layout to dst (n, channels, spatial).
func FromBlocked(dst, src []float32, n, channels, spatial int) {
	checkLen("FromBlocked", "dst", len(dst), n*channels*spatial)
	checkLen("FromBlocked", "src", len(src), BlockedLen(n, channels, spatial))
	fromBlocks.run(n*blocks(channels), reordering{dst, src, channels, spatial})
}

// reordering is a tensor in both layouts.
type reordering struct {
	plain, blocked    []float32
	channels, spatial int
}

var (
	toBlocks = newLoop(func(r *reordering, i int) {
		block, planes, channels := r.part(i)
		planeToBlock(block, planes, channels, r.spatial)
	})
	fromBlocks = newLoop(func(r *reordering, i int) {
		block, planes, channels := r.part(i)
		blockToPlane(planes, block, channels, r.spatial)
	})
)

// part is block i, and its channels in the plain layout.
func (r *reordering) part(i int) (block, planes []float32, channels int) {
	count := blocks(r.channels)
	c := i % count * Block
	return r.blocked[i*r.spatial*Block:][:r.spatial*Block], r.plain[(i/count*r.channels+c)*r.spatial:], min(Block, r.channels-c)
}

// planeToBlock: dst[p*Block+c] = src[c*spatial+p] for c < channels, 0 above.
func planeToBlock(dst, src []float32, channels, spatial int) {
	if channels < Block {
		clear(dst)
	}
	if s := assembly(); s != nil && channels == Block {
		s.transposeInto(dst, Block, src, spatial, Block, spatial)
		return
	}
	for c := range channels {
		for p, v := range src[c*spatial:][:spatial] {
			dst[p*Block+c] = v
		}
	}
}

// blockToPlane: dst[c*spatial+p] = src[p*Block+c] for c < channels.
func blockToPlane(dst, src []float32, channels, spatial int) {
	if s := assembly(); s != nil && channels == Block {
		s.transposeInto(dst, spatial, src, Block, spatial, Block)
		return
	}
	for c := range channels {
		d := dst[c*spatial:][:spatial]
		for p := range d {
			d[p] = src[p*Block+c]
		}
	}
}
