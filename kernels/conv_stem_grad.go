package kernels

// The weight gradient of a stem: sums of rows of taps in registers, over rows of pixels that stay in the first-level cache meanwhile.

type stemGradKernel func(rows, pixels int, x *float32, xrow, xplane int, dy *float32, dyplane int, dw *float32, dwplane int)

// stemGradReadsRows reports whether the weight gradient is computed from rows of plain images: with 3 or 7 taps in a row.
func (c Conv) stemGradReadsRows(s *simd) bool {
	return c.readsRows(s) && (c.Kernel[2] == 3 || c.Kernel[2] == 7)
}

// rowsOfStemGrad is the floats of dy in the output rows that are summed at once: they are read again for every row of taps.
const rowsOfStemGrad = 8 << 10

// stemGradWork is a weight gradient cut into tasks: output blocks in so many parts times channels in so many. A weight's sum is in the same
// order however they are cut.
type stemGradWork struct {
	stemWork
	panel     int // output blocks that a kernel takes
	panels    int
	ins, outs int // parts
}

// runStemGrad computes dw.
func (c Conv) runStemGrad(s *simd, dw, x, dy []float32) {
	j := stemGradWork{stemWork: stemWork{Conv: c, s: s, y: dy, x: x, weights: dw, bands: c.stemBands(), pitch: c.stemPitch()}, panel: 1}
	if s.stemGrad[c.Stride[2]][3][1][2] != nil {
		j.panel = 2
	}
	j.panels = (blocks(c.OutC) + j.panel - 1) / j.panel
	j.outs = min(j.panels, Threads())
	j.ins = min(c.InC, (Threads()+j.outs-1)/j.outs)
	stemRowGrads.run(j.outs*j.ins, j)
}

var stemRowGrads = newLoop(func(j *stemGradWork, i int) {
	in, out := i%j.ins, i/j.ins
	t := stemGradTask{stemGradWork: j, c: j.InC * in / j.ins, o: j.panels * out / j.outs * j.panel}
	t.channels = j.InC*(in+1)/j.ins - t.c
	t.blocks = min(blocks(j.OutC), j.panels*(out+1)/j.outs*j.panel) - t.o
	t.run()
})

// stemGradTask is the weights from channels to output blocks, from channel c and block o on.
type stemGradTask struct {
	*stemGradWork
	c, channels int
	o, blocks   int
}

// taps is how many rows of sums the task has.
func (t *stemGradTask) taps() int { return t.channels * t.Kernel[1] * t.Kernel[2] }

func (t *stemGradTask) run() {
	sums := borrow(t.taps() * t.blocks * Block) // [panel][tap][lane of the panel]
	defer release(sums)
	clear(*sums)
	lent := borrow(t.rowsSeen((t.Out()[1]+t.bands-1)/t.bands) * t.channels * t.pitch)
	defer release(lent)
	for step := range t.N * t.bands {
		t.addBand(*sums, *lent, step/t.bands, step%t.bands)
	}
	all := len(t.weights) / t.OutC
	for q := 0; q < t.blocks; q += t.panel {
		wide, o := min(t.panel, t.blocks-q)*Block, (t.o+q)*Block
		to := t.weights[o*all+t.c*t.Kernel[1]*t.Kernel[2]:]
		t.s.transposeInto(to, all, (*sums)[q*Block*t.taps():], wide, t.taps(), min(wide, t.OutC-o))
	}
}

// addBand adds what a band of output rows gives.
func (t *stemGradTask) addBand(sums, scratch []float32, image, band int) {
	first, last := t.band(band)
	out, rowFloats := t.Out(), t.channels*t.pitch
	scratch = scratch[:t.rowsSeen(last-first)*rowFloats]
	t.padRows(scratch, image, t.c, t.channels, first)
	atOnce := max(1, rowsOfStemGrad/(out[2]*t.panel*Block))
	for r := first; r < last; r += atOnce {
		rows := min(atOnce, last-r)
		for q := 0; q < t.blocks; q += t.panel {
			dy := t.y[(((image*blocks(t.OutC)+t.o+q)*out[1]+r)*out[2])*Block:]
			t.addRows(sums[q*t.taps()*Block:], scratch[(r-first)*t.Stride[1]*rowFloats:], dy, rows, min(t.panel, t.blocks-q))
		}
	}
}

// addRows adds what some output rows of nb blocks give.
func (t *stemGradTask) addRows(sums, x, dy []float32, rows, nb int) {
	out, k, kernels, rowBytes := t.Out(), t.Kernel[2], &t.s.stemGrad[t.Stride[2]], t.channels*t.pitch*4
	n := k
	if kernels[k][1][nb] == nil { // too many for the registers: 3+4
		n = k % 4
	}
	for v := 0; v < k; v, n = v+n, 4 {
		most := 1 // planes at once
		for most+1 < len(kernels[n]) && kernels[n][most+1][nb] != nil {
			most++
		}
		for c := range t.channels {
			for h, planes := 0, 0; h < t.Kernel[1]; h += planes {
				parts := (t.Kernel[1] - h + most - 1) / most
				planes = (t.Kernel[1] - h + parts - 1) / parts
				tap := (c*t.Kernel[1]+h)*k + v
				kernels[n][planes][nb](rows, out[2], &x[(h*t.channels+c)*t.pitch+v], t.Stride[1]*rowBytes, rowBytes, &dy[0], out[1]*out[2]*pixelBytes,
					&sums[tap*nb*Block], k*nb*pixelBytes)
			}
		}
	}
}
