package nn

// layerKind makes layers of one kind from the fields that it takes.
type layerKind struct {
	takes string
	build func(s layerBuild) Layer
}

// layerBuild is a spec with what it consists of already built.
type layerBuild struct {
	LayerSpec
	layers   []Layer
	shortcut Layer
	options  []Option
}

// layerKinds are the layers that a spec can name, by their constructors' names.
var layerKinds = map[string]layerKind{}

// init fills the table, whose functions lead back to it.
func init() {
	convKinds()
	normKinds()
	poolKinds()
	blockKinds()
	for name, f := range map[string]func() Layer{
		"ReLU": ReLU, "ReLU6": ReLU6, "Sigmoid": Sigmoid, "Tanh": Tanh, "SiLU": SiLU, "HardSigmoid": HardSigmoid, "HardSwish": HardSwish,
		"GELU": GELU, "GELUTanh": GELUTanh, "Softmax": Softmax, "LogSoftmax": LogSoftmax, "Flatten": Flatten,
		"GlobalAvgPool1D": GlobalAvgPool1D, "GlobalAvgPool2D": GlobalAvgPool2D, "GlobalAvgPool3D": GlobalAvgPool3D,
		"GlobalMaxPool1D": GlobalMaxPool1D, "GlobalMaxPool2D": GlobalMaxPool2D, "GlobalMaxPool3D": GlobalMaxPool3D,
	} {
		layerKinds[name] = layerKind{"", func(layerBuild) Layer { return f() }}
	}
	for name, f := range map[string]func(float64) Layer{
		"Dropout": Dropout, "Dropout2D": Dropout2D, "StochasticDepth": StochasticDepth, "LeakyReLU": LeakyReLU, "ELU": ELU,
	} {
		layerKinds[name] = layerKind{"value", func(s layerBuild) Layer { return f(s.Value) }}
	}
	for name, f := range map[string]func(...Layer) Layer{
		"Residual": Residual, "ResidualReLU": ResidualReLU, "Branches": Branches, "SumOf": SumOf,
		"Sequential": func(l ...Layer) Layer { return Sequential(l...) },
		"Stack":      func(l ...Layer) Layer { return Stack(l...) },
	} {
		layerKinds[name] = layerKind{"layers", func(s layerBuild) Layer { return f(s.layers...) }}
	}
	layerKinds["ResidualVia"] = layerKind{"layers shortcut", func(s layerBuild) Layer { return ResidualVia(s.shortcut, s.layers...) }}
	layerKinds["Reshape"] = layerKind{"shape", func(s layerBuild) Layer { return Reshape(s.Shape...) }}
	layerKinds["ChannelShuffle"] = layerKind{"groups", func(s layerBuild) Layer { return ChannelShuffle(s.Groups) }}
	layerKinds["Linear"] = layerKind{"in out options", func(s layerBuild) Layer { return Linear(s.In, s.Out, s.options...) }}
	layerKinds["Upsample"] = layerKind{"kernel", func(s layerBuild) Layer { return Upsample(s.window()) }}
}

// window is the one number of a square kernel.
func (s layerBuild) window() int {
	if len(s.Kernel) != 1 {
		refuse(s.Kind, "kernel has %d numbers, want 1", len(s.Kernel))
	}
	return s.Kernel[0]
}

// step is the one number of a stride.
func (s layerBuild) step() int {
	if len(s.Stride) == 0 {
		return 1
	}
	if len(s.Stride) != 1 {
		refuse(s.Kind, "stride has %d numbers, want 1", len(s.Stride))
	}
	return s.Stride[0]
}

func convKinds() {
	const takes = "in out kernel options"
	for dims, name := range map[int]string{1: "Conv1D", 2: "Conv2D", 3: "Conv3D"} {
		layerKinds[name] = layerKind{takes, func(s layerBuild) Layer {
			if len(s.Kernel) == 0 {
				refuse(name, "it has no kernel")
			}
			return newConv(name, dims, s.In, s.Out, s.Kernel, s.options)
		}}
	}
	for name, f := range map[string]func(in, out, k int, opts ...Option) *ConvTranspose{
		"ConvTranspose1D": ConvTranspose1D, "ConvTranspose2D": ConvTranspose2D, "ConvTranspose3D": ConvTranspose3D,
	} {
		layerKinds[name] = layerKind{takes, func(s layerBuild) Layer { return f(s.In, s.Out, s.window(), s.options...) }}
	}
	layerKinds["SeparableConv2D"] = layerKind{takes, func(s layerBuild) Layer { return SeparableConv2D(s.In, s.Out, s.window(), s.options...) }}
	layerKinds["DepthwiseConv2D"] = layerKind{"in multiplier kernel options", func(s layerBuild) Layer {
		orElse(&s.Multiplier, 1)
		return DepthwiseConv2D(s.In, s.Multiplier, s.window(), s.options...)
	}}
}

func normKinds() {
	for name, f := range map[string]func(int, ...Option) Layer{
		"BatchNorm1D":  func(c int, o ...Option) Layer { return BatchNorm1D(c, o...) },
		"BatchNorm2D":  func(c int, o ...Option) Layer { return BatchNorm2D(c, o...) },
		"BatchNorm3D":  func(c int, o ...Option) Layer { return BatchNorm3D(c, o...) },
		"InstanceNorm": func(c int, o ...Option) Layer { return InstanceNorm(c, o...) },
		"LayerNorm":    func(c int, o ...Option) Layer { return LayerNorm(c, o...) },
		"ChannelNorm":  func(c int, o ...Option) Layer { return ChannelNorm(c, o...) },
	} {
		layerKinds[name] = layerKind{"in options", func(s layerBuild) Layer { return f(s.In, s.options...) }}
	}
	layerKinds["GroupNorm"] = layerKind{"in options", func(s layerBuild) Layer {
		groups := s.Groups
		s.Groups = 0
		return GroupNorm(groups, s.In, s.LayerSpec.options()...)
	}}
}

func poolKinds() {
	for name, f := range map[string]func(k int, opts ...Option) Layer{
		"MaxPool1D": MaxPool1D, "MaxPool2D": MaxPool2D, "MaxPool3D": MaxPool3D,
		"AvgPool1D": AvgPool1D, "AvgPool2D": AvgPool2D, "AvgPool3D": AvgPool3D,
	} {
		layerKinds[name] = layerKind{"kernel options", func(s layerBuild) Layer { return f(s.window(), s.options...) }}
	}
}

func blockKinds() {
	for name, f := range map[string]func(in, out int, opts ...Option) Layer{
		"ResNeXtBlock": func(in, out int, o ...Option) Layer { return ResNeXtBlock(in, out, o...) },
		"Bottleneck":   func(in, out int, o ...Option) Layer { return Bottleneck(in, out, o...) },
		"BasicBlock":   BasicBlock,
	} {
		layerKinds[name] = layerKind{"in out options", func(s layerBuild) Layer { return f(s.In, s.Out, s.options...) }}
	}
	layerKinds["SqueezeExcite"] = layerKind{"in se", func(s layerBuild) Layer { return SqueezeExcite(s.In, s.SE) }}
	layerKinds["InvertedResidual"] = layerKind{"in out expand stride", func(s layerBuild) Layer {
		orElse(&s.Expand, 1)
		return InvertedResidual(s.In, s.Out, s.Expand, s.step())
	}}
	layerKinds["ShuffleUnit"] = layerKind{"in hidden groups", func(s layerBuild) Layer { return ShuffleUnit(s.In, s.Hidden, s.Groups) }}
	layerKinds["ShuffleDown"] = layerKind{"in out hidden groups", func(s layerBuild) Layer { return ShuffleDown(s.In, s.Out, s.Hidden, s.Groups) }}
	layerKinds["ShuffleSplitUnit"] = layerKind{"in out stride", func(s layerBuild) Layer { return ShuffleSplitUnit(s.In, s.Out, s.step()) }}
	layerKinds["ConvNeXtBlock"] = layerKind{"in value", func(s layerBuild) Layer { return ConvNeXtBlock(s.In, s.Value) }}
}
