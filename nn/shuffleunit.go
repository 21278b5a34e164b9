package nn

// ShuffleUnit is the residual unit of ShuffleNet with stride 1 (Zhang et al. 2018, figure 2b): a grouped 1x1 convolution to
// hidden channels, a channel shuffle, so that the next groups see all of them, a depthwise 3x3 and a grouped 1x1 convolution
// back, added to the input. (N, channels, H, W) keeps its shape. It panics with a ConfigError unless channels and hidden are
// divisible by the groups.
func ShuffleUnit(channels, hidden, groups int) Layer {
	checkGroups("ShuffleUnit", channels, hidden, groups)
	return shuffleUnit{shuffleBranch(channels, channels, hidden, 1, groups, groups), nil}
}

// ShuffleDown is the unit with stride 2 (figure 2c): the branch, with out-in channels, is joined to the input's average,
// (N, in, H, W) to (N, out, H/2, W/2), halves rounded up.
func ShuffleDown(in, out, hidden, groups int) Layer {
	return shuffleDown(in, out, hidden, groups, groups)
}

// shuffleDown may have other groups, firstGroups, in the first convolution: none where the input has few channels.
func shuffleDown(in, out, hidden, firstGroups, groups int) Layer {
	if out <= in {
		refuse("ShuffleDown", "%d channels from %d, want more", out, in)
	}
	checkGroups("ShuffleDown", hidden, out-in, groups)
	return shuffleUnit{shuffleBranch(in, out-in, hidden, 2, firstGroups, groups), AvgPool2D(3, Stride(2), Padding(1))}
}

func shuffleBranch(in, out, hidden, stride, firstGroups, groups int) *Model {
	return Sequential(
		Conv2D(in, hidden, 1, Groups(firstGroups), NoBias()), BatchNorm2D(hidden), ReLU(), ChannelShuffle(groups),
		DepthwiseConv2D(hidden, 1, 3, Stride(stride), Padding(1), NoBias()), BatchNorm2D(hidden),
		Conv2D(hidden, out, 1, Groups(groups), NoBias()), BatchNorm2D(out))
}

// shuffleUnit adds the branch to its input, or joins it to the pooled input.
type shuffleUnit struct {
	branch *Model
	pool   Layer
}

func (shuffleUnit) stem() string { return "block" }

// Graph implements Layer.
func (u shuffleUnit) Graph(g *Graph, x Value) Value {
	y := u.branch.Graph(g, x)
	if u.pool == nil {
		return g.Layer("out", ReLU(), g.Sum("add", y, x))
	}
	return g.Layer("out", ReLU(), g.Concat("concat", g.Layer("pool", u.pool, x), y))
}

// ShuffleSplitUnit is the unit of ShuffleNet V2 (Ma et al. 2018): half of the channels pass a depthwise separable branch, the
// other half stays as it is; both are joined and shuffled. With stride 2 both halves get a branch of the whole input.
// (N, in, H, W) to (N, out, H/stride, W/stride). Layers are named as in torchvision. It panics with a ConfigError unless out is
// even, the stride is 1 or 2 and, with stride 1, in equals out.
func ShuffleSplitUnit(in, out, stride int) Layer {
	const op = "ShuffleSplitUnit"
	switch {
	case out < 2 || out%2 != 0:
		refuse(op, "%d channels are not two halves", out)
	case stride != 1 && stride != 2:
		refuse(op, "stride is %d, want 1 or 2", stride)
	case stride == 1 && in != out:
		refuse(op, "stride 1 maps %d channels to as many, not to %d", in, out)
	}
	half, from := out/2, in
	u := splitUnit{half: half, stride: stride}
	if stride == 1 {
		from = half
	} else {
		u.branch1 = Stack(
			DepthwiseConv2D(in, 1, 3, Stride(2), Padding(1), NoBias()), BatchNorm2D(in),
			Conv2D(in, half, 1, NoBias()), BatchNorm2D(half), ReLU())
	}
	u.branch2 = Stack(
		Conv2D(from, half, 1, NoBias()), BatchNorm2D(half), ReLU(),
		DepthwiseConv2D(half, 1, 3, Stride(stride), Padding(1), NoBias()), BatchNorm2D(half),
		Conv2D(half, half, 1, NoBias()), BatchNorm2D(half), ReLU())
	return u
}

type splitUnit struct {
	half, stride     int
	branch1, branch2 Layer
}

func (splitUnit) stem() string { return "block" }

// Graph implements Layer.
func (u splitUnit) Graph(g *Graph, x Value) Value {
	left, right := x, x
	if u.stride == 1 {
		left, right = g.Slice("left", x, 0, u.half), g.Slice("right", x, u.half, 2*u.half)
	} else {
		left = g.Layer("branch1", u.branch1, x)
	}
	right = g.Layer("branch2", u.branch2, right)
	return g.Layer("shuffle", ChannelShuffle(2), g.Concat("concat", left, right))
}
