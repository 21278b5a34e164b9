package nn

import "slices"

// fuse joins batch normalisations with the sum and the ReLU behind them into one operation, where nobody else reads what
// is between. Values in keep are read.
func fuse(nodes []*node, keep []int) []*node {
	f := &fusion{readers: map[int][]*node{}, maker: map[int]*node{}, gone: map[*node]bool{}, keep: keep}
	for _, n := range nodes {
		f.maker[n.out] = n
		for _, v := range n.in {
			f.readers[v] = append(f.readers[v], n)
		}
	}
	replaced := map[*node]*node{}
	for _, n := range nodes {
		if last, fused := f.match(n); fused != nil {
			replaced[last] = fused
		}
	}
	var out []*node
	for _, n := range nodes {
		switch {
		case replaced[n] != nil:
			out = append(out, replaced[n])
		case !f.gone[n]:
			out = append(out, n)
		}
	}
	return out
}

type fusion struct {
	readers map[int][]*node
	maker   map[int]*node
	gone    map[*node]bool
	keep    []int
}

// only returns the node that alone reads v, if nobody else does.
func (f *fusion) only(v int) *node {
	if len(f.readers[v]) != 1 || slices.Contains(f.keep, v) {
		return nil
	}
	return f.readers[v][0]
}

// match looks for a batch normalisation n, perhaps a sum, perhaps a ReLU, and returns the last of them and what stands
// for all.
func (f *fusion) match(n *node) (last, fused *node) {
	bn, ok := n.op.(*BatchNorm)
	if !ok || f.gone[n] {
		return nil, nil
	}
	o := &normAct{bn: bn}
	in, chain := []int{n.in[0]}, []*node{n}
	if next := f.only(n.out); next != nil {
		if _, ok := next.op.(*sum); ok && len(next.in) == 2 && !f.gone[next] {
			other := next.in[0]
			if other == n.out {
				other = next.in[1]
			}
			if other == n.out { // x + x
				return nil, nil
			}
			o.residual = true
			in, chain = append(in, other), append(chain, next)
		}
	}
	tail := chain[len(chain)-1]
	if next := f.only(tail.out); next != nil {
		if _, ok := next.op.(*relu); ok {
			o.relu = true
			chain = append(chain, next)
		}
	}
	if len(chain) == 1 {
		return nil, nil
	}
	for _, c := range chain {
		f.gone[c] = true
	}
	last = chain[len(chain)-1]
	return last, &node{name: last.name, op: o, in: in, out: last.out}
}
