package nn

// ConvNeXtBlock is the block of ConvNeXt (Liu et al. 2022): a depthwise 7x7 convolution, [ChannelNorm], and two layers that mix
// four times as many channels with a GELU between, scaled by a learned number for each channel and added to the input.
// (N, channels, H, W) keeps its shape. drop is the probability that an example leaves the block out in training. Layers and
// weights are named and shaped as in torchvision.
func ConvNeXtBlock(channels int, drop float64) Layer {
	start := []Option{Init(Normal(0.02)), BiasInit(Zeros())}
	return &convNeXtBlock{
		block: Sequential(
			Named("0", DepthwiseConv2D(channels, 1, 7, append(start, Padding(3))...)), Named("2", ChannelNorm(channels)),
			Named("3", positionwise(channels, 4*channels, start...)), Named("4", GELU()),
			Named("5", positionwise(4*channels, channels, start...))),
		scale: newChannelScale(channels, 1e-6), drop: StochasticDepth(drop),
	}
}

// positionwise is a linear layer over the channels at each position; its weight is (out, in) as that of a linear layer.
func positionwise(in, out int, opts ...Option) *Conv {
	c := Conv2D(in, out, 1, opts...)
	c.Weight.Shape = c.Weight.Shape[:2]
	return c
}

type convNeXtBlock struct {
	block *Model
	scale *channelScale
	drop  Layer
}

func (*convNeXtBlock) stem() string { return "block" }

// Graph implements Layer.
func (b *convNeXtBlock) Graph(g *Graph, x Value) Value {
	y := b.scale.Graph(g, g.Layer("block", b.block, x))
	return g.Sum("add", g.Layer("stochastic_depth", b.drop, y), x)
}

// ConvNeXtTiny is the network of Liu et al. 2022 for 224x224 images with torchvision's names. Options: Classes, InputChannels.
func ConvNeXtTiny(opts ...Option) *Model {
	o := configure("ConvNeXtTiny", layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	start := []Option{Init(Normal(0.02)), BiasInit(Zeros())}
	features := []Layer{Stack(Conv2D(o.channels, 96, 4, append(start, Stride(4))...), ChannelNorm(96))}
	at, in := 0, 96
	for i, blocks := range []int{3, 3, 9, 3} {
		if i > 0 {
			features = append(features, Stack(ChannelNorm(in), Conv2D(in, 2*in, 2, append(start, Stride(2))...)))
			in *= 2
		}
		var stage []Layer
		for range blocks {
			stage = append(stage, ConvNeXtBlock(in, 0.1*float64(at)/17))
			at++
		}
		features = append(features, Stack(stage...))
	}
	return Sequential(
		Named("features", Stack(features...)), Named("avgpool", &globalAvgPool{globalPool{keep: true}}),
		Named("classifier", Stack(ChannelNorm(in), Flatten(), Linear(in, o.classes, start...))))
}
