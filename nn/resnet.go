package nn

import "fmt"

// A ResNeXtSpec describes a residual network in numbers; it reads and writes JSON. The zero value of a field stands for
// the default in its comment.
type ResNeXtSpec struct {
	In          int   `json:"in,omitempty"`          // input channels, 3
	Classes     int   `json:"classes,omitempty"`     // 1000
	Stem        int   `json:"stem,omitempty"`        // channels of the first convolution, 64
	StemKernel  int   `json:"stem_kernel,omitempty"` // 7 with stride 2 and a max pool behind (ImageNet), or 3 with stride 1; 7
	Blocks      []int `json:"blocks"`                // blocks of each stage
	Widths      []int `json:"widths,omitempty"`      // output channels of each stage, 256, 512, 1024 ...
	Cardinality int   `json:"cardinality,omitempty"` // groups of the 3x3 convolutions, 1
	BaseWidth   int   `json:"base_width,omitempty"`  // channels of a group in the first stage, doubling in each stage, 64
	Basic       bool  `json:"basic,omitempty"`       // blocks of two 3x3 convolutions, Widths from 64
	SE          int   `json:"se,omitempty"`          // reduction of squeeze-excite, none
	Preactivate bool  `json:"preactivate,omitempty"` // blocks with PreActivation
}

func (s ResNeXtSpec) withDefaults() ResNeXtSpec {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&s.In, 3)
	set(&s.Classes, 1000)
	set(&s.Stem, 64)
	set(&s.StemKernel, 7)
	set(&s.Cardinality, 1)
	set(&s.BaseWidth, 64)
	first := 256
	if s.Basic {
		first = 64
	}
	for i := len(s.Widths); i < len(s.Blocks); i++ {
		s.Widths = append(s.Widths[:i:i], first<<i)
	}
	return s
}

func (s ResNeXtSpec) check() error {
	switch {
	case len(s.Blocks) == 0:
		return ConfigError{"ResNeXtSpec", "no blocks"}
	case len(s.Widths) != len(s.Blocks):
		return ConfigError{"ResNeXtSpec", fmt.Sprintf("%d widths for %d stages", len(s.Widths), len(s.Blocks))}
	case s.StemKernel != 3 && s.StemKernel != 7:
		return ConfigError{"ResNeXtSpec", fmt.Sprintf("stem kernel is %d, want 3 or 7", s.StemKernel)}
	case s.Basic && (s.Cardinality > 1 || s.SE > 0 || s.Preactivate):
		return ConfigError{"ResNeXtSpec", "basic blocks have neither groups nor SE nor PreActivation"}
	}
	return nil
}

// Build makes the model with weights from seed. Layers have torchvision's names: conv1, bn1, layer1.0.conv2, fc.
func (s ResNeXtSpec) Build(seed uint64) (m *Model, err error) {
	defer recovered(&err)
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	m = Sequential(append(s.stemLayers(), s.stages()...)...)
	m.seed = seed
	return m, nil
}

func (s ResNeXtSpec) stemLayers() []Layer {
	stride := 1
	if s.StemKernel == 7 {
		stride = 2
	}
	layers := []Layer{
		Named("conv1", Conv2D(s.In, s.Stem, s.StemKernel, Stride(stride), Padding(s.StemKernel/2), NoBias(), Init(KaimingFanOut()))),
		Named("bn1", BatchNorm2D(s.Stem)), Named("relu", ReLU()),
	}
	if s.StemKernel == 7 {
		layers = append(layers, Named("maxpool", MaxPool2D(3, Stride(2), Padding(1))))
	}
	return layers
}

func (s ResNeXtSpec) stages() []Layer {
	var layers []Layer
	in := s.Stem
	for i, n := range s.Blocks {
		var stage []Layer
		for k := range n {
			stride := 1
			if i > 0 && k == 0 {
				stride = 2
			}
			stage = append(stage, s.block(i, in, stride))
			in = s.Widths[i]
		}
		layers = append(layers, Named(fmt.Sprint("layer", i+1), Stack(stage...)))
	}
	if s.Preactivate {
		layers = append(layers, Named("bn_last", BatchNorm2D(in)), Named("relu_last", ReLU()))
	}
	return append(layers, Named("avgpool", GlobalAvgPool2D()), Named("fc", Linear(in, s.Classes)))
}

func (s ResNeXtSpec) block(stage, in, stride int) Layer {
	out := s.Widths[stage]
	if s.Basic {
		return BasicBlock(in, out, Stride(stride))
	}
	opts := []Option{Cardinality(s.Cardinality), BaseWidth(s.BaseWidth << stage), Stride(stride)}
	if s.SE > 0 {
		opts = append(opts, SE(s.SE))
	}
	if s.Preactivate {
		opts = append(opts, PreActivation())
	}
	return ResNeXtBlock(in, out, opts...)
}

// Classes sets the number of classes of a ready-made model. Default 1000.
func Classes(n int) Option {
	checkPositive("Classes", "their number", n)
	return Option{"Classes", func(c *layerConfig) { c.classes = n }}
}

// InputChannels sets the channels of a ready-made model's images. Default 3.
func InputChannels(n int) Option {
	checkPositive("InputChannels", "their number", n)
	return Option{"InputChannels", func(c *layerConfig) { c.channels = n }}
}

// depths gives the blocks of each stage of the ImageNet networks.
var depths = map[int][]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}, 152: {3, 8, 36, 3}}

// ResNet is the network of He et al. 2016 for 224x224 images, with torchvision's layers and names: depth 18, 34, 50, 101
// or 152. Options: Classes, InputChannels. It panics with a ConfigError for other depths.
func ResNet(depth int, opts ...Option) *Model { return imageNet("ResNet", depth, 1, 64, opts) }

// ResNeXt is the network of Xie et al. 2017 for 224x224 images, with torchvision's layers and names: ResNeXt(50, 32, 4)
// is resnext50_32x4d. depth is 50, 101 or 152, cardinality the number of groups and width their channels in the first
// stage. Options: Classes, InputChannels.
func ResNeXt(depth, cardinality, width int, opts ...Option) *Model {
	return imageNet("ResNeXt", depth, cardinality, width, opts)
}

func imageNet(op string, depth, cardinality, width int, opts []Option) *Model {
	o := configure(op, layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	checkPositive(op, "the cardinality", cardinality)
	checkPositive(op, "the width", width)
	blocks, ok := depths[depth]
	basic := depth < 50
	if !ok || basic && cardinality > 1 {
		refuse(op, "depth is %d, want 50, 101 or 152 (ResNet: also 18 and 34)", depth)
	}
	return mustBuild(ResNeXtSpec{
		In: o.channels, Classes: o.classes, Blocks: blocks, Cardinality: cardinality, BaseWidth: width, Basic: basic,
	})
}

// ResNeXtCIFAR is the network that Xie et al. 2017 trained on 32x32 images: 3x3 stem, three stages of (depth-2)/9
// blocks. ResNeXtCIFAR(29, 8, 64) is ResNeXt-29 8x64d. Options: Classes (10), InputChannels.
func ResNeXtCIFAR(depth, cardinality, width int, opts ...Option) *Model {
	const op = "ResNeXtCIFAR"
	o := configure(op, layerConfig{classes: 10, channels: 3}, opts, "Classes", "InputChannels")
	checkPositive(op, "the cardinality", cardinality)
	checkPositive(op, "the width", width)
	if depth < 11 || (depth-2)%9 != 0 {
		refuse(op, "depth is %d, want 9n+2", depth)
	}
	n := (depth - 2) / 9
	return mustBuild(ResNeXtSpec{
		In: o.channels, Classes: o.classes, StemKernel: 3, Blocks: []int{n, n, n}, Cardinality: cardinality, BaseWidth: width,
	})
}

func mustBuild(s ResNeXtSpec) *Model {
	m, err := s.Build(1)
	if err != nil {
		panic(err)
	}
	return m
}
