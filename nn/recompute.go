package nn

import "strings"

// Recompute makes training forget what is inside residual blocks after the forward pass and compute it again in the
// backward pass (activation checkpointing, Chen et al. 2016): about a third more time for much less memory. Results stay
// the same to the last bit. It returns the model.
func (m *Model) Recompute(on bool) *Model {
	m.recompute = on
	return m
}

// segmented is a layer whose inside may be forgotten.
type segmented interface{ segment() }

func (*Block) segment()            {}
func (*basicBlock) segment()       {}
func (*invertedResidual) segment() {}
func (residual) segment()          {}
func (shuffleUnit) segment()       {}
func (splitUnit) segment()         {}
func (*regBlock) segment()         {}
func (*skip) segment()             {}
func (*convNeXtBlock) segment()    {}

// segments says which values are forgotten between the passes, and which nodes run again to bring them back.
type segments struct {
	of        []int // segment of each node, -1 for none
	forgotten []bool
	again     []bool // of each node
	done      map[int]bool
}

// newSegments finds the nodes of each outermost segment by their names.
func newSegments(p *program, r request) segments {
	s := segments{of: make([]int, len(p.nodes)), forgotten: make([]bool, len(p.shapes)), again: make([]bool, len(p.nodes)), done: map[int]bool{}}
	for i, n := range p.nodes {
		s.of[i] = -1
		for k, name := range p.segments {
			if r.recompute && r.train && strings.HasPrefix(n.name, name+".") {
				s.of[i] = k
				break
			}
		}
	}
	s.choose(p)
	return s
}

// choose forgets what only its own segment reads.
func (s *segments) choose(p *program) {
	readers := make([][]int, len(p.shapes))
	for i, n := range p.nodes {
		for _, v := range n.in {
			readers[v] = append(readers[v], i)
		}
	}
	kept := map[int]bool{}
	for _, v := range p.kept {
		kept[v] = true
	}
	for i := len(p.nodes) - 1; i >= 0; i-- {
		n := p.nodes[i]
		if s.of[i] < 0 || kept[n.out] {
			continue
		}
		inside, needed := true, n.op.traits().needY
		for _, r := range readers[n.out] {
			inside = inside && s.of[r] == s.of[i]
			t := p.nodes[r].op.traits()
			needed = needed || s.again[r] || t.needX && (!t.firstOnly || p.nodes[r].in[0] == n.out)
		}
		s.forgotten[n.out] = inside
		s.again[i] = inside && needed
	}
}

// remember runs the segment of node i again, if it has one and has not been run again yet.
func (p *planner) remember(i int) {
	k := p.seg.of[i]
	if k < 0 || p.seg.done[k] {
		return
	}
	p.seg.done[k] = true
	for j, n := range p.prog.nodes {
		if p.seg.of[j] != k {
			continue
		}
		t := p.traits(n)
		for c, x := range n.in {
			if p.seg.forgotten[x] {
				p.reads[x] += p.readsOf(t, c) - 1
				if p.seg.again[j] {
					p.reads[x]++
				}
			}
		}
		if t.needY && p.seg.forgotten[n.out] {
			p.reads[n.out]++
		}
	}
	for j := range p.prog.nodes {
		if p.seg.of[j] == k && p.seg.again[j] {
			p.back = append(p.back, p.forward(j, true))
		}
	}
}
