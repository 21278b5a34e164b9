package nn

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/nn/internal/onnx"
)

// onnxLimit is the largest ONNX file that is read.
const onnxLimit = 2 << 30

// ImportONNX reads a model from an ONNX file: convolutional classifiers as this package and PyTorch export them. It
// returns an error that names the operation and the layer if one is not supported. Layers are called as their weights
// are (layer1.0.conv2.weight), or as the file's nodes; the model can be trained on.
func ImportONNX(path string) (m *Model, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	if info.Size() > onnxLimit {
		return nil, fmt.Errorf("import %s: %d bytes are more than the %d that are read", path, info.Size(), onnxLimit)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	if m, err = importONNX(raw); err != nil {
		return nil, fmt.Errorf("import %s: %w", path, err)
	}
	return m, nil
}

func importONNX(raw []byte) (m *Model, err error) {
	defer recovered(&err)
	file, err := onnx.Parse(raw)
	if err != nil {
		return nil, err
	}
	l, err := newImporter(file)
	if err != nil {
		return nil, err
	}
	m = newModel([]Layer{namedLayer{"", l}}, false)
	m.prepare()
	return m, nil
}

// importer makes layers of ONNX nodes.
type importer struct {
	weights map[string]*onnx.Tensor
	rank    map[string]int // dimensions of values, where they are known
	alias   map[string]string
	steps   []importStep
	input   string
	output  string
	taken   map[string]bool
}

// importStep adds one layer to a graph.
type importStep struct {
	name  string
	layer Layer // of one input
	join  func(g *Graph, name string, x []Value) Value
	in    []string
	out   string
}

func newImporter(f *onnx.Model) (*importer, error) {
	if len(f.Inputs) != 1 || len(f.Outputs) != 1 {
		return nil, fmt.Errorf("the graph has %d inputs and %d outputs, want one of each", len(f.Inputs), len(f.Outputs))
	}
	i := &importer{
		weights: map[string]*onnx.Tensor{}, rank: map[string]int{}, alias: map[string]string{}, taken: map[string]bool{},
		input: f.Inputs[0].Name, output: f.Outputs[0].Name,
	}
	i.rank[i.input] = len(f.Inputs[0].Shape)
	for k := range f.Weights {
		i.weights[f.Weights[k].Name] = &f.Weights[k]
	}
	for k := range f.Nodes {
		n := &f.Nodes[k]
		if err := i.node(n); err != nil {
			return nil, fmt.Errorf("%s %q: %w", n.Op, n.Name, err)
		}
	}
	return i, i.check()
}

// check makes sure that every value is made before it is used, so that Graph can't fail.
func (i *importer) check() error {
	made := map[string]bool{i.input: true}
	for _, s := range i.steps {
		for _, v := range s.in {
			if !made[v] {
				return fmt.Errorf("layer %s reads %q, which nothing before it makes", s.name, v)
			}
		}
		made[s.out] = true
	}
	if i.output = i.resolve(i.output); !made[i.output] {
		return fmt.Errorf("nothing makes the output %q", i.output)
	}
	return nil
}

// Graph implements Layer. A file has one graph, so this is called once.
func (i *importer) Graph(g *Graph, x Value) Value {
	values := map[string]Value{i.input: x}
	for _, s := range i.steps {
		var in []Value
		for _, v := range s.in {
			in = append(in, values[v])
		}
		if s.join != nil {
			values[s.out] = s.join(g, s.name, in)
		} else {
			values[s.out] = g.Layer(s.name, s.layer, in[0])
		}
	}
	return values[i.output]
}

func (i *importer) resolve(name string) string {
	for range len(i.alias) + 1 {
		to, ok := i.alias[name]
		if !ok {
			return name
		}
		name = to
	}
	return name
}

// weight returns the tensor that an input names, nil if it is not one.
func (i *importer) weight(n *onnx.Node, k int) *onnx.Tensor {
	if k >= len(n.Inputs) {
		return nil
	}
	return i.weights[i.resolve(n.Inputs[k])]
}

// add appends a layer whose inputs are the node's first count inputs.
func (i *importer) add(n *onnx.Node, name string, rank int, layer Layer, join func(*Graph, string, []Value) Value, count int) error {
	if len(n.Inputs) < count || len(n.Outputs) == 0 {
		return fmt.Errorf("%d inputs and %d outputs", len(n.Inputs), len(n.Outputs))
	}
	s := importStep{name: i.unique(name), layer: layer, join: join, out: n.Outputs[0]}
	for _, v := range n.Inputs[:count] {
		s.in = append(s.in, i.resolve(v))
	}
	i.rank[s.out] = rank
	i.steps = append(i.steps, s)
	return nil
}

func (i *importer) one(n *onnx.Node, rank int, layer Layer) error {
	return i.add(n, i.name(n), rank, layer, nil, 1)
}

// unique appends a number to a name that is taken.
func (i *importer) unique(name string) string {
	base := name
	for k := 2; i.taken[name]; k++ {
		name = fmt.Sprintf("%s_%d", base, k)
	}
	i.taken[name] = true
	return name
}

// name is the layer's: what its weight is called without ".weight", or the node's path.
func (i *importer) name(n *onnx.Node) string {
	for k := range n.Inputs {
		if w := i.weight(n, k); w != nil {
			if name, ok := strings.CutSuffix(n.Inputs[k], ".weight"); ok {
				return name
			}
		}
	}
	return pathName(n.Name, n.Op)
}

// pathName turns PyTorch's /layer1/layer1.0/conv1/Conv into layer1.0.conv1.
func pathName(path, op string) string {
	var words []string
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for k, w := range parts {
		last := k == len(parts)-1
		switch {
		case !last && strings.HasPrefix(parts[k+1], w+"."), w == "":
			continue
		case last && len(parts) > 1 && w == op:
			continue
		}
		words = append(words, w)
	}
	if len(words) == 0 {
		return strings.ToLower(op)
	}
	return strings.Join(words, ".")
}

// setParam gives a new layer's parameter the numbers of a weight.
func setParam(p *Param, w *onnx.Tensor) error {
	if int64(p.Len()) != count(w.Shape) || len(w.Floats) != p.Len() {
		return fmt.Errorf("weight %q has shape %v, want %s", w.Name, w.Shape, shapeString(p.Shape))
	}
	p.Value = &Tensor{Data: slices.Clone(w.Floats), Shape: slices.Clone(p.Shape)}
	return nil
}

func count(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

// dims turns an attribute into sizes for options; a missing one is nil, which is the default.
func dims(v []int64) ([]int, error) {
	var out []int
	for _, d := range v {
		if d < 0 || d > math.MaxInt32 {
			return nil, fmt.Errorf("impossible size %d", d)
		}
		out = append(out, int(d))
	}
	return out, nil
}
