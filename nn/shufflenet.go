package nn

import (
	"fmt"
	"slices"
)

// shuffleWidths are the channels of ShuffleNet's second stage for each number of groups; they double in each stage.
var shuffleWidths = map[int]int{1: 144, 2: 200, 3: 240, 4: 272, 8: 384}

// ShuffleNet is the network of Zhang et al. 2018 for 224x224 images, of about 140 million multiply-adds for every number of
// groups: 1, 2, 3, 4 or 8. Channels are shuffled between its grouped 1x1 convolutions. Options: Classes, InputChannels. It
// panics with a ConfigError for other groups.
func ShuffleNet(groups int, opts ...Option) *Model {
	const op = "ShuffleNet"
	o := configure(op, layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	width, ok := shuffleWidths[groups]
	if !ok {
		refuse(op, "%d groups, want 1, 2, 3, 4 or 8", groups)
	}
	layers := []Layer{
		Named("conv1", Conv2D(o.channels, 24, 3, Stride(2), Padding(1), NoBias())), Named("bn1", BatchNorm2D(24)), Named("relu", ReLU()),
		Named("maxpool", MaxPool2D(3, Stride(2), Padding(1))),
	}
	in, first := 24, 1
	for i, units := range []int{4, 8, 4} {
		out := width << i
		stage := []Layer{shuffleDown(in, out, out/4, first, groups)}
		for range units - 1 {
			stage = append(stage, ShuffleUnit(out, out/4, groups))
		}
		layers = append(layers, Named(fmt.Sprint("stage", i+2), Stack(stage...)))
		in, first = out, groups
	}
	return Sequential(append(layers, Named("avgpool", GlobalAvgPool2D()), Named("fc", Linear(in, o.classes)))...)
}

// shuffleV2Widths are the channels of the stages and of the last convolution for each width.
var shuffleV2Widths = map[float64][4]int{
	0.5: {48, 96, 192, 1024}, 1: {116, 232, 464, 1024}, 1.5: {176, 352, 704, 1024}, 2: {244, 488, 976, 2048},
}

// ShuffleNetV2 is the network of Ma et al. 2018 for 224x224 images with torchvision's names: width 0.5, 1, 1.5 or 2. Options:
// Classes, InputChannels. It panics with a ConfigError for other widths.
func ShuffleNetV2(width float64, opts ...Option) *Model {
	const op = "ShuffleNetV2"
	o := configure(op, layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	widths, ok := shuffleV2Widths[width]
	if !ok {
		refuse(op, "width is %g, want 0.5, 1, 1.5 or 2", width)
	}
	layers := []Layer{
		Named("conv1", Stack(Conv2D(o.channels, 24, 3, Stride(2), Padding(1), NoBias()), BatchNorm2D(24), ReLU())),
		Named("maxpool", MaxPool2D(3, Stride(2), Padding(1))),
	}
	in := 24
	for i, units := range []int{4, 8, 4} {
		stage := append([]Layer{ShuffleSplitUnit(in, widths[i], 2)}, slices.Repeat([]Layer{nil}, units-1)...)
		for k := range stage[1:] {
			stage[k+1] = ShuffleSplitUnit(widths[i], widths[i], 1)
		}
		layers, in = append(layers, Named(fmt.Sprint("stage", i+2), Stack(stage...))), widths[i]
	}
	return Sequential(append(layers,
		Named("conv5", Stack(Conv2D(in, widths[3], 1, NoBias()), BatchNorm2D(widths[3]), ReLU())),
		Named("avgpool", GlobalAvgPool2D()), Named("fc", Linear(widths[3], o.classes)))...)
}
