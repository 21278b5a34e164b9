package kernels

// gradPart is the pixels of a convolution's input whose rows and columns leave the same remainders modulo the stride. Their gradients see the
// same taps, each of them at neighbouring pixels of the output's gradient.
type gradPart struct {
	first, count [2]int
	taps         []int
}

// gradParts are those of all pixels.
func (c Conv) gradParts() (all []gradPart) {
	for row := range min(c.Stride[1], c.In[1]) {
		for col := range min(c.Stride[2], c.In[2]) {
			r := gradPart{first: [2]int{row, col}}
			for d := range 2 {
				r.count[d] = (c.In[d+1] - r.first[d] + c.Stride[d+1] - 1) / c.Stride[d+1]
			}
			for tap := range volume(c.Kernel) {
				if at := c.seenBy(r.first, tap); at[0]%c.Stride[1] == 0 && at[1]%c.Stride[2] == 0 {
					r.taps = append(r.taps, tap)
				}
			}
			all = append(all, r)
		}
	}
	return all
}

// seenBy is the row and column, times the stride, of the output's gradient that a pixel of the input sees through a tap.
func (c Conv) seenBy(pixel [2]int, tap int) (at [2]int) {
	for d, t := range [2]int{tap / c.Kernel[2], tap % c.Kernel[2]} {
		at[d] = pixel[d] + c.PadLo[d+1] - t*c.Dilation[d+1]
	}
	return at
}

// seenBefore is how many rows, or columns, above or left of the output's gradient pixels of the input see.
func (c Conv) seenBefore(d int) int {
	s, last := c.Stride[d+1], (c.Kernel[d+1]-1)*c.Dilation[d+1]
	return max(0, (last-c.PadLo[d+1]+s-1)/s)
}
