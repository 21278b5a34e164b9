package nn

import (
	"fmt"
	"io"
	"math"

	"github.com/groupnb/groupnb/nn/internal/onnx"
)

// onnxOpset is the operation set of exported files.
const onnxOpset = 13

// ExportONNX writes the model as it computes in evaluation to an ONNX file (operation set 13) that takes batches of any
// size of examples of the given shape: m.ExportONNX("net.onnx", 1, 28, 28). Weights keep their names. It returns an error
// for layers of one's own ([Func], [Custom]), which ONNX can't express.
func (m *Model) ExportONNX(path string, shape ...int) (err error) {
	defer recovered(&err)
	m.prepare()
	m.name()
	e := &exporter{model: onnx.Model{Opset: onnxOpset, Producer: "groupnb"}, names: make([]string, m.graph.values), shapes: make([][]int, m.graph.values)}
	e.names[0], e.shapes[0] = "input", append([]int{1}, shape...)
	e.model.Inputs = []onnx.Value{{Name: "input", Shape: freeBatch(e.shapes[0])}}
	for _, n := range m.graph.nodes {
		if err := e.add(n); err != nil {
			return fmt.Errorf("export %s: %w", path, err)
		}
	}
	out := e.node("Identity", "output", nil, e.names[m.output])
	e.model.Outputs = []onnx.Value{{Name: out, Shape: freeBatch(e.shapes[m.output])}}
	err = replaceFile(path, func(w io.Writer) error {
		_, err := w.Write(e.model.Encode())
		return err
	})
	if err != nil {
		return fmt.Errorf("export %s: %w", path, err)
	}
	return nil
}

func freeBatch(shape []int) []int64 {
	s := sizes(shape)
	s[0] = -1
	return s
}

func sizes(v []int) []int64 {
	s := make([]int64, len(v))
	for i, n := range v {
		s[i] = int64(n)
	}
	return s
}

// exporter turns a graph's operations into ONNX nodes one by one.
type exporter struct {
	model  onnx.Model
	names  []string // of values
	shapes [][]int
	layer  string // the layer that is being exported
}

// node adds an ONNX node and returns the name of its output.
func (e *exporter) node(op, name string, attributes []onnx.Attribute, inputs ...string) string {
	e.model.Nodes = append(e.model.Nodes, onnx.Node{Op: op, Name: name, Inputs: inputs, Outputs: []string{name}, Attributes: attributes})
	return name
}

// weight adds a tensor and returns its name.
func (e *exporter) weight(name string, shape []int, data []float32) string {
	e.model.Weights = append(e.model.Weights, onnx.Tensor{Name: name, Shape: sizes(shape), Floats: data})
	return name
}

func (e *exporter) param(p *Param) string { return e.weight(p.Name, p.Shape, p.Value.Data) }

// constant adds a tensor that belongs to the layer but is no weight of the model.
func (e *exporter) constant(name string, data ...float32) string {
	return e.weight(e.layer+"/"+name, []int{len(data)}, data)
}

// scalar adds a single number without dimensions.
func (e *exporter) scalar(name string, v float64) string {
	return e.weight(e.layer+"/"+name, nil, []float32{float32(v)})
}

func (e *exporter) ints(name string, v ...int) string {
	name = e.layer + "/" + name
	e.model.Weights = append(e.model.Weights, onnx.Tensor{Name: name, Shape: []int64{int64(len(v))}, Ints: sizes(v)})
	return name
}

// add exports one operation.
func (e *exporter) add(n *node) error {
	e.layer = n.name
	in := make([]string, len(n.in))
	shapes := make([][]int, len(n.in))
	for i, v := range n.in {
		in[i], shapes[i] = e.names[v], e.shapes[v]
	}
	out := named(n.name, func() []int { return n.op.shape(shapes) })
	e.shapes[n.out] = out
	name, err := e.op(n, in, shapes, out)
	e.names[n.out] = name
	return err
}

func (e *exporter) op(n *node, in []string, shapes [][]int, out []int) (string, error) {
	name, x := n.name, in[0]
	switch o := n.op.(type) {
	case *Conv:
		return e.conv(o, x, shapes[0]), nil
	case *ConvTranspose:
		return e.convTranspose(o, x), nil
	case *LinearLayer:
		return e.linear(o, x), nil
	case *BatchNorm:
		return e.batchNorm(o, x), nil
	case *GroupNormLayer:
		return e.groupNorm(o, x, shapes[0]), nil
	case *channelAffine:
		wide := append([]int{o.channels}, ones(len(shapes[0])-2)...)
		y := e.node("Mul", name+"/scaled", nil, x, e.weight(o.weight.Name, wide, o.weight.Value.Data))
		return e.node("Add", name, nil, y, e.weight(o.bias.Name, wide, o.bias.Value.Data)), nil
	case *channelScale:
		return e.node("Mul", name, nil, x, e.param(o.weight)), nil
	case *activation:
		return e.activation(o, x)
	case *relu:
		return e.node("Relu", name, nil, x), nil
	case *softmax:
		return e.node(o.kind(), name, []onnx.Attribute{onnx.IntAttribute("axis", 1)}, x), nil
	case *maxPool:
		return e.node("MaxPool", name, e.window(&o.pooling), x), nil
	case *avgPool:
		include := onnx.IntAttribute("count_include_pad", 0)
		if o.countPad {
			include.Int = 1
		}
		return e.node("AveragePool", name, append(e.window(&o.pooling), include), x), nil
	case *globalAvgPool:
		y := e.node("GlobalAveragePool", name+"/mean", nil, x)
		if o.keep {
			return y, nil
		}
		return e.node("Flatten", name, []onnx.Attribute{onnx.IntAttribute("axis", 1)}, y), nil
	case *globalMaxPool:
		y := e.node("GlobalMaxPool", name+"/max", nil, x)
		if o.keep {
			return y, nil
		}
		return e.node("Flatten", name, []onnx.Attribute{onnx.IntAttribute("axis", 1)}, y), nil
	case *narrow:
		return e.node("Slice", name, nil, x, e.ints("from", o.from), e.ints("to", o.to), e.ints("axis", 1)), nil
	case *ChannelNormLayer:
		return e.channelNorm(o, x, shapes[0]), nil
	case *flatten:
		return e.node("Flatten", name, []onnx.Attribute{onnx.IntAttribute("axis", 1)}, x), nil
	case *reshape:
		return e.node("Reshape", name, nil, x, e.ints("shape", append([]int{0}, out[1:]...)...)), nil
	case *dropout:
		return e.node("Identity", name, nil, x), nil
	case *shuffle:
		return e.shuffle(o, x, shapes[0]), nil
	case *swap:
		return e.node("Transpose", name, []onnx.Attribute{onnx.IntsAttribute("perm", swapped(len(shapes[0]))...)}, x), nil
	case *upsample:
		return e.upsample(o, x, len(shapes[0])), nil
	case *sum:
		if len(in) == 2 {
			return e.node("Add", name, nil, in...), nil
		}
		return e.node("Sum", name, nil, in...), nil
	case *concat:
		return e.node("Concat", name, []onnx.Attribute{onnx.IntAttribute("axis", 1)}, in...), nil
	case *product, *broadcast:
		return e.node("Mul", name, nil, in...), nil
	case *scale:
		to := append([]int{0, shapes[0][1]}, ones(len(shapes[0])-2)...)
		s := e.node("Reshape", name+"/factors", nil, in[1], e.ints("shape", to...))
		return e.node("Mul", name, nil, x, s), nil
	}
	return "", fmt.Errorf("layer %s (%s) has no counterpart in ONNX", name, n.op.kind())
}

func ones(n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

// swapped exchanges dimensions 1 and 2 of n.
func swapped(n int) []int64 {
	v := make([]int64, n)
	for i := range v {
		v[i] = int64(i)
	}
	v[1], v[2] = 2, 1
	return v
}

func (e *exporter) conv(c *Conv, x string, shape []int) string {
	k := c.kernels(shape)
	d := 3 - c.dims
	attributes := []onnx.Attribute{
		onnx.IntsAttribute("kernel_shape", sizes(c.kernel[d:])...),
		onnx.IntsAttribute("strides", sizes(c.stride[d:])...),
		onnx.IntsAttribute("dilations", sizes(c.dilation[d:])...),
		onnx.IntsAttribute("pads", append(sizes(k.PadLo[d:]), sizes(k.PadHi[d:])...)...),
		onnx.IntAttribute("group", int64(c.Groups)),
	}
	filters := append([]int{c.Out, c.In / c.Groups}, c.kernel[d:]...)
	in := []string{x, e.weight(c.Weight.Name, filters, c.Weight.Value.Data)}
	if c.Bias != nil {
		in = append(in, e.param(c.Bias))
	}
	return e.node("Conv", e.layer, attributes, in...)
}

func (e *exporter) convTranspose(c *ConvTranspose, x string) string {
	d := 3 - c.dims
	pads := sizes(c.padding[d:])
	attributes := []onnx.Attribute{
		onnx.IntsAttribute("kernel_shape", sizes(c.kernel[d:])...),
		onnx.IntsAttribute("strides", sizes(c.stride[d:])...),
		onnx.IntsAttribute("dilations", sizes(c.dilation[d:])...),
		onnx.IntsAttribute("pads", append(pads, pads...)...),
		onnx.IntsAttribute("output_padding", sizes(c.outputExtra[d:])...),
		onnx.IntAttribute("group", int64(c.Groups)),
	}
	in := []string{x, e.param(c.Weight)}
	if c.Bias != nil {
		in = append(in, e.param(c.Bias))
	}
	return e.node("ConvTranspose", e.layer, attributes, in...)
}

func (e *exporter) linear(l *LinearLayer, x string) string {
	in := []string{x, e.param(l.Weight)}
	if l.Bias != nil {
		in = append(in, e.param(l.Bias))
	}
	return e.node("Gemm", e.layer, []onnx.Attribute{onnx.IntAttribute("transB", 1)}, in...)
}

func (e *exporter) batchNorm(b *BatchNorm, x string) string {
	in := []string{x}
	if b.Weight != nil {
		in = append(in, e.param(b.Weight), e.param(b.Bias))
	} else {
		in = append(in, e.constant("weight", filled(b.Channels, 1)...), e.constant("bias", filled(b.Channels, 0)...))
	}
	for _, s := range b.buffers() {
		in = append(in, e.weight(s.Name, s.Value.Shape, s.Value.Data))
	}
	return e.node("BatchNormalization", e.layer, []onnx.Attribute{
		onnx.FloatAttribute("epsilon", float32(b.eps)), onnx.FloatAttribute("momentum", float32(1-b.momentum)),
	}, in...)
}

func filled(n int, v float32) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

// groupNorm writes x as (N, groups, everything), which InstanceNormalization then normalises row by row.
func (e *exporter) groupNorm(g *GroupNormLayer, x string, shape []int) string {
	name := e.layer
	rows := e.node("Reshape", name+"/rows", nil, x, e.ints("rows shape", 0, g.Groups, -1))
	y := e.node("InstanceNormalization", name+"/normal", []onnx.Attribute{onnx.FloatAttribute("epsilon", float32(g.eps))},
		rows, e.constant("ones", filled(g.Groups, 1)...), e.constant("zeros", filled(g.Groups, 0)...))
	y = e.node("Reshape", name+"/back", nil, y, e.ints("shape", append([]int{0}, shape[1:]...)...))
	if g.Weight == nil {
		return y
	}
	wide := append([]int{g.Channels}, ones(len(shape)-2)...)
	y = e.node("Mul", name+"/scaled", nil, y, e.weight(g.Weight.Name, wide, g.Weight.Value.Data))
	return e.node("Add", name, nil, y, e.weight(g.Bias.Name, wide, g.Bias.Value.Data))
}

// channelNorm turns positions into the channels that InstanceNormalization normalises one by one, and back.
func (e *exporter) channelNorm(l *ChannelNormLayer, x string, shape []int) string {
	name, plane := e.layer, size(shape[2:])
	swap := []onnx.Attribute{onnx.IntsAttribute("perm", swapped(3)...)}
	y := e.node("Reshape", name+"/flat", nil, x, e.ints("flat shape", 0, l.Channels, plane))
	y = e.node("Transpose", name+"/turned", swap, y)
	y = e.node("InstanceNormalization", name+"/normal", []onnx.Attribute{onnx.FloatAttribute("epsilon", float32(l.eps))},
		y, e.constant("ones", filled(plane, 1)...), e.constant("zeros", filled(plane, 0)...))
	y = e.node("Transpose", name+"/turned back", swap, y)
	y = e.node("Reshape", name+"/back", nil, y, e.ints("shape", append([]int{0}, shape[1:]...)...))
	if l.Weight == nil {
		return y
	}
	wide := append([]int{l.Channels}, ones(len(shape)-2)...)
	y = e.node("Mul", name+"/scaled", nil, y, e.weight(l.Weight.Name, wide, l.Weight.Value.Data))
	return e.node("Add", name, nil, y, e.weight(l.Bias.Name, wide, l.Bias.Value.Data))
}

func (e *exporter) window(p *pooling) []onnx.Attribute {
	d := 3 - p.dims
	pads := sizes(p.padding[d:])
	attributes := []onnx.Attribute{
		onnx.IntsAttribute("kernel_shape", sizes(p.kernel[d:])...),
		onnx.IntsAttribute("strides", sizes(p.stride[d:])...),
		onnx.IntsAttribute("pads", append(pads, pads...)...),
	}
	if p.ceil {
		attributes = append(attributes, onnx.IntAttribute("ceil_mode", 1))
	}
	return attributes
}

func (e *exporter) shuffle(s *shuffle, x string, shape []int) string {
	name, c := e.layer, shape[1]
	split := append([]int{0, s.groups, c / s.groups}, shape[2:]...)
	y := e.node("Reshape", name+"/split", nil, x, e.ints("split shape", split...))
	y = e.node("Transpose", name+"/turn", []onnx.Attribute{onnx.IntsAttribute("perm", swapped(len(split))...)}, y)
	return e.node("Reshape", name, nil, y, e.ints("shape", append([]int{0}, shape[1:]...)...))
}

func (e *exporter) upsample(u *upsample, x string, dims int) string {
	scales := filled(dims, float32(u.factor))
	scales[0], scales[1] = 1, 1
	return e.node("Resize", e.layer, []onnx.Attribute{
		onnx.TextAttribute("mode", "nearest"), onnx.TextAttribute("nearest_mode", "floor"),
		onnx.TextAttribute("coordinate_transformation_mode", "asymmetric"),
	}, x, "", e.constant("scales", scales...))
}

func (e *exporter) activation(a *activation, x string) (string, error) {
	name := e.layer
	switch a.name {
	case "Sigmoid", "Tanh", "Erf":
		return e.node(a.name, name, nil, x), nil
	case "Linear":
		y := e.node("Mul", name+"/scaled", nil, x, e.scalar("factor", a.arg))
		return e.node("Add", name, nil, y, e.scalar("offset", a.f(0))), nil
	case "LeakyReLU":
		return e.node("LeakyRelu", name, []onnx.Attribute{onnx.FloatAttribute("alpha", float32(a.arg))}, x), nil
	case "ELU":
		return e.node("Elu", name, []onnx.Attribute{onnx.FloatAttribute("alpha", float32(a.arg))}, x), nil
	case "ReLU6":
		return e.node("Clip", name, nil, x, e.scalar("min", 0), e.scalar("max", 6)), nil
	case "SiLU":
		return e.node("Mul", name, nil, x, e.node("Sigmoid", name+"/sigmoid", nil, x)), nil
	case "HardSigmoid":
		return e.hardSigmoid(name, x), nil
	case "HardSwish":
		return e.node("Mul", name, nil, x, e.hardSigmoid(name+"/gate", x)), nil
	case "GELU": // x/2·(1 + erf(x/√2))
		y := e.node("Erf", name+"/erf", nil, e.node("Div", name+"/div", nil, x, e.scalar("root", math.Sqrt2)))
		return e.half(name, x, y), nil
	case "GELUTanh": // x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
		cube := e.node("Mul", name+"/cube", nil, e.node("Mul", name+"/square", nil, x, x), x)
		y := e.node("Add", name+"/add", nil, x, e.node("Mul", name+"/k", nil, cube, e.scalar("cubic", 0.044715)))
		y = e.node("Tanh", name+"/tanh", nil, e.node("Mul", name+"/rooted", nil, y, e.scalar("root", math.Sqrt(2/math.Pi))))
		return e.half(name, x, y), nil
	}
	return "", fmt.Errorf("layer %s (%s) has no counterpart in ONNX", name, a.name)
}

func (e *exporter) hardSigmoid(name, x string) string {
	return e.node("HardSigmoid", name, []onnx.Attribute{onnx.FloatAttribute("alpha", 1.0/6), onnx.FloatAttribute("beta", 0.5)}, x)
}

// half is x/2·(1 + y).
func (e *exporter) half(name, x, y string) string {
	y = e.node("Mul", name+"/product", nil, x, e.node("Add", name+"/plus", nil, y, e.scalar("one", 1)))
	return e.node("Mul", name, nil, y, e.scalar("half", 0.5))
}
