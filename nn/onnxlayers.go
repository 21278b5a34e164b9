package nn

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/groupnb/groupnb/nn/internal/onnx"
)

// node turns an ONNX node into a layer, a weight or another name for a value.
func (i *importer) node(n *onnx.Node) error {
	if len(n.Outputs) == 0 {
		return errors.New("it has no output")
	}
	rank := 0
	if len(n.Inputs) > 0 {
		rank = i.rank[i.resolve(n.Inputs[0])]
	}
	switch n.Op {
	case "Identity", "Dropout":
		if len(n.Inputs) == 0 {
			return errors.New("it has no input")
		}
		i.alias[n.Outputs[0]] = i.resolve(n.Inputs[0])
		return nil
	case "Constant":
		return i.constant(n)
	case "Conv":
		return i.conv(n)
	case "ConvTranspose":
		return i.convTranspose(n)
	case "Gemm":
		return i.gemm(n)
	case "BatchNormalization":
		return i.batchNorm(n, rank)
	case "InstanceNormalization":
		return i.instanceNorm(n, rank)
	case "Add", "Sum", "Mul", "Div", "Sub":
		return i.arithmetic(n, rank)
	case "Concat":
		if n.Int("axis", 1) != 1 {
			return fmt.Errorf("axis %d, only 1 is supported", n.Int("axis", 1))
		}
		return i.add(n, i.name(n), rank, nil, func(g *Graph, name string, x []Value) Value { return g.Concat(name, x...) }, len(n.Inputs))
	case "MaxPool", "AveragePool":
		return i.pool(n)
	case "GlobalMaxPool":
		return i.one(n, rank, &globalMaxPool{globalPool: globalPool{keep: true}})
	case "Slice":
		return i.slice(n, rank)
	case "GlobalAveragePool":
		return i.one(n, rank, &globalAvgPool{globalPool{keep: true}})
	case "ReduceMean":
		return i.reduceMean(n, rank)
	case "Flatten":
		if n.Int("axis", 1) != 1 {
			return fmt.Errorf("axis %d, only 1 is supported", n.Int("axis", 1))
		}
		return i.one(n, 2, Flatten())
	case "Reshape":
		return i.reshape(n)
	case "Transpose":
		if p := n.Ints("perm"); len(p) < 3 || !slices.Equal(p, swapped(len(p))) {
			return fmt.Errorf("permutation %v, only exchanging dimensions 1 and 2 is supported", p)
		}
		return i.one(n, rank, &swap{})
	case "Resize":
		return i.resize(n, rank)
	}
	if l := i.elementwise(n, rank); l != nil {
		return i.one(n, rank, l)
	}
	return errors.New("the operation is not supported")
}

func (i *importer) constant(n *onnx.Node) error {
	a := n.Attribute("value")
	if a == nil || a.Tensor == nil {
		return errors.New("only tensors are supported as constants")
	}
	i.weights[n.Outputs[0]] = a.Tensor
	return nil
}

// elementwise returns the layer of an activation, nil if it is none or has settings that no layer has.
func (i *importer) elementwise(n *onnx.Node, rank int) Layer {
	switch n.Op {
	case "Relu":
		return ReLU()
	case "LeakyRelu":
		return LeakyReLU(float64(n.Float("alpha", 0.01)))
	case "Elu":
		return ELU(float64(n.Float("alpha", 1)))
	case "Sigmoid":
		return Sigmoid()
	case "Tanh":
		return Tanh()
	case "Erf":
		return &activation{name: "Erf", f: math.Erf, slope: func(x, _ float64) float64 { return 2 / math.Sqrt(math.Pi) * math.Exp(-x*x) }}
	case "HardSwish":
		return HardSwish()
	case "HardSigmoid":
		if n.Float("alpha", 0.2) == float32(1.0/6) && n.Float("beta", 0.5) == 0.5 {
			return HardSigmoid()
		}
	case "Clip":
		low, high := i.weight(n, 1), i.weight(n, 2)
		if low != nil && high != nil && len(low.Floats) == 1 && len(high.Floats) == 1 && low.Floats[0] == 0 && high.Floats[0] == 6 {
			return ReLU6()
		}
	case "Softmax", "LogSoftmax":
		if axis := n.Int("axis", -1); axis == 1 || axis < 0 && int(axis)+rank == 1 {
			return &softmax{log: n.Op == "LogSoftmax"}
		}
	}
	return nil
}

// window reads what convolutions and pools have in common.
type window struct {
	kernel, stride, dilation, low, high []int
	same                                bool
}

func windowOf(n *onnx.Node, kernel []int) (w window, err error) {
	w.kernel = kernel
	read := func(name string, def int) []int {
		v, e := dims(n.Ints(name))
		if err == nil {
			err = e
		}
		if v == nil {
			v = slices.Repeat([]int{def}, len(kernel))
		}
		if err == nil && len(v) != len(kernel) {
			err = fmt.Errorf("%d numbers of %s for %d dimensions", len(v), name, len(kernel))
		}
		return v
	}
	w.stride, w.dilation = read("strides", 1), read("dilations", 1)
	if err != nil {
		return w, err
	}
	pads, err := dims(n.Ints("pads"))
	if pads == nil {
		pads = make([]int, 2*len(kernel))
	}
	if err != nil || len(pads) != 2*len(kernel) {
		return w, fmt.Errorf("pads %v", n.Ints("pads"))
	}
	w.low, w.high = pads[:len(kernel)], pads[len(kernel):]
	if a := n.Attribute("auto_pad"); a != nil && a.Text != "NOTSET" && a.Text != "VALID" {
		if w.same = a.Text == "SAME_UPPER"; !w.same {
			return w, fmt.Errorf("auto_pad %s is not supported", a.Text)
		}
	}
	return w, nil
}

// filters checks the weight of a convolution and returns its sizes.
func (i *importer) filters(n *onnx.Node) (w *onnx.Tensor, shape []int, groups int, err error) {
	if w = i.weight(n, 1); w == nil || len(w.Shape) < 3 || len(w.Shape) > 5 {
		return nil, nil, 0, errors.New("its weight is not a constant of 3 to 5 dimensions")
	}
	shape, err = dims(w.Shape)
	groups = int(n.Int("group", 1))
	if err == nil && (groups < 1 || groups > 1<<24 || size(shape) == 0) {
		err = fmt.Errorf("%d groups, weight %v", groups, w.Shape)
	}
	return w, shape, groups, err
}

func (i *importer) conv(n *onnx.Node) error {
	weight, shape, groups, err := i.filters(n)
	if err != nil {
		return err
	}
	win, err := windowOf(n, shape[2:])
	if err != nil {
		return err
	}
	opts := []Option{Groups(groups), Stride(win.stride...), Dilation(win.dilation...), Padding(win.low...)}
	if win.same {
		opts = append(opts, Same())
	}
	bias := i.weight(n, 2)
	if bias == nil {
		opts = append(opts, NoBias())
	}
	d := len(shape) - 2
	c := newConv(fmt.Sprintf("Conv%dD", d), d, shape[1]*groups, shape[0], win.kernel, opts)
	copy(c.padHigh[3-d:], win.high)
	if err := setFilters(c.Weight, weight, c.Bias, bias); err != nil {
		return err
	}
	return i.one(n, len(shape), c)
}

func (i *importer) convTranspose(n *onnx.Node) error {
	weight, shape, groups, err := i.filters(n)
	if err != nil {
		return err
	}
	win, err := windowOf(n, shape[2:])
	if err != nil {
		return err
	}
	extra, err := dims(n.Ints("output_padding"))
	if err != nil || win.same || !slices.Equal(win.low, win.high) || !square(win.kernel) {
		return errors.New("only square kernels with equal padding on both sides are supported")
	}
	opts := []Option{Groups(groups), Stride(win.stride...), Dilation(win.dilation...), Padding(win.low...), OutputPadding(extra...)}
	bias := i.weight(n, 2)
	if bias == nil {
		opts = append(opts, NoBias())
	}
	d := len(shape) - 2
	c := newConvTranspose(fmt.Sprintf("ConvTranspose%dD", d), d, shape[0], shape[1]*groups, win.kernel[0], opts)
	if err := setFilters(c.Weight, weight, c.Bias, bias); err != nil {
		return err
	}
	return i.one(n, len(shape), c)
}

// square reports whether a kernel is as long in every dimension.
func square(kernel []int) bool {
	return !slices.ContainsFunc(kernel, func(k int) bool { return k != kernel[0] })
}

// setFilters gives a convolution its weights and, unless it has none, its bias.
func setFilters(weight *Param, w *onnx.Tensor, bias *Param, b *onnx.Tensor) error {
	if err := setParam(weight, w); err != nil || b == nil {
		return err
	}
	return setParam(bias, b)
}

func (i *importer) gemm(n *onnx.Node) error {
	w := i.weight(n, 1)
	if w == nil || len(w.Shape) != 2 || n.Int("transA", 0) != 0 || n.Float("alpha", 1) != 1 || n.Float("beta", 1) != 1 {
		return errors.New("only x·W + b with a constant W is supported")
	}
	shape, err := dims(w.Shape)
	if err != nil {
		return err
	}
	if n.Int("transB", 0) == 0 {
		t := &onnx.Tensor{Name: w.Name, Shape: []int64{w.Shape[1], w.Shape[0]}, Floats: make([]float32, len(w.Floats))}
		if len(w.Floats) != size(shape) {
			return fmt.Errorf("weight %q has %d numbers for shape %v", w.Name, len(w.Floats), w.Shape)
		}
		transpose(t.Floats, w.Floats, 1, shape[0], shape[1], 1)
		w, shape = t, []int{shape[1], shape[0]}
	}
	bias := i.weight(n, 2)
	var opts []Option
	if bias == nil {
		opts = append(opts, NoBias())
	}
	l := Linear(shape[1], shape[0], opts...)
	if err := setParam(l.Weight, w); err != nil {
		return err
	}
	if bias != nil {
		if err := setParam(l.Bias, bias); err != nil {
			return err
		}
	}
	return i.one(n, 2, l)
}

func (i *importer) batchNorm(n *onnx.Node, rank int) error {
	var parts []*onnx.Tensor
	for k := 1; k <= 4; k++ {
		w := i.weight(n, k)
		if w == nil || len(w.Shape) != 1 || w.Shape[0] < 1 || len(w.Floats) != len(i.weight(n, 1).Floats) {
			return errors.New("its weights are not constants of one size")
		}
		parts = append(parts, w)
	}
	spatial := max(rank-2, 1)
	b := newBatchNorm(fmt.Sprintf("BatchNorm%dD", spatial), spatial, len(parts[0].Floats), []Option{
		Eps(float64(n.Float("epsilon", 1e-5))), StatMomentum(1 - float64(n.Float("momentum", 0.9))),
	})
	for k, p := range []*Param{b.Weight, b.Bias} {
		if err := setParam(p, parts[k]); err != nil {
			return err
		}
	}
	copy(b.RunningMean.Value.Data, parts[2].Floats)
	copy(b.RunningVar.Value.Data, parts[3].Floats)
	return i.one(n, rank, b)
}

func (i *importer) instanceNorm(n *onnx.Node, rank int) error {
	weight, bias := i.weight(n, 1), i.weight(n, 2)
	if weight == nil || bias == nil || len(weight.Floats) < 1 {
		return errors.New("its weights are not constants")
	}
	l := InstanceNorm(len(weight.Floats), Eps(float64(n.Float("epsilon", 1e-5))))
	if err := errors.Join(setParam(l.Weight, weight), setParam(l.Bias, bias)); err != nil {
		return err
	}
	return i.one(n, rank, l)
}

// arithmetic joins values, or applies a number for each channel.
func (i *importer) arithmetic(n *onnx.Node, rank int) error {
	if len(n.Inputs) < 2 {
		return errors.New("it has one input")
	}
	if w := i.weight(n, 1); w != nil && len(n.Inputs) == 2 {
		return i.channelwise(n, rank, w)
	}
	if n.Op == "Div" || n.Op == "Sub" {
		return errors.New("only constants are supported as second input")
	}
	if n.Op != "Mul" {
		return i.add(n, i.name(n), rank, nil, func(g *Graph, name string, x []Value) Value { return g.Sum(name, x...) }, len(n.Inputs))
	}
	if len(n.Inputs) != 2 {
		return errors.New("only two inputs are supported")
	}
	return i.add(n, i.name(n), rank, nil, func(g *Graph, name string, x []Value) Value { return g.combine(name, &broadcast{}, x) }, 2)
}

// linear is factor·x + offset.
func linear(factor, offset float64) *activation {
	return &activation{
		name: "Linear", arg: factor,
		f:     func(x float64) float64 { return factor*x + offset },
		slope: func(_, _ float64) float64 { return factor },
	}
}

// single applies one number to all elements.
func (i *importer) single(n *onnx.Node, rank int, v float64) error {
	l := linear(1, v)
	switch n.Op {
	case "Mul":
		l = linear(v, 0)
	case "Div":
		l = linear(1/v, 0)
	case "Sub":
		l = linear(1, -v)
	}
	return i.one(n, rank, l)
}

func (i *importer) channelwise(n *onnx.Node, rank int, w *onnx.Tensor) error {
	if len(w.Floats) == 1 && count(w.Shape) == 1 {
		return i.single(n, rank, float64(w.Floats[0]))
	}
	if n.Op == "Div" || n.Op == "Sub" {
		return errors.New("only a single number is supported as second input")
	}
	if len(w.Shape) != rank-1 || len(w.Shape) == 0 || w.Shape[0] != count(w.Shape) || w.Shape[0] < 1 || len(w.Floats) != int(w.Shape[0]) {
		return fmt.Errorf("only a number for each channel is supported, not a constant of shape %v", w.Shape)
	}
	a := newChannelAffine(len(w.Floats))
	a.weight.Value = &Tensor{Data: filled(len(w.Floats), 1), Shape: []int{len(w.Floats)}}
	a.bias.Value = &Tensor{Data: filled(len(w.Floats), 0), Shape: []int{len(w.Floats)}}
	if n.Op == "Mul" {
		copy(a.weight.Value.Data, w.Floats)
	} else {
		copy(a.bias.Value.Data, w.Floats)
	}
	return i.one(n, rank, a)
}

func (i *importer) pool(n *onnx.Node) error {
	kernel, err := dims(n.Ints("kernel_shape"))
	if err != nil || len(kernel) < 1 || len(kernel) > 3 {
		return fmt.Errorf("kernel %v", n.Ints("kernel_shape"))
	}
	win, err := windowOf(n, kernel)
	if err != nil {
		return err
	}
	if win.same || !slices.Equal(win.low, win.high) || slices.Max(win.dilation) > 1 || slices.Min(kernel) != slices.Max(kernel) {
		return errors.New("only square windows with equal padding on both sides are supported")
	}
	opts := []Option{Stride(win.stride...), Padding(win.low...)}
	if n.Int("ceil_mode", 0) != 0 {
		opts = append(opts, Ceil())
	}
	d := len(kernel)
	if n.Op == "MaxPool" {
		return i.one(n, d+2, newMaxPool(fmt.Sprintf("MaxPool%dD", d), d, kernel[0], opts))
	}
	opts = append(opts, CountPadding(n.Int("count_include_pad", 0) != 0))
	return i.one(n, d+2, newAvgPool(fmt.Sprintf("AvgPool%dD", d), d, kernel[0], opts))
}

// reduceMean is global average pooling if it goes over all positions.
func (i *importer) reduceMean(n *onnx.Node, rank int) error {
	axes := slices.Clone(n.Ints("axes"))
	if w := i.weight(n, 1); w != nil {
		axes = slices.Clone(w.Ints)
	}
	for k, a := range axes {
		if a < 0 {
			axes[k] += int64(rank)
		}
	}
	slices.Sort(axes)
	if rank < 3 || len(axes) != rank-2 || axes[0] != 2 || axes[len(axes)-1] != int64(rank-1) {
		return fmt.Errorf("axes %v of %d dimensions, only all positions are supported", n.Ints("axes"), rank)
	}
	if n.Int("keepdims", 1) != 0 {
		return i.one(n, rank, &globalAvgPool{globalPool{keep: true}})
	}
	return i.one(n, 2, &globalAvgPool{})
}

func (i *importer) reshape(n *onnx.Node) error {
	to := i.weight(n, 1)
	if to == nil || len(to.Ints) < 2 || len(to.Ints) > 6 {
		return errors.New("only constant shapes of 2 to 6 dimensions are supported")
	}
	free := 0
	shape := make([]int, len(to.Ints)-1)
	for k, d := range to.Ints[1:] {
		if d == -1 {
			free++
		}
		if d == 0 || d < -1 || d > 1<<24 {
			return fmt.Errorf("shape %v is not supported", to.Ints)
		}
		shape[k] = int(d)
	}
	if first := to.Ints[0]; free > 1 || first != 0 && first != -1 && first != 1 || first == -1 && free > 0 {
		return fmt.Errorf("shape %v is not supported", to.Ints)
	}
	return i.one(n, len(to.Ints), Reshape(shape...))
}

func (i *importer) resize(n *onnx.Node, rank int) error {
	s := i.weight(n, 2)
	mode := n.Attribute("mode")
	if s == nil || len(s.Floats) != rank || rank < 3 || mode != nil && mode.Text != "nearest" {
		return errors.New("only repeating pixels is supported")
	}
	k := s.Floats[2]
	for d, f := range s.Floats {
		if d < 2 && f != 1 || d >= 2 && f != k || k != float32(int(k)) || k < 1 || k > 1024 {
			return fmt.Errorf("factors %v are not supported", s.Floats)
		}
	}
	return i.one(n, rank, Upsample(int(k)))
}

// slice takes some of the channels.
func (i *importer) slice(n *onnx.Node, rank int) error {
	var v [4]int64 // starts, ends, axes and steps, of which each has one number
	v[3] = 1
	for k := range v {
		switch w := i.weight(n, k+1); {
		case w != nil && len(w.Ints) == 1:
			v[k] = w.Ints[0]
		case w != nil || k < 3:
			return errors.New("only constant ranges of one dimension are supported")
		}
	}
	if v[2] != 1 || v[3] != 1 || v[0] < 0 || v[1] <= v[0] || v[1] > 1<<24 {
		return fmt.Errorf("elements %d to %d of dimension %d are not supported", v[0], v[1], v[2])
	}
	return i.one(n, rank, &narrow{int(v[0]), int(v[1])})
}
