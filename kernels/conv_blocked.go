package kernels

// direct reports whether the direct kernels of s may do convolution c: 2-D, not dilated, equal strides, more than one tap.
func (c Conv) direct(s *simd) bool {
	if s == nil || c.In[0] != 1 || c.Kernel[0] != 1 || c.PadLo[0]+c.PadHi[0] != 0 || c.Dilation[1] != 1 || c.Dilation[2] != 1 ||
		c.Stride[1] != c.Stride[2] || c.Kernel[1]*c.Kernel[2] == 1 {
		return false
	}
	cs, ok := s.channelSets(c.Groups, c.InC/c.Groups, c.OutC/c.Groups)
	return ok && s.conv[convKey{cs.lookup, c.Kernel[2], c.Stride[2]}] != nil
}

// forwardPass is the forward convolution as one pass.
func (c Conv) forwardPass(s *simd) directPass {
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	cs, _ := s.channelSets(c.Groups, icg, ocg)
	taps := c.Kernel[1] * c.Kernel[2]
	out := c.Out()
	p := directPass{channelSets: cs, in: [2]int{c.In[1], c.In[2]}, out: [2]int{out[1], out[2]}, kh: c.Kernel[1], kw: c.Kernel[2],
		stride: c.Stride[2], pad: [2]int{c.PadLo[1], c.PadLo[2]}, outRow: out[2], outPixel: 1, outPlane: out[1] * out[2]}
	p.weightOf = weightIndex{base: func(oc int) int { return oc * icg * taps }, step: taps, in: icg, outs: c.OutC}
	for t := range taps {
		p.weightOf.taps = append(p.weightOf.taps, t)
	}
	p.size()
	return p
}

func (p *directPass) size() {
	p.packedSize = p.channelSets.out * p.planes * p.kh * p.k * p.kw * Block
}

// backwardPasses is the gradient with respect to the input: for each residue of the input row and column modulo the stride, the
// convolution of dy with those taps that reach it. It fails if a residue has no taps or no kernel.
func (c Conv) backwardPasses(s *simd) (passes []directPass, ok bool) {
	icg, ocg := c.InC/c.Groups, c.OutC/c.Groups
	cs, ok := s.channelSets(c.Groups, ocg, icg)
	if !ok {
		return nil, false
	}
	taps := c.Kernel[1] * c.Kernel[2]
	out := c.Out()
	stride := c.Stride[2]
	for row := range stride {
		for col := range stride {
			v, h := c.residue(1, row), c.residue(2, col)
			if len(v.taps)*len(h.taps) == 0 || s.conv[convKey{cs.lookup, len(h.taps), 1}] == nil {
				return nil, false
			}
			if row >= c.In[1] || col >= c.In[2] {
				continue
			}
			p := directPass{channelSets: cs, in: [2]int{out[1], out[2]}, kh: len(v.taps), kw: len(h.taps), stride: 1,
				out: [2]int{(c.In[1] - row + stride - 1) / stride, (c.In[2] - col + stride - 1) / stride},
				pad: [2]int{v.pad, h.pad}, outAt: row*c.In[2] + col, outRow: stride * c.In[2], outPixel: stride, outPlane: c.In[1] * c.In[2]}
			p.weightOf = weightIndex{base: func(ic int) int { return (ic/icg*ocg*icg + ic%icg) * taps }, step: icg * taps, in: ocg, outs: c.InC}
			for _, i := range v.taps {
				for _, j := range h.taps {
					p.weightOf.taps = append(p.weightOf.taps, i*c.Kernel[2]+j)
				}
			}
			p.size()
			passes = append(passes, p)
		}
	}
	return passes, true
}

// residue describes, in dimension d, the gradient at input positions r + i*stride: output position i-pad+j reaches it through taps[j].
type residue struct {
	taps []int
	pad  int
}

func (c Conv) residue(d, r int) residue {
	var res residue
	stride := c.Stride[d]
	// input r sees tap k of output (r + PadLo - k)/stride; the largest k comes from the smallest output.
	for k := c.Kernel[d] - 1; k >= 0; k-- {
		if (r+c.PadLo[d]-k)%stride != 0 {
			continue
		}
		if len(res.taps) == 0 {
			res.pad = (k - r - c.PadLo[d]) / stride
		}
		res.taps = append(res.taps, k)
	}
	return res
}

// forwardDirect is the forward convolution of plain tensors through the blocked layout.
func (c Conv) forwardDirect(s *simd, y, x, w, b []float32) {
	through(c.N, y, c.OutC, volume(c.Out()), x, c.InC, volume(c.In), func(y, x []float32) {
		s.runDirect(c.N, []directPass{c.forwardPass(s)}, y, x, w, b)
	})
}

// through calls f with blocked copies of an output and an input, and copies the output back.
func through(n int, y []float32, outC, outPixels int, x []float32, inC, inPixels int, f func(y, x []float32)) {
	by, bx := borrow(BlockedLen(n, outC, outPixels)), borrow(BlockedLen(n, inC, inPixels))
	defer release(by)
	defer release(bx)
	ToBlocked(*bx, x, n, inC, inPixels)
	f(*by, *bx)
	FromBlocked(y, *by, n, outC, outPixels)
}
