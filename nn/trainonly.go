package nn

import (
	"slices"
	"strings"
	"sync/atomic"
)

// TrainOnly fixes all parameters but those of the named layers ("fc", "layer4"; a block stands for all that is in it), as is usual when a
// trained network learns new classes. Without names everything is trained again. Optimisers, clipping and moving averages pass over what
// is fixed, and gradients that only it needs are not computed. Batch normalisations use and follow the statistics of each batch all
// the same, as in PyTorch; see [Model.FreezeNorms]. It panics with a ConfigError for a layer without parameters, and returns the model.
func (m *Model) TrainOnly(layers ...string) *Model {
	params := m.Params()
	for _, l := range layers {
		if !slices.ContainsFunc(params, func(p *Param) bool { return isIn(p.Name, l) }) {
			refuse("TrainOnly", "no layer %q has parameters; the layers are %s", l, summarise(m.graph.names))
		}
	}
	for _, p := range params {
		p.fixed = len(layers) > 0 && !slices.ContainsFunc(layers, func(l string) bool { return isIn(p.Name, l) })
	}
	fixings.Add(1)
	return m
}

// Fixed reports whether training leaves the parameter as it is; see [Model.TrainOnly].
func (p *Param) Fixed() bool { return p.fixed }

// fixings counts calls of TrainOnly. Plans that were made before may lack gradients; a layer may be part of several models.
var fixings atomic.Int64

// isIn says that a parameter or layer belongs to a layer.
func isIn(name, layer string) bool { return name == layer || strings.HasPrefix(name, layer+".") }

// trained is those parameters that are not fixed.
func trained(params []*Param) []*Param {
	return slices.DeleteFunc(slices.Clone(params), (*Param).Fixed)
}

// wanted says for each value whether training needs its gradient: if a parameter before it is trained.
func (p *program) wanted(input bool) []bool {
	w := make([]bool, len(p.shapes))
	w[0] = input
	for _, n := range p.nodes {
		w[n.out] = slices.ContainsFunc(n.in, func(v int) bool { return w[v] }) ||
			slices.ContainsFunc(n.op.params(), func(p *Param) bool { return !p.fixed })
	}
	return w
}
